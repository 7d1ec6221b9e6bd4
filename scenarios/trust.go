package scenarios

import (
	"mailtlslab/certs"
	"mailtlslab/lab/finding"
)

// trust returns certificates that do not lead to a root the device trusts.
func trust() []Scenario {
	return []Scenario{
		{
			Number: 5, ID: "self-signed-leaf", Family: Trust,
			Title:      "The server signed its own certificate",
			Story:      "Instead of asking an authority, the server vouches for itself. Anybody could do that in its name, so the phone asks whether to go on.",
			References: []string{"RFC 5280 section 6.1", "RFC 8314 section 5.1"},
			Services:   chain(certs.SelfSigned()),
			OpenSSL:    18,
			Expect:     everywhere(finding.SelfSigned),
		},
		{
			Number: 6, ID: "self-signed-ca-true-leaf", Family: Trust,
			Title:      "The server signed its own certificate, and calls itself an authority",
			Story:      "This is what many a tutorial produces: one certificate that is authority and server at once. Trusting it by hand would let its key vouch for any other server too.",
			References: []string{"RFC 5280 section 4.2.1.9", "Thunderbird: MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY"},
			Services:   chain(certs.SelfSigned(), certs.CALeaf()),
			OpenSSL:    18,
			Expect:     everywhere(finding.SelfSigned, finding.CAUsedAsServer),
		},
		{
			Number: 7, ID: "private-ca-full-chain", Family: Trust,
			Title:      "A company's own authority issued the certificate",
			Story:      "The certificate comes from an authority that a company runs for itself, and its chain is complete. Devices of that company know the authority; this one does not.",
			References: []string{"RFC 5280 section 6.1.1 (d)"},
			Services:   chain(certs.PrivateCA()),
			OpenSSL:    20,
			Expect:     everywhere(finding.IssuerNotTrusted),
		},
		{
			Number: 8, ID: "private-ca-leaf-only", Family: Trust,
			Title:      "An unknown authority, and nothing is sent to explain it",
			Story:      "The server sends its certificate alone, and nobody has heard of the issuer. From here it cannot be told whether a link is missing or the authority is a private one.",
			References: []string{"RFC 8446 section 4.4.2"},
			Services:   chain(certs.PrivateRootOnly()),
			OpenSSL:    20,
			Expect:     everywhere(finding.IssuerUnknown),
		},
		{
			Number: 9, ID: "missing-intermediate", Family: Trust,
			Title:      "The link between certificate and root is not sent",
			Story:      "The authority is a trusted one, but the server leaves out the intermediate certificate that leads to it. Some computers fetch or remember the missing link, phones mostly do not.",
			References: []string{"RFC 8446 section 4.4.2", "RFC 5246 section 7.4.2"},
			Services:   chain(certs.OmitIntermediate()),
			OpenSSL:    20,
			Expect:     everywhere(finding.MissingIntermediate),
		},
		{
			Number: 11, ID: "wrong-intermediate-sent", Family: Trust,
			Title:      "The server sends last year's intermediate",
			Story:      "The certificate was renewed and the authority now uses another intermediate, but the bundle on the server is the old one. What is sent does not fit, and what fits is not sent.",
			References: []string{"RFC 8446 section 4.4.2"},
			Services:   chain(certs.WrongIntermediate()),
			OpenSSL:    20,
			Expect:     everywhere(finding.MissingIntermediate, finding.UnrelatedCertificate),
		},
		{
			Number: 12, ID: "reversed-chain", Family: Trust,
			Title:      "The chain is sent in the wrong order, with a stray certificate",
			Story:      "All the links are there, but the file on the server was put together in the wrong order, and one certificate does not belong. Most mail programs sort it out; a strict one gives up.",
			References: []string{"RFC 5246 section 7.4.2", "RFC 8446 section 4.4.2"},
			Services:   chain(certs.Reversed()),
			Expect:     everywhere(finding.ChainOrder, finding.UnrelatedCertificate),
		},
		{
			Number: 13, ID: "same-name-other-key-ca", Family: Trust,
			Title:      "An authority with the right name and the wrong key",
			Story:      "The certificate says it comes from the trusted root, and the name is right to the letter. The key is another one, as after an authority was set up a second time under its old name.",
			References: []string{"RFC 5280 sections 4.2.1.1 and 4.2.1.2"},
			Services:   chain(certs.SameNameIssuer()),
			OpenSSL:    20,
			Expect:     everywhere(finding.IssuerKeyMismatch),
		},
		{
			Number: 17, ID: "intermediate-not-ca", Family: Trust,
			Title:      "The certificate was signed by one that may not sign",
			Story:      "Between the server and the root stands an ordinary certificate that was never allowed to vouch for others. If that were accepted, everyone with a certificate could make more of them.",
			References: []string{"RFC 5280 section 4.2.1.9"},
			Services:   chain(certs.NotCA()),
			OpenSSL:    79,
			Expect:     everywhere(finding.IssuerNotACA),
		},
	}
}
