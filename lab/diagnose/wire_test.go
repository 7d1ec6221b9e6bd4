package diagnose_test

import (
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

func offering(caps ...string) edit { return func(o *probe.Observation) { o.Capabilities = caps } }
func after(d time.Duration) edit   { return func(o *probe.Observation) { o.Waited = d } }
func newest(version uint16) edit {
	return func(o *probe.Observation) { o.Settings.MaxVersion = version }
}
func oldest(version uint16) edit {
	return func(o *probe.Observation) { o.Settings.MinVersion = version }
}
func small() edit { return func(o *probe.Observation) { o.Settings.SmallHello = true } }

func chosen(version uint16) edit {
	return func(o *probe.Observation) { o.TLS = &probe.TLS{Chosen: version} }
}

// agreed has TLS come about in a version.
func agreed(version uint16) edit {
	return func(o *probe.Observation) {
		o.TLS = &probe.TLS{Version: version, Chain: [][]byte{{0x30}}, Complete: true}
	}
}

// again adds the answer to the ask for one more look at the first connection.
func again(s probe.Survey, more ...edit) probe.Survey {
	o := seen(s.Observations[0].Settings.Endpoint, probe.Done, probe.Fine, more...)
	s.Further = append(s.Further, probe.Further{Ask: probe.Ask{Kind: probe.LookAgain, Settings: o.Settings}, Observation: &o})
	return s
}

func helloRows() []connRow {
	old := survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 70), newest(0x0303)))
	vague := survey(seen(smtp, probe.Handshaking, probe.Alert, alert(0, 40), newest(0x0303), greeting("220 hi"), answer("220 go")))
	failed := survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 40)))
	cutAt := survey(seen(smtp, probe.Handshaking, probe.Closed, hello(0), greeting("220 hi"), answer("220 go")))
	mute := survey(seen(imaps, probe.Handshaking, probe.TimedOut, hello(0)))
	return []connRow{
		say("client-version", "refused, and nobody has looked without the limit", "handshake-refused", "imaps:993:tls", old),
		say("client-version", "the limit is the cause", "client-too-old", "", told(old, imaps, 993, implicit, probe.Done, probe.Fine, agreed(0x0304))),
		miss("client-version", "refused without the limit too", "handshake-refused", "", told(old, imaps, 993, implicit, probe.Handshaking, probe.Alert, alert(0, 70))),
		say("client-version", "the limit is the cause, told by another alert", "client-too-old", "", told(vague, smtp, 587, upgrade, probe.Done, probe.Fine, agreed(0x0304))),
		miss("client-version", "refused where everything was offered", "handshake-refused", "", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 70)))),

		say("ciphers", "no cipher of an older version", "no-common-cipher", "imap:143:starttls imaps:993:offer imaps:993:offer imaps:993:offer", told(failed, imaps, 993, implicit, probe.Handshaking, probe.Alert, alert(0, 70), oldest(0x0304))),
		say("ciphers", "the ciphers are too weak for it", "no-common-cipher", "", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 71)))),
		miss("ciphers", "failure in every version: no certificate, perhaps", "handshake-refused", "imap:143:starttls", told(failed, imaps, 993, implicit, probe.Handshaking, probe.Alert, alert(0, 40), oldest(0x0304))),
		miss("ciphers", "failure after the ServerHello", "handshake-refused", "", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0x0303, 40)))),
		miss("ciphers", "an error of its own", "handshake-refused", "imap:143:starttls", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 80)))),

		say("ancient", "SSL 3.0", "protocol-too-old", "", survey(seen(imaps, probe.Handshaking, probe.BadTLS, chosen(0x0300)))),
		miss("ancient", "a version of the future", "unexplained", "", survey(seen(imaps, probe.Handshaking, probe.BadTLS, chosen(0x0305)))),

		say("large-hello", "cut after STARTTLS, a small one passes", "large-hello-intolerant", "", told(cutAt, smtp, 587, upgrade, probe.Done, probe.Fine, agreed(0x0304), small())),
		say("large-hello", "silent, a small one passes", "large-hello-intolerant", "", told(mute, imaps, 993, implicit, probe.Done, probe.Fine, agreed(0x0304), small())),
		miss("large-hello", "cut after a small one too", "starttls-dropped", "", told(cutAt, smtp, 587, upgrade, probe.Handshaking, probe.Closed, hello(0), small())),
		miss("large-hello", "silent after a small one too", "no-greeting", "", told(mute, imaps, 993, implicit, probe.Handshaking, probe.TimedOut, hello(0), small())),
		miss("large-hello", "cut after the ServerHello", "handshake-dropped", "", survey(seen(imaps, probe.Handshaking, probe.Closed, hello(0x0304)))),
	}
}

