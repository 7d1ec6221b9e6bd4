package scenarios

import (
	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// names returns certificates that are sound, and for somebody else.
func names() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 19, ID: "wrong-host-single", Family: Names,
				Title:      "The certificate is for another server",
				Story:      "The account connects to mail.lab.test, and the certificate that comes is for webmail.lab.test. The server may well be the right one, but nothing proves it.",
				References: []string{"RFC 9525 section 6", "RFC 7817 section 3"},
			},
			Case: Case{
				Services: chain(certs.Names("webmail.lab.test")),
				OpenSSL:  62,
				Expect:   everywhere(finding.NameMismatch),
			},
		},
		{
			Lesson: Lesson{
				Number: 20, ID: "wrong-host-shared-hosting", Family: Names,
				Title:      "The hosting provider's certificate answers",
				Story:      "The domain has moved to a shared server, which shows its owner's certificate to everybody. The account should use the provider's server name, or the provider should get a certificate for this one.",
				References: []string{"RFC 9525 section 6", "RFC 6066 section 3"},
			},
			Case: Case{
				Services: chain(certs.Names("*.hoster.test")),
				OpenSSL:  62,
				Expect:   everywhere(finding.NameMismatch),
			},
		},
		{
			Lesson: Lesson{
				Number: 21, ID: "parent-domain-only", Family: Names,
				Title:      "The certificate covers the domain, not the mail server below it",
				Story:      "Somebody ordered a certificate for lab.test and installed it on mail.lab.test. A domain's certificate does not cover the names below it.",
				References: []string{"RFC 9525 section 6.3", "RFC 7817 section 3"},
			},
			Case: Case{
				Services: chain(certs.Names("lab.test")),
				OpenSSL:  62,
				Expect:   everywhere(finding.NameMismatch),
			},
		},
		{
			Lesson: Lesson{
				Number: 22, ID: "wildcard-wrong-depth", Family: Names,
				Title:      "The wildcard reaches one level, the server is two levels down",
				Story:      "The certificate for *.lab.test covers mail.lab.test, and this server is called a.b.lab.test. The star stands for one level and never for two.",
				References: []string{"RFC 9525 section 6.3"},
			},
			Case: Case{
				Host:     "a.b.lab.test",
				Services: chain(certs.Names("*.lab.test")),
				OpenSSL:  62,
				Expect:   everywhere(finding.WildcardDepth),
			},
		},
		{
			Lesson: Lesson{
				Number: 23, ID: "cn-only-no-san", Family: Names,
				Title:      "The name stands where nobody looks any more",
				Story:      "The certificate has the right name, but only in the old place, the Common Name. Phones have ignored that place for years, while some programs on computers still read it.",
				References: []string{"RFC 9525 section 2", "https://support.apple.com/en-za/103769"},
			},
			Case: Case{
				Services: chain(certs.NoSAN()),
				Expect:   everywhere(finding.NoSAN),
			},
		},
		{
			Lesson: Lesson{
				Number: 24, ID: "san-wrong-cn-right", Family: Names,
				Title:      "Two places for the name, and the one that counts is wrong",
				Story:      "The Common Name is right, and the list of alternative names has another server. Whoever looks at the certificate by eye sees the right name, and every mail program sees the wrong one.",
				References: []string{"RFC 9525 section 2"},
			},
			Case: Case{
				Services: chain(certs.Names("smtp.lab.test"), certs.CommonName("mail.lab.test")),
				OpenSSL:  62,
				Expect:   everywhere(finding.NameMismatch),
			},
		},
		{
			Lesson: Lesson{
				Number: 25, ID: "ip-literal-dns-only-cert", Family: Names,
				Title:      "The account uses a number, the certificate a name",
				Story:      "Somebody typed in the server's address as a number, because that worked. The certificate is for mail.lab.test, and a number cannot be compared with a name.",
				References: []string{"RFC 9525 section 6.5", "RFC 5280 section 4.2.1.6"},
			},
			Case: Case{
				Host:     "127.0.0.1",
				Services: chain(certs.Names("mail.lab.test")),
				OpenSSL:  64,
				Expect:   everywhere(finding.ConnectByIP),
			},
		},
		{
			Lesson: Lesson{
				Number: 26, ID: "idn-ulabel-san", Family: Names,
				Title:      "The umlaut stands in the certificate as it is spoken",
				Story:      "The server is in München, and the certificate spells the name just so, where only the form with xn-- is allowed. Some programs cannot even read such a certificate, others find no name in it that fits.",
				References: []string{"RFC 5280 section 7.2", "RFC 9549 section 3"},
			},
			Case: Case{
				Host:     "xn--mnchen-3ya.lab.test",
				Services: chain(certs.ULabel("münchen.lab.test")),
				OpenSSL:  62,
				Expect:   everywhere(finding.IDNEncoding),
			},
		},
		{
			Lesson: Lesson{
				Number: 27, ID: "sni-absent-default-cert", Family: Names,
				Title:      "The mail program does not say which server it wants",
				Story:      "Many servers share one address, and each shows its certificate only to those who ask for it by name. This old mail program asks for nobody, and is shown the landlord's certificate.",
				References: []string{"RFC 6066 section 3", "RFC 9325 section 3.7"},
			},
			Case: Case{
				Services: []Service{{Nameless: []certs.Fault{certs.Names("web17.hoster.test")}}},
				Device:   Device{NoSNI: true},
				Expect:   everywhere(finding.SNIMissing),
			},
		},
		{
			Lesson: Lesson{
				Number: 28, ID: "sni-unrecognized-name", Family: Names,
				Title:      "The server does not know the name it is called by",
				Story:      "The device asks for mail.lab.test, and the server has never heard of it. Instead of showing a certificate that would not fit, it ends the conversation.",
				References: []string{"RFC 6066 section 3", "RFC 8446 section 6.2 (unrecognized_name)"},
			},
			Case: Case{
				Services: []Service{{UnknownName: true}},
				Expect:   everywhere(finding.ServerHasNoSuchName),
			},
		},
		{
			Lesson: Lesson{
				Number: 29, ID: "old-hostname-after-migration", Family: Names,
				Title:      "The server was renamed, the account was not",
				Story:      "After a move the old name still leads to the new server, and the certificate knows only the new name. The account has to learn it, or the old name has to be added to the certificate.",
				References: []string{"RFC 9525 section 6"},
			},
			Case: Case{
				Host:     "oldmail.lab.test",
				Services: chain(certs.Names("mail2.lab.test")),
				OpenSSL:  62,
				Expect:   everywhere(finding.NameMismatch),
			},
		},
		{
			Lesson: Lesson{
				Number: 30, ID: "autogenerated-localhost-cert", Family: Names,
				Title:      "The server still has the certificate from its installation",
				Story:      "When the mail server was installed it made up a certificate for localhost, so that it could start. Nobody has put a real one in its place.",
				References: []string{"RFC 9525 section 6", "Dovecot: doc/dovecot-openssl.cnf"},
			},
			Case: Case{
				Services: chain(certs.DefaultInstallation()),
				OpenSSL:  18,
				Expect:   everywhere(finding.DefaultInstallationCertificate),
			},
		},
	}
}
