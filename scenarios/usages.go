package scenarios

import (
	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// usages returns certificates that are sound and made for something else.
func usages() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 45, ID: "eku-client-auth-only", Family: Usage,
				Title:      "The certificate is made for clients",
				Story:      "A certificate says what it may be used for, and this one may only prove who a client is. On a server it is like a visitor's badge at the reception desk.",
				References: []string{"RFC 5280 section 4.2.1.12"},
			},
			Case: Case{
				Services: chain(certs.ExtKeyUsage("clientAuth")),
				OpenSSL:  26,
				Expect:   everywhere(finding.WrongPurpose),
			},
		},
		{
			Lesson: Lesson{
				Number: 46, ID: "eku-email-protection-only", Family: Usage,
				Title:      "The certificate is made for signing letters, not for mail servers",
				Story:      "Somebody ordered an e-mail certificate and got one for signing and encrypting messages. It has e-mail in its name and is of no use to an e-mail server.",
				References: []string{"RFC 5280 section 4.2.1.12", "RFC 8550 section 4.4.4"},
			},
			Case: Case{
				Services: chain(certs.ExtKeyUsage("emailProtection")),
				OpenSSL:  26,
				Expect:   everywhere(finding.WrongPurpose),
			},
		},
		{
			Lesson: Lesson{
				Number: 47, ID: "ku-no-digital-signature", Family: Usage,
				Title:      "The key may do anything but sign",
				Story:      "In every modern handshake the server signs with its key, and this certificate does not allow that. Browsers and Java programs refuse, while many mail programs never look.",
				References: []string{"RFC 5280 section 4.2.1.3", "RFC 8446 section 4.4.2.2", "RFC 5480 section 3"},
			},
			Case: Case{
				Services: chain(certs.KeyUsage("keyEncipherment", "keyAgreement")),
				Expect:   everywhere(finding.KeyUsageForbids),
			},
		},
		{
			Lesson: Lesson{
				Number: 48, ID: "ca-cert-as-server-cert", Family: Usage,
				Title:      "An authority's certificate serves as the server's",
				Story:      "The server uses a certificate that may itself issue others. Some clients do not mind, Thunderbird refuses, and a stolen key would be a disaster.",
				References: []string{"RFC 5280 section 4.2.1.9", "Thunderbird: MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY"},
			},
			Case: Case{
				Services: chain(certs.IssuedByRoot(), certs.CALeaf()),
				Expect:   everywhere(finding.CAUsedAsServer),
			},
		},
		{
			Lesson: Lesson{
				Number: 49, ID: "leaf-signs-leaf", Family: Usage,
				Title:      "An ordinary website's certificate vouches for the mail server",
				Story:      "Somebody with a certificate for a website has used its key to sign another one. The signatures fit, but that certificate was never meant to vouch for anybody.",
				References: []string{"RFC 5280 sections 4.2.1.9 and 6.1.4 (k)"},
			},
			Case: Case{
				Services: chain(certs.LeafIssuer()),
				OpenSSL:  79,
				Expect:   everywhere(finding.IssuerNotACA),
			},
		},
		{
			Lesson: Lesson{
				Number: 50, ID: "unknown-critical-extension", Family: Usage,
				Title:      "The certificate insists on something that nobody understands",
				Story:      "A certificate can carry additions, and mark one as so important that whoever does not know it must refuse. This one does that with an addition from somebody's private profile.",
				References: []string{"RFC 5280 section 4.2"},
			},
			Case: Case{
				Services: chain(certs.CriticalExtension()),
				OpenSSL:  34,
				Expect:   everywhere(finding.UnknownCriticalExtension),
			},
		},
	}
}