func clearRows() []connRow {
	const word = "XXXXXXXA"
	fine := func(e account.Endpoint, more ...edit) probe.Survey {
		return survey(seen(e, probe.Done, probe.Fine, append([]edit{hello(0x0304)}, more...)...))
	}
	late := fine(smtps, first("220 hi"), after(12*time.Second))
	return []connRow{
		say("stripped", "overwritten in SMTP", "capability-stripped", "", survey(seen(smtp, probe.Upgrading, probe.NotOffered, greeting("220 hi"), offering("SIZE 1000", word)))),
		say("stripped", "overwritten in IMAP", "capability-stripped", "", survey(seen(imap, probe.Upgrading, probe.NotOffered, greeting("* OK hi"), offering("IMAP4rev1", "XXXXXXXX", "LOGINDISABLED")))),
		say("stripped", "overwritten in POP3", "capability-stripped", "", survey(seen(pop3, probe.Upgrading, probe.NotOffered, greeting("+OK hi"), offering("TOP", "XXXB")))),
		miss("stripped", "an extension that begins with X", "starttls-not-offered", "", survey(seen(smtp, probe.Upgrading, probe.NotOffered, greeting("220 hi"), offering("XCLIENT NAME", "XFORWARD", "XEXCH50A")))),
		miss("stripped", "overwritten in another length", "starttls-not-offered", "", survey(seen(smtp, probe.Upgrading, probe.NotOffered, greeting("220 hi"), offering("XXXA")))),

		say("preauth", "PREAUTH, and no STARTTLS", "preauth-blocks-tls", "", survey(seen(imap, probe.Upgrading, probe.NotOffered, greeting("* PREAUTH hi"), offering("IMAP4rev1")))),
		say("preauth", "PREAUTH, and STARTTLS refused", "preauth-blocks-tls", "", survey(seen(imap, probe.Upgrading, probe.Declined, greeting("* PREAUTH hi"), offering("IMAP4rev1", "STARTTLS"), answer("a1 BAD no")))),
		miss("preauth", "no STARTTLS, and a login is wanted", "starttls-not-offered", "", survey(seen(imap, probe.Upgrading, probe.NotOffered, greeting("* OK PREAUTH hi")))),

		say("clear-login", "LOGIN is not disabled", "plaintext-login-allowed", "", fine(imap, greeting("* OK hi"), offering("IMAP4rev1", "STARTTLS"))),
		say("clear-login", "a mechanism beside LOGINDISABLED", "plaintext-login-allowed", "", fine(imap, greeting("* OK hi"), offering("IMAP4rev1", "STARTTLS", "LOGINDISABLED", "AUTH=PLAIN"))),
		say("clear-login", "USER in POP3", "plaintext-login-allowed", "", fine(pop3, greeting("+OK hi"), offering("STLS", "USER"))),
		say("clear-login", "SASL in POP3", "plaintext-login-allowed", "", fine(pop3, greeting("+OK hi"), offering("STLS", "SASL CRAM-MD5 PLAIN"))),
		say("clear-login", "AUTH in SMTP", "plaintext-login-allowed", "", fine(smtp, greeting("220 hi"), offering("STARTTLS", "auth login"))),
		miss("clear-login", "LOGINDISABLED", "", "", fine(imap, greeting("* OK hi"), offering("IMAP4rev1", "STARTTLS", "logindisabled"))),
		miss("clear-login", "mechanisms that send no password", "", "", fine(smtp, greeting("220 hi"), offering("STARTTLS", "AUTH CRAM-MD5 SCRAM-SHA-256"))),
		miss("clear-login", "nothing is listed", "", "", fine(pop3, greeting("+OK hi"))),

		say("slow", "late once", "slow-server", "submissions:465:tls", late),
		say("slow", "late twice", "slow-server", "", again(late, after(11*time.Second))),
		miss("slow", "late once, and then in time", "", "", again(late, after(time.Second))),
		miss("slow", "nearly late", "", "", fine(smtps, first("220 hi"), after(diagnose.SlowAfter-1))),
	}
}

// TestSlowIsASetting: a verifier that shortens the delays shortens the measure too.
func TestSlowIsASetting(t *testing.T) {
	s := survey(seen(smtps, probe.Done, probe.Fine, hello(0x0304), first("220 hi"), after(time.Second)))
	for limit, want := range map[time.Duration]string{0: " | ", time.Second: "slow-server | submissions:465:tls"} {
		if got := said(diagnose.Judge{Knowledge: nothing(), Slow: limit}.Report(s)); got != want {
			t.Errorf("with %v: %q, want %q", limit, got, want)
		}
	}
}
