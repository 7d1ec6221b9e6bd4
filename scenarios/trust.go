package scenarios

import (
	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// trust returns certificates that do not lead to a root the device trusts.
func trust() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 5, ID: "self-signed-leaf", Family: Trust,
				Title:      "The server signed its own certificate",
				Story:      "Instead of asking an authority, the server vouches for itself. Anybody could do that in its name, so the phone asks whether to go on.",
				References: []string{"RFC 5280 section 6.1", "RFC 8314 section 5.1"},
			},
			Case: Case{
				Services: chain(certs.SelfSigned()),
				OpenSSL:  18,
				Expect:   everywhere(finding.SelfSigned),
			},
		},
		{
			Lesson: Lesson{
				Number: 6, ID: "self-signed-ca-true-leaf", Family: Trust,
				Title:      "The server signed its own certificate, and calls itself an authority",
				Story:      "This is what many a tutorial produces: one certificate that is authority and server at once. Trusting it by hand would let its key vouch for any other server too.",
				References: []string{"RFC 5280 section 4.2.1.9", "Thunderbird: MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY"},
			},
			Case: Case{
				Services: chain(certs.SelfSigned(), certs.CALeaf()),
				OpenSSL:  18,
				Expect:   everywhere(finding.SelfSigned, finding.CAUsedAsServer),
			},
		},
		{
			Lesson: Lesson{
				Number: 7, ID: "private-ca-full-chain", Family: Trust,
				Title:      "A company's own authority issued the certificate",
				Story:      "The certificate comes from an authority that a company runs for itself, and its chain is complete. Devices of that company know the authority; this one does not.",
				References: []string{"RFC 5280 section 6.1.1 (d)"},
			},
			Case: Case{
				Services: chain(certs.PrivateCA()),
				OpenSSL:  20,
				Expect:   everywhere(finding.IssuerNotTrusted),
			},
		},
		{
			Lesson: Lesson{
				Number: 8, ID: "private-ca-leaf-only", Family: Trust,
				Title:      "An unknown authority, and nothing is sent to explain it",
				Story:      "The server sends its certificate alone, and nobody has heard of the issuer. From here it cannot be told whether a link is missing or the authority is a private one.",
				References: []string{"RFC 8446 section 4.4.2"},
			},
			Case: Case{
				Services: chain(certs.PrivateRootOnly()),
				OpenSSL:  20,
				Expect:   everywhere(finding.IssuerUnknown),
			},
		},
		{
			Lesson: Lesson{
				Number: 9, ID: "missing-intermediate", Family: Trust,
				Title:      "The link between certificate and root is not sent",
				Story:      "The authority is a trusted one, but the server leaves out the intermediate certificate that leads to it. Some computers fetch or remember the missing link, phones mostly do not.",
				References: []string{"RFC 8446 section 4.4.2", "RFC 5246 section 7.4.2"},
			},
			Case: Case{
				Services: chain(certs.OmitIntermediate()),
				OpenSSL:  20,
				Expect:   everywhere(finding.MissingIntermediate),
			},
		},
		{
			Lesson: Lesson{
				Number: 10, ID: "missing-intermediate-aia", Family: Trust,
				Title:      "The missing link could be fetched, and hardly any mail program does",
				Story:      "The server leaves out the intermediate certificate, but its own certificate says where to get it. Some computers fetch it in silence, so only the phones complain.",
				References: []string{"RFC 5280 section 4.2.2.1", "RFC 8446 section 4.4.2"},
			},
			Case: Case{
				Services: chain(certs.FetchableIntermediate()),
				OpenSSL:  20,
				Expect:   everywhere(finding.MissingIntermediate),
			},
		},
		{
			Lesson: Lesson{
				Number: 11, ID: "wrong-intermediate-sent", Family: Trust,
				Title:      "The server sends last year's intermediate",
				Story:      "The certificate was renewed and the authority now uses another intermediate, but the bundle on the server is the old one. What is sent does not fit, and what fits is not sent.",
				References: []string{"RFC 8446 section 4.4.2"},
			},
			Case: Case{
				Services: chain(certs.WrongIntermediate()),
				OpenSSL:  20,
				Expect:   everywhere(finding.MissingIntermediate, finding.UnrelatedCertificate),
			},
		},
		{
			Lesson: Lesson{
				Number: 12, ID: "reversed-chain", Family: Trust,
				Title:      "The chain is sent in the wrong order, with a stray certificate",
				Story:      "All the links are there, but the file on the server was put together in the wrong order, and one certificate does not belong. Most mail programs sort it out; a strict one gives up.",
				References: []string{"RFC 5246 section 7.4.2", "RFC 8446 section 4.4.2"},
			},
			Case: Case{
				Services: chain(certs.Reversed()),
				Expect:   everywhere(finding.ChainOrder, finding.UnrelatedCertificate),
			},
		},
		{
			Lesson: Lesson{
				Number: 13, ID: "same-name-other-key-ca", Family: Trust,
				Title:      "An authority with the right name and the wrong key",
				Story:      "The certificate says it comes from the trusted root, and the name is right to the letter. The key is another one, as after an authority was set up a second time under its old name.",
				References: []string{"RFC 5280 sections 4.2.1.1 and 4.2.1.2"},
			},
			Case: Case{
				Services: chain(certs.SameNameIssuer()),
				OpenSSL:  20,
				Expect:   everywhere(finding.IssuerKeyMismatch),
			},
		},
		{
			Lesson: Lesson{
				Number: 14, ID: "root-absent-in-old-store", Family: Trust,
				Title:      "An old phone does not know the authority yet",
				Story:      "The certificate is in order, and every current device accepts it. This one got its last update before the authority was added, so only its owner sees a warning.",
				References: []string{"https://letsencrypt.org/docs/certificate-compatibility/", "RFC 5280 section 6.1.1 (d)"},
			},
			Case: Case{
				Device: Device{LacksRoot: true},
				Expect: everywhere(finding.RootMissingOnDevice),
			},
		},
		{
			Lesson: Lesson{
				Number: 15, ID: "expired-cross-sign", Family: Trust,
				Title:      "A detour by an expired root is sent along",
				Story:      "Beside the good chain the server still sends a certificate that once led to an older root, and that way has ended. New devices take the good way, old programs follow the other one and give up.",
				References: []string{"https://letsencrypt.org/docs/dst-root-ca-x3-expiration-september-2021/", "RFC 4158 section 2.4.2"},
			},
			Case: Case{
				Services: chain(certs.ExpiredCrossSign()),
				Expect:   everywhere(finding.ExpiredCrossSign),
			},
		},
		{
			Lesson: Lesson{
				Number: 16, ID: "distrusted-root", Family: Trust,
				Title:      "The authority was thrown out of the trust stores",
				Story:      "The authority was trusted for years, until the makers of the devices removed it. Its certificates look as they always did, and nobody accepts them any more.",
				References: []string{"https://wiki.mozilla.org/CA/Additional_Trust_Changes", "https://security.googleblog.com/2024/06/sustaining-digital-certificate-security.html"},
			},
			Case: Case{
				Services: chain(certs.DistrustedRoot()),
				OpenSSL:  20,
				Expect:   everywhere(finding.RootDistrusted),
			},
		},
		{
			Lesson: Lesson{
				Number: 17, ID: "intermediate-not-ca", Family: Trust,
				Title:      "The certificate was signed by one that may not sign",
				Story:      "Between the server and the root stands an ordinary certificate that was never allowed to vouch for others. If that were accepted, everyone with a certificate could make more of them.",
				References: []string{"RFC 5280 section 4.2.1.9"},
			},
			Case: Case{
				Services: chain(certs.NotCA()),
				OpenSSL:  79,
				Expect:   everywhere(finding.IssuerNotACA),
			},
		},
		{
			Lesson: Lesson{
				Number: 18, ID: "name-constraint-violation", Family: Trust,
				Title:      "The authority may issue certificates, but not for this name",
				Story:      "The intermediate authority was set up for one domain only, and this server lies in another. Whoever checks the limits refuses the certificate, however well it is signed.",
				References: []string{"RFC 5280 section 4.2.1.10"},
			},
			Case: Case{
				Services: chain(certs.NameConstraint("other.test")),
				OpenSSL:  47,
				Expect:   everywhere(finding.CANotAllowedForName),
			},
		},
	}
}
