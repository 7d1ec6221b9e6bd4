package lab

import (
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/fault"
)

// withoutPair has a service do what servers do that could not load their certificate or key. They
// run, and offer STARTTLS. On a port for TLS they hang up as soon as TCP stands; asked for TLS on
// the other one, Dovecot agrees, says that it cannot, and hangs up, and Postfix declines. Measured:
// Dovecot 2.3.19.1 and 2.4.1, Postfix 3.7.11 and 3.10.13.
func withoutPair(p *fault.Plan, now served) {
	if now.mode == account.ImplicitTLS {
		p.Accept = fault.Close
	}
	if now.mode != account.StartTLS {
		return
	}
	excuse, ok := map[account.Protocol]fault.Line{
		account.IMAP:       {Command: "STARTTLS", Answer: "{tag} OK Begin TLS negotiation now.\n* BYE [UNAVAILABLE] TLS initialization failed.", Then: fault.Drop},
		account.POP3:       {Command: "STLS", Answer: "+OK Begin TLS negotiation now.\n-ERR [SYS/TEMP] TLS initialization failed.", Then: fault.Drop},
		account.Submission: {Command: "STARTTLS", Answer: "454 4.7.0 TLS not available due to local problem"},
	}[now.protocol]
	if ok {
		p.Lines = slices.Concat([]fault.Line{excuse}, p.Lines) // a copy: the plan shares its own with the scenario
	}
}
