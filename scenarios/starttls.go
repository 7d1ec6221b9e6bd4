package scenarios

import (
	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// startTLS returns servers on which the upgrade from plaintext does not come about.
func startTLS() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 65, ID: "starttls-not-offered", Family: StartTLS,
				Title:      "The server does not offer encryption",
				Story:      "On this port a connection begins in plaintext and is then encrypted, if the server offers it. This one does not, and a careful mail program stops before the password.",
				References: []string{"RFC 3207", "RFC 2595", "RFC 8314 section 5.1"},
			},
			Case: Case{
				Endpoints: account.StartTLSEndpoints(),
				Services: upgrade(
					fault.Plan{Hide: []string{"STARTTLS"}, Lines: []fault.Line{{Command: "STARTTLS", Answer: "{tag} BAD unknown command"}}},
					fault.Plan{Hide: []string{"STLS"}, Lines: []fault.Line{{Command: "STLS", Answer: "-ERR unknown command"}}},
					fault.Plan{Hide: []string{"STARTTLS"}, Lines: []fault.Line{{Command: "STARTTLS", Answer: "502 5.5.1 command not implemented"}}},
				),
				Expect: everywhere(finding.StartTLSNotOffered),
			},
		},
		{
			Lesson: Lesson{
				Number: 66, ID: "starttls-refused", Family: StartTLS,
				Title:      "The server offers encryption and takes it back",
				Story:      "The server announces that it can encrypt, and when asked it says that it cannot right now. It does not say why, and only its log knows.",
				References: []string{"RFC 3207 section 4 (454)", "RFC 9051 section 6.2.1"},
			},
			Case: Case{
				Endpoints: account.StartTLSEndpoints(),
				Services: upgrade(
					fault.Plan{Lines: []fault.Line{{Command: "STARTTLS", Answer: "{tag} NO STARTTLS is not available, try again later"}}},
					fault.Plan{Lines: []fault.Line{{Command: "STLS", Answer: "-ERR STLS is not available, try again later"}}},
					// The words of RFC 3207 section 4: those of a product would tell why.
					fault.Plan{Lines: []fault.Line{{Command: "STARTTLS", Answer: "454 4.7.0 TLS not available due to temporary reason"}}},
				),
				Expect: everywhere(finding.StartTLSRefused),
			},
		},
		{
			Lesson: Lesson{
				Number: 67, ID: "starttls-then-plaintext", Family: StartTLS,
				Title:      "The server agrees to encrypt and goes on in plaintext",
				Story:      "The server says go ahead, and then does not understand the encrypted greeting that follows. Something answered in its place that knows the word and not the deed.",
				References: []string{"RFC 3207 section 4", "RFC 2595 section 3.1"},
			},
			Case: Case{
				Endpoints: account.StartTLSEndpoints(),
				Services: upgrade(
					fault.Plan{Lines: []fault.Line{{Command: "STARTTLS", Answer: "{tag} OK begin TLS negotiation now"}}},
					fault.Plan{Lines: []fault.Line{{Command: "STLS", Answer: "+OK begin TLS negotiation"}}},
					fault.Plan{Lines: []fault.Line{{Command: "STARTTLS", Answer: "220 2.0.0 ready to start TLS"}}},
				),
				Expect: everywhere(finding.NotTLSAfterStartTLS),
			},
		},
		{
			Lesson: Lesson{
				Number: 68, ID: "starttls-then-close", Family: StartTLS,
				Title:      "The server agrees to encrypt and hangs up",
				Story:      "The server says go ahead, and then the line is dead. It looks like a fault of the network and is the server's own: its TLS part died at the start.",
				References: []string{"RFC 3207 section 4", "RFC 9051 section 6.2.1"},
			},
			Case: Case{
				Endpoints: account.StartTLSEndpoints(),
				Services: upgrade(
					fault.Plan{Lines: []fault.Line{{Command: "STARTTLS", Answer: "{tag} OK begin TLS negotiation now", Then: fault.Drop}}},
					fault.Plan{Lines: []fault.Line{{Command: "STLS", Answer: "+OK begin TLS negotiation", Then: fault.Drop}}},
					fault.Plan{Lines: []fault.Line{{Command: "STARTTLS", Answer: "220 2.0.0 ready to start TLS", Then: fault.Drop}}},
				),
				Expect: everywhere(finding.StartTLSDropped),
			},
		},
		{
			Lesson: Lesson{
				Number: 69, ID: "starttls-cert-differs", Family: StartTLS,
				Title:      "One port has the new certificate, the other the old one",
				Story:      "The certificate was renewed for the ports that encrypt at once, and forgotten for those that use STARTTLS. One device works, the next complains, and both are right.",
				References: []string{"RFC 8314 section 3"},
			},
			Case: Case{
				Services: []Service{{On: account.StartTLSEndpoints(), Chain: []certs.Fault{certs.Expired(certs.Leaf, 1)}}},
				OpenSSL:  10,
				Expect:   []Expectation{{On: account.StartTLSEndpoints(), Findings: []finding.Code{finding.Expired}}},
			},
		},
		{
			Lesson: Lesson{
				Number: 70, ID: "starttls-stripped-by-middlebox", Family: StartTLS,
				Title:      "A firewall on the way blots out the offer of encryption",
				Story:      "The server offers encryption, and a firewall that wants to listen in writes the letter X over the offer. A careful mail program stops there, a careless one sends its password for all to read.",
				References: []string{"Cisco ASA Series Firewall CLI Configuration Guide, ESMTP inspection (no allow-tls)", "RFC 7435 section 3", "RFC 8314 section 5.1"},
			},
			Case: Case{
				Endpoints: account.StartTLSEndpoints(),
				Path:      account.MaskedUpgrade,
				Expect:    everywhere(finding.CapabilityStripped),
			},
		},
		{
			Lesson: Lesson{
				Number: 71, ID: "starttls-response-injection", Family: StartTLS,
				Title:      "A line is slipped in before encryption begins",
				Story:      "After the server has agreed to encrypt, one more readable line arrives, from whoever sits on the way. A program that keeps it believes that it came encrypted from the server.",
				References: []string{"RFC 3207 section 6", "RFC 9051 section 6.2.1", "https://nostarttls.secvuln.info/"},
			},
			Case: Case{
				Endpoints: account.StartTLSEndpoints(),
				Services: upgrade(
					fault.Plan{Lines: []fault.Line{{Command: "STARTTLS", Answer: "{tag} OK begin TLS negotiation now\n* CAPABILITY IMAP4rev1 AUTH=PLAIN", Then: fault.Go}}},
					fault.Plan{Lines: []fault.Line{{Command: "STLS", Answer: "+OK begin TLS negotiation\n+OK logged in", Then: fault.Go}}},
					fault.Plan{Lines: []fault.Line{{Command: "STARTTLS", Answer: "220 2.0.0 ready to start TLS\n250 AUTH PLAIN", Then: fault.Go}}},
				),
				Expect: everywhere(finding.InjectedPlaintext),
			},
		},
		{
			Lesson: Lesson{
				Number: 72, ID: "imap-preauth", Family: StartTLS,
				Title:      "The server lets everybody in before encryption can begin",
				Story:      "The server greets the device as somebody it knows already, and after that encryption may no longer be asked for. What follows would be readable on the way, so a careful program hangs up.",
				References: []string{"RFC 9051 sections 6.2.1 and 7.1.4", "https://nostarttls.secvuln.info/"},
			},
			Case: Case{
				Endpoints: []account.Endpoint{account.IMAPStartTLS},
				Services:  []Service{{On: []account.Endpoint{account.IMAPStartTLS}, Preauth: true}},
				Expect:    everywhere(finding.PreauthBlocksTLS),
			},
		},
		{
			Lesson: Lesson{
				Number: 73, ID: "auth-offered-before-tls", Family: StartTLS,
				Title:      "The server takes passwords without encryption",
				Story:      "The server offers encryption and does not insist on it: whoever forgets to ask sends the password for all to read. Nothing seems wrong until somebody listens.",
				References: []string{"RFC 8314 section 4.1", "RFC 9051 section 6.2.3 (LOGINDISABLED)", "RFC 4954 section 4"},
			},
			Case: Case{
				Endpoints: account.StartTLSEndpoints(),
				Services:  []Service{{On: account.StartTLSEndpoints(), ClearLogins: true}},
				Expect:    everywhere(finding.PlaintextLoginAllowed),
			},
		},
	}
}

// upgrade returns services that treat STARTTLS or STLS by plan, each in its protocol's words.
func upgrade(imap, pop3, submission fault.Plan) []Service {
	return []Service{
		{On: []account.Endpoint{account.IMAPStartTLS}, Wire: imap},
		{On: []account.Endpoint{account.POP3StartTLS}, Wire: pop3},
		{On: []account.Endpoint{account.SubmissionStart}, Wire: submission},
	}
}
