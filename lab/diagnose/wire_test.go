package diagnose_test

import (
	"slices"
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

// once adds the answer to the ask for one more look.
func once(s probe.Survey, o probe.Observation) probe.Survey {
	o.Listed = false
	s.Further = append(slices.Clone(s.Further), probe.Further{Ask: probe.Ask{Kind: probe.LookAgain, Settings: o.Settings}, Observation: &o})
	return s
}

// held adds that the first connection ended alike at two more looks.
func held(s probe.Survey) probe.Survey {
	o := s.Observations[0]
	s = once(s, o)
	s.Further = append(s.Further, probe.Further{Ask: probe.Ask{Kind: probe.Repeat, Settings: o.Settings, Count: 1}, Repeats: []probe.Observation{o}})
	return s
}

// hiccupRows are connections that end once, and then do not.
func hiccupRows() []connRow {
	const rule = "comes-and-goes"
	mute := survey(seen(imaps, probe.Handshaking, probe.TimedOut, hello(0)))
	cut := survey(seen(imap, probe.Greeting, probe.Closed))
	inner := survey(seen(smtps, probe.Reading, probe.WasReset, hello(0x0304)))
	agrees := survey(seen(pop3, probe.Upgrading, probe.TimedOut, greeting("+OK hi")))
	silent := survey(seen(imap, probe.Greeting, probe.TimedOut))
	failed := survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 80)))
	vague := survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 40), newest(0x0303)))
	passes := told(mute, imaps, 993, implicit, probe.Done, probe.Fine, agreed(0x0304), small())
	everySecond := once(passes, mute.Observations[0])
	good := seen(imaps, probe.Done, probe.Fine, hello(0x0304), first("* OK hi"))
	everySecond.Further = append(everySecond.Further, probe.Further{Ask: probe.Ask{Kind: probe.Repeat, Settings: good.Settings, Count: 1}, Repeats: []probe.Observation{good}})
	return []connRow{
		say(rule, "silent once", "intermittent", "", again(mute, hello(0x0304), first("* OK hi"))),
		say(rule, "silent once, and a small hello passes", "intermittent", "", again(passes, hello(0x0304), first("* OK hi"))),
		say(rule, "every second connection is silent, and a small hello passes", "intermittent", "", everySecond),
		say(rule, "cut once", "intermittent", "", again(cut, hello(0x0304), greeting("* OK hi"))),
		say(rule, "cut once inside TLS", "intermittent", "", again(inner, hello(0x0304), first("220 hi"))),
		say(rule, "no answer to STARTTLS once", "intermittent", "", again(agrees, hello(0x0304), greeting("+OK hi"))),
		say(rule, "silent once in the clear, and TLS at once passes", "intermittent", "", again(told(silent, imap, 143, implicit, probe.Done, probe.Fine, chained()), hello(0x0304), greeting("* OK hi"))),
		say(rule, "an internal error once", "intermittent", "", again(failed, hello(0x0304), first("* OK hi"))),
		say(rule, "refused once", "intermittent", "", again(survey(seen(imaps, probe.Connecting, probe.Refused)), hello(0x0304), first("* OK hi"))),
		say(rule, "refused once for a reason that may pass, and not without the limit", "intermittent", "",
			once(told(vague, imaps, 993, implicit, probe.Done, probe.Fine, agreed(0x0304)), seen(imaps, probe.Done, probe.Fine, hello(0x0303), first("* OK hi"), newest(0x0303)))),
		say(rule, "silent once, and then another fault", "starttls-not-offered intermittent", "",
			once(silent, seen(imap, probe.Upgrading, probe.NotOffered, greeting("* OK hi")))),
		miss(rule, "silent twice", "no-greeting", "imaps:993:tls", once(mute, mute.Observations[0])),
		miss(rule, "silent, and then cut no farther", "no-greeting", "imaps:993:tls", once(mute, seen(imaps, probe.Handshaking, probe.Closed, hello(0)))),
		miss(rule, "silent, and then this machine could not look", "no-greeting", "imaps:993:tls", once(mute, seen(imaps, probe.Connecting, probe.LocalFault))),
		miss(rule, "sent away in words", "service-unavailable", "", survey(seen(smtp, probe.Greeting, probe.Declined, greeting("421 later")))),
		miss(rule, "this machine could not look", "", "", survey(seen(imaps, probe.Connecting, probe.LocalFault))),
		miss("large-hello", "silent, a small one passes, and nobody has looked again", "no-greeting", "", passes),
		miss("large-hello", "silent twice, a small one passes", "no-greeting", "imaps:993:tls", once(passes, mute.Observations[0])),
	}
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
		say("client-version", "the limit is the cause, told by another alert", "client-too-old", "", told(held(vague), smtp, 587, upgrade, probe.Done, probe.Fine, agreed(0x0304))),
		miss("client-version", "refused where everything was offered", "handshake-refused", "", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 70)))),

		say("ciphers", "no cipher of an older version", "no-common-cipher", "imap:143:starttls imaps:993:offer imaps:993:offer imaps:993:offer", told(failed, imaps, 993, implicit, probe.Handshaking, probe.Alert, alert(0, 70), oldest(0x0304))),
		say("ciphers", "the ciphers are too weak for it", "no-common-cipher", "", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 71)))),
		miss("ciphers", "failure in every version: no certificate, perhaps", "handshake-refused", "imap:143:starttls imaps:993:offer imaps:993:offer", told(failed, imaps, 993, implicit, probe.Handshaking, probe.Alert, alert(0, 40), oldest(0x0304))),
		miss("ciphers", "failure after the ServerHello", "handshake-refused", "", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0x0303, 40)))),
		miss("ciphers", "an error of its own", "handshake-refused", "imap:143:starttls", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 80)))),

		say("ancient", "SSL 3.0", "protocol-too-old", "", survey(seen(imaps, probe.Handshaking, probe.BadTLS, chosen(0x0300)))),
		miss("ancient", "a version of the future", "unexplained", "", survey(seen(imaps, probe.Handshaking, probe.BadTLS, chosen(0x0305)))),

		say("large-hello", "cut after STARTTLS, a small one passes", "large-hello-intolerant", "", told(held(cutAt), smtp, 587, upgrade, probe.Done, probe.Fine, agreed(0x0304), small())),
		say("large-hello", "silent, a small one passes", "large-hello-intolerant", "", told(held(mute), imaps, 993, implicit, probe.Done, probe.Fine, agreed(0x0304), small())),
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
