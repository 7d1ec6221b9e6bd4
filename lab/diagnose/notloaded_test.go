package diagnose_test

import (
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// What servers said that could not load their certificate or key, measured.
const (
	postfixSays     = "454 4.7.0 TLS not available due to local problem"
	eximSays        = "454 TLS currently unavailable"
	dovecotSaysIMAP = "* BYE [UNAVAILABLE] TLS initialization failed.\r\n"
	dovecotSaysPOP3 = "-ERR [SYS/TEMP] TLS initialization failed.\r\n"
)

func notLoadedRows() []connRow {
	const code, rule = "server-cannot-load-certificate", "certificate-not-loaded"
	answers := func(said string) probe.Survey {
		return survey(seen(smtp, probe.Upgrading, probe.Declined, greeting("220 hi"), answer(said)))
	}
	agrees := func(e account.Endpoint, outcome probe.Outcome, more ...edit) probe.Survey {
		return survey(seen(e, probe.Handshaking, outcome, append([]edit{hello(0), greeting("* OK hi"), answer("a1 OK go")}, more...)...))
	}
	cut := survey(seen(imaps, probe.Handshaking, probe.WasReset, hello(0)))
	ends := func(outcome probe.Outcome, more ...edit) probe.Survey {
		return survey(seen(smtps, probe.Handshaking, outcome, more...))
	}
	// beside adds what the port for STARTTLS says when it is asked.
	beside := func(s probe.Survey, said string) probe.Survey {
		return told(s, smtp, 587, upgrade, probe.Upgrading, probe.Declined, greeting("220 hi"), answer(said))
	}
	goodbye := told(cut, imap, 143, upgrade, probe.Handshaking, probe.NotTLS, hello(0), answer("a1 OK go"), raw(dovecotSaysIMAP))
	return []connRow{
		say(rule, "Postfix answers STARTTLS", code, "", answers(postfixSays)),
		say(rule, "Exim answers STARTTLS", code, "", answers(eximSays)),
		say(rule, "Dovecot agrees and takes it back", code, "", agrees(imap, probe.NotTLS, raw(dovecotSaysIMAP))),
		say(rule, "Dovecot takes it back in the same packet", code, "", agrees(pop3, probe.Closed, greeting("+OK hi"), injected(dovecotSaysPOP3))),
		say(rule, "Dovecot takes it back before the ClientHello was sent", code, "", agrees(imap, probe.Closed, raw(dovecotSaysIMAP))),
		say(rule, "Dovecot takes it back in two packets", code, "", agrees(imap, probe.NotTLS, injected(dovecotSaysIMAP[:20]), raw(dovecotSaysIMAP[20:]))),
		say(rule, "cut at the ClientHello, the other port tells why", code, "", goodbye),
		say(rule, "closed at the ClientHello, the other port was surveyed", code, "", survey(ends(probe.Closed, hello(0)).Observations[0], answers(eximSays).Observations[0])),
		say(rule, "a failed handshake, the other port tells why", code, "submissions:465:tls", beside(ends(probe.Alert, alert(0, 40)), postfixSays)),
		say(rule, "an internal error, the other port tells why", code, "", beside(ends(probe.Alert, alert(0, 80)), postfixSays)),

		miss(rule, "refused for another reason", "starttls-refused", "", answers("454 4.7.0 TLS not available due to temporary reason")),
		miss(rule, "refused without a reason", "starttls-refused", "", answers("454")),
		miss(rule, "goes on in other plaintext", "not-tls-after-starttls", "", agrees(imap, probe.NotTLS, raw("* BYE Too many connections.\r\n"))),
		miss(rule, "those words as a greeting", "service-unavailable", "", survey(seen(smtp, probe.Greeting, probe.Declined, greeting(eximSays)))),
		miss(rule, "those words, and TLS comes about: somebody else said them", "injected-plaintext", "",
			survey(seen(imap, probe.Done, probe.Fine, hello(0x0304), greeting("* OK hi"), answer("a1 OK go"), injected(dovecotSaysIMAP)))),
		miss(rule, "those words, and a handshake that begins", "injected-plaintext handshake-dropped", "",
			survey(seen(imap, probe.Handshaking, probe.Closed, hello(0x0304), greeting("* OK hi"), answer("a1 OK go"), injected(dovecotSaysIMAP)))),
		miss(rule, "closed, and nobody has asked the other port", "connection-reset", "submission:587:starttls submissions:465:plaintext submissions:465:tls", ends(probe.Closed, hello(0))),
		miss(rule, "closed, the other port refuses for another reason", "connection-reset", "submissions:465:plaintext submissions:465:tls", beside(ends(probe.Closed, hello(0)), "454 4.3.0 try again later")),
		miss(rule, "closed, the other port speaks TLS", "connection-reset", "submissions:465:plaintext submissions:465:tls", told(ends(probe.Closed, hello(0)), smtp, 587, upgrade, probe.Done, probe.Fine, chained())),
		miss(rule, "closed after the ServerHello: something was loaded", "handshake-dropped", "", beside(ends(probe.Closed, hello(0x0303)), postfixSays)),
		miss(rule, "an alert that tells of something else", "handshake-refused", "", beside(ends(probe.Alert, alert(0, 70)), postfixSays)),
		miss(rule, "an alert after the ServerHello", "handshake-refused", "", beside(ends(probe.Alert, alert(0x0303, 40)), postfixSays)),
		miss(rule, "closed at the ClientHello on the web, which has no other port", "connection-reset", "imaps:443:plaintext https:443:tls", survey(seen(account.Web, probe.Handshaking, probe.Closed, hello(0)))),
	}
}

// TestNotLoadedQuotes: the evidence has the server's words, the port on which they were said, and
// that they are not about certificate and key alone.
func TestNotLoadedQuotes(t *testing.T) {
	endless := postfixSays + strings.Repeat(" and more", 500)
	own := survey(seen(smtp, probe.Upgrading, probe.Declined, greeting("220 hi"), answer(endless)))
	sibling := survey(seen(smtps, probe.Handshaking, probe.Closed, hello(0)), own.Observations[0])
	for _, c := range []struct {
		survey probe.Survey
		want   []string
	}{
		{own, []string{"it says “454 4.7.0 TLS not", "Postfix", "mostly certificate or key", "log says which file"}},
		{sibling, []string{"hangs up", "port 587", "“454 4.7.0 TLS not", "Postfix", "mostly certificate or key", "log says which file"}},
	} {
		f := diagnose.Judge{Knowledge: nothing()}.Report(c.survey).Endpoints[0].Findings[0]
		all := strings.Join(f.Evidence, "\n")
		for _, want := range c.want {
			if !strings.Contains(all, want) {
				t.Errorf("no %q in %q", want, f.Evidence)
			}
		}
		if len(all) > 700 || len(f.Facts.Text) > 300 {
			t.Errorf("the words are not bounded: %d and %d bytes", len(all), len(f.Facts.Text))
		}
	}
}
