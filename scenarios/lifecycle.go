package scenarios

import (
	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// lifeCycle returns servers as years of neglect leave them.
func lifeCycle() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 96, ID: "webmail-ok-mail-bad", Family: LifeCycle,
				Title:      "The web server has the new certificate, the mail server still the old one",
				Story:      "The certificate was renewed in time and the browser is content. Nobody told the mail services to load it, and they go on with the one that ran out yesterday.",
				References: []string{"https://eff-certbot.readthedocs.io/en/stable/using.html#renewing-certificates", "Dovecot 2.3.19.1 keeps its certificate until a reload, measured"},
			},
			Case: Case{
				Services: []Service{{On: account.MailEndpoints(), Chain: []certs.Fault{certs.Expired(certs.Leaf, 1)}, NotReloaded: true}},
				OpenSSL:  10,
				Expect:   []Expectation{{On: account.MailEndpoints(), Findings: []finding.Code{finding.MailServiceNotReloaded}}},
			},
		},
		{
			Lesson: Lesson{
				Number: 97, ID: "one-of-two-backends-expired", Family: LifeCycle,
				Title:      "One of two machines was forgotten",
				Story:      "Two machines share the name, and only one of them got the new certificate. Every other attempt fails, so that the person who looks never sees what the person who calls has seen.",
				References: []string{"RFC 5280 section 4.1.2.5"},
			},
			Case: Case{
				Services: alternating(),
				Expect:   everywhere(finding.Intermittent),
			},
		},
		{
			Lesson: Lesson{
				Number: 98, ID: "cert-changed-after-exception", Family: LifeCycle,
				Title:      "The certificate that was trusted by hand is gone",
				Story:      "Long ago somebody tapped Trust on a self-signed certificate, and all was quiet. Now the server has another one, equally self-signed, and the question comes back.",
				References: []string{"https://support.mozilla.org/en-US/kb/add-security-exception", "Thunderbird for Android keeps exceptions by host and port: thunderbird-android@a59bd679, TrustManagerFactory.java"},
			},
			Case: Case{
				Services: chain(certs.SelfSigned()),
				Device:   Device{OldException: true},
				OpenSSL:  18,
				Expect:   everywhere(finding.ExceptionStale),
			},
		},
		{
			Lesson: Lesson{
				Number: 99, ID: "resumption-hides-fault", Family: LifeCycle,
				Title:      "A kept session hides an expired certificate",
				Story:      "The mail program goes on with a session from yesterday, in which no certificate is shown any more. After a restart it looks again, and then there is the expired one.",
				References: []string{"RFC 8446 section 2.2", "RFC 8446 section 4.6.1"},
			},
			Case: Case{
				Services: chain(certs.Expired(certs.Leaf, 1)),
				Device:   Device{OldSession: true},
				OpenSSL:  10,
				Expect:   everywhere(finding.Expired, finding.StaleSession),
			},
		},
		{
			Lesson: Lesson{
				Number: 100, ID: "two-faults-at-once", Family: LifeCycle,
				Title:      "Expired, for another name, and from an unknown authority",
				Story:      "Troubles seldom come alone, and most programs tell only the first one. Here each repair leaves the next fault to be found, until all three are done.",
				References: []string{"RFC 5280 section 6.1", "RFC 9525 section 6"},
			},
			Case: Case{
				Services: chain(certs.PrivateCA(), certs.Names("old.lab.test"), certs.Expired(certs.Leaf, 1)),
				OpenSSL:  20,
				Expect:   everywhere(finding.IssuerNotTrusted, finding.NameMismatch, finding.Expired),
			},
		},
		{
			Lesson: Lesson{
				Number: 101, ID: "certificate-not-loaded", Family: LifeCycle,
				Title:      "The new certificate came with the wrong key, and the server could load neither",
				Story:      "The certificate was renewed, and the key beside it is still that of the old one. The mail server runs and takes connections, and hangs up or excuses itself as soon as one is to be encrypted.",
				References: []string{"RFC 3207 section 4 (454)", "Dovecot 2.3.19.1 and 2.4.1, Postfix 3.7.11 and 3.10.13, Exim 4.96 with the key of another certificate, measured"},
			},
			Case: Case{
				Endpoints: account.MailEndpoints(),
				Services:  []Service{{NotLoaded: true}},
				Expect:    everywhere(finding.CertificateNotLoaded),
			},
		},
	}
}

// alternating returns a healthy machine and an expired one behind the name. Which of them the
// first connection meets goes by no rule of protocol or mode, as with any balancer of load.
func alternating() []Service {
	expired := [][]certs.Fault{{certs.Expired(certs.Leaf, 1)}}
	late := []account.Endpoint{account.IMAPStartTLS, account.POP3S, account.SubmissionStart}
	return []Service{{On: late, Backends: expired, FirstBackend: 1}, {Backends: expired}}
}
