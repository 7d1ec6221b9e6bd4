package scenarios

import (
	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// settings returns accounts and ports that do not fit each other.
func settings() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 74, ID: "implicit-on-starttls-port", Family: Settings,
				Title:      "The account encrypts at once, the port begins in plaintext",
				Story:      "The account is set to SSL/TLS on a port that is meant for STARTTLS. Both sides can encrypt, and they never agree on when to begin.",
				References: []string{"RFC 8314 sections 3 and 7"},
			},
			Case: Case{
				Endpoints: account.StartTLSEndpoints(),
				Device:    Device{Mode: account.ImplicitTLS},
				Expect:    everywhere(finding.WrongEncryptionType),
			},
		},
		{
			Lesson: Lesson{
				Number: 75, ID: "starttls-on-implicit-port", Family: Settings,
				Title:      "The account waits for plaintext, the port wants encryption at once",
				Story:      "The account is set to STARTTLS on a port that is meant for SSL/TLS. The device waits for a greeting and the server waits for encryption, until one of them gives up.",
				References: []string{"RFC 8314 sections 3 and 7"},
			},
			Case: Case{
				Endpoints: account.ImplicitEndpoints(),
				Device:    Device{Mode: account.StartTLS},
				Expect:    everywhere(finding.WrongEncryptionType),
			},
		},
		{
			Lesson: Lesson{
				Number: 76, ID: "plaintext-on-tls-port", Family: Settings,
				Title:      "The port for encryption is not encrypted",
				Story:      "The server listens on the port that everyone uses for encryption, and forgot to turn it on there. Devices see readable text where scrambled bytes should be, and stop.",
				References: []string{"RFC 8314 section 3"},
			},
			Case: Case{
				Endpoints: append(account.ImplicitEndpoints(), account.Web),
				Services:  []Service{{Mode: account.Plaintext}},
				Expect:    everywhere(finding.PortSpeaksPlaintext),
			},
		},
		{
			Lesson: Lesson{
				Number: 77, ID: "wrong-protocol-on-port", Family: Settings,
				Title:      "Another service answers on this port",
				Story:      "On the port for fetching mail the service for sending answers, and the other way round. Somebody mixed up two lines of a configuration, or of a router's port forwarding.",
				References: []string{"RFC 8314 section 7"},
			},
			Case: Case{
				Endpoints: account.MailEndpoints(),
				Services: []Service{
					{On: []account.Endpoint{account.Submissions, account.SubmissionStart}, Speaks: account.IMAP},
					{Speaks: account.Submission},
				},
				Expect: everywhere(finding.WrongService),
			},
		},
		{
			Lesson: Lesson{
				Number: 78, ID: "tls-port-closed-starttls-open", Family: Settings,
				Title:      "The usual port is closed, the other one works",
				Story:      "The account uses the port with encryption from the start, and nothing listens there. The same service is open on its second port, with STARTTLS.",
				References: []string{"RFC 8314 section 3.3"},
			},
			Case: Case{
				Endpoints: account.ImplicitEndpoints(),
				Services:  []Service{{On: account.ImplicitEndpoints(), Wire: fault.Plan{Closed: true}}},
				Expect:    everywhere(finding.SiblingPortOpen),
			},
		},
		{
			Lesson: Lesson{
				Number: 79, ID: "wrong-outgoing-host", Family: Settings,
				Title:      "Receiving has the right server name, sending has another",
				Story:      "Mail comes in and does not go out: the outgoing server was entered as smtp.lab.test, and the certificate is for mail.lab.test alone. The outgoing server stands on a page of its own in the settings, and is forgotten when the other one is put right.",
				References: []string{"RFC 9525 section 6", "RFC 8314 section 5.1"},
			},
			Case: Case{
				Endpoints: account.MailEndpoints(),
				Services:  chain(certs.Names("mail.lab.test")),
				Device:    Device{OutgoingHost: "smtp.lab.test"},
				Expect: []Expectation{{
					On:       []account.Endpoint{account.Submissions, account.SubmissionStart},
					Findings: []finding.Code{finding.OutgoingServerName},
				}},
			},
		},
		{
			Lesson: Lesson{
				Number: 80, ID: "bad-password-control", Family: Settings,
				Title:      "Everything is in order but the password",
				Story:      "The certificate is good and the connection encrypted; the server does not accept the password. No setting of the certificate will change that.",
				References: []string{"RFC 9051 section 6.2.3", "RFC 4954 section 6 (535)"},
			},
			Case: Case{
				Endpoints: account.MailEndpoints(),
				Device:    Device{Password: "last-years-password"},
				Expect:    everywhere(finding.CredentialsRefused),
			},
		},
	}
}
