package diagnose_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

type edit = func(*probe.Observation)

func greeting(s string) edit { return func(o *probe.Observation) { o.Greeting = s } }
func first(s string) edit    { return func(o *probe.Observation) { o.First = s } }
func answer(s string) edit   { return func(o *probe.Observation) { o.Answer = s } }
func raw(s string) edit      { return func(o *probe.Observation) { o.Raw = []byte(s) } }
func injected(s string) edit { return func(o *probe.Observation) { o.Injected = []byte(s) } }
func refused(s string) edit  { return func(o *probe.Observation) { o.LoginRefused = s } }
func unlisted() edit         { return func(o *probe.Observation) { o.Listed = false } }
func onPort(p int) edit      { return func(o *probe.Observation) { o.Settings.Port = p } }

// hello has a ClientHello sent; version 0 means that no ServerHello came.
func hello(version uint16) edit {
	return func(o *probe.Observation) { o.TLS = &probe.TLS{Version: version} }
}

// stub has so many bytes of an answer to the ClientHello come, and no ServerHello.
func stub(bytes int64) edit {
	return func(o *probe.Observation) { o.TLS = &probe.TLS{Received: bytes} }
}

func alert(version uint16, number uint8) edit {
	return func(o *probe.Observation) { o.TLS = &probe.TLS{Version: version, Alert: &number} }
}

// asking has the server ask for a certificate of the device, with this alert unless it is 0.
func asking(number uint8) edit {
	return func(o *probe.Observation) {
		o.TLS = &probe.TLS{Version: 0x0304, ClientCertificate: true}
		if number != 0 {
			o.TLS.Alert = &number
		}
	}
}

// chained is for answers only: there a chain is a proof of TLS, and is not judged.
func chained() edit {
	return func(o *probe.Observation) {
		o.TLS = &probe.TLS{Version: 0x0304, Chain: [][]byte{{0x30}}, Complete: true}
	}
}

// told adds the answer to one ask: the same host looked at with another port and mode.
func told(s probe.Survey, e account.Endpoint, port int, mode account.Mode, stage probe.Stage, outcome probe.Outcome, more ...edit) probe.Survey {
	o := seen(e, stage, outcome, append([]edit{unlisted(), onPort(port)}, more...)...)
	o.Settings.Mode = mode
	s.Further = append(slices.Clone(s.Further), probe.Further{Ask: probe.Ask{Kind: probe.Look, Settings: o.Settings}, Observation: &o})
	return s
}

// A connRow is a row with the connection rule that it is about. A near miss is one in which that
// rule must say nothing.
type connRow struct {
	rule string
	near bool
	row
}

func say(rule, name, codes, asks string, s probe.Survey) connRow {
	return connRow{rule, false, row{name: name, survey: s, know: nothing(), codes: codes, asks: asks}}
}

func miss(rule, name, codes, asks string, s probe.Survey) connRow {
	return connRow{rule, true, row{name: name, survey: s, know: nothing(), codes: codes, asks: asks}}
}

const (
	imaps, imap       = account.IMAPS, account.IMAPStartTLS
	pop3s, pop3       = account.POP3S, account.POP3StartTLS
	smtps, smtp       = account.Submissions, account.SubmissionStart
	implicit, upgrade = account.ImplicitTLS, account.StartTLS
)

func networkRows() []connRow {
	portClosed := survey(seen(imaps, probe.Connecting, probe.Refused))
	silentPort := survey(seen(imap, probe.Greeting, probe.TimedOut))
	cutTLS := survey(seen(imaps, probe.Handshaking, probe.WasReset, hello(0)))
	answering := seen(smtps, probe.Done, probe.Fine, first("220 hi"))
	return []connRow{
		say("reachable", "no such host", "host-not-found", "", survey(seen(imaps, probe.Resolving, probe.NoSuchHost))),
		miss("reachable", "no answer from dns", "", "", survey(seen(imaps, probe.Resolving, probe.Unresolved))),
		say("reachable", "no route", "host-unreachable", "", survey(seen(imaps, probe.Connecting, probe.Unreachable))),
		say("reachable", "packets dropped", "connect-timeout", "", survey(seen(imaps, probe.Connecting, probe.TimedOut))),
		say("reachable", "packets dropped, and nobody asked for the port", "not-offered", "", survey(seen(imaps, probe.Connecting, probe.TimedOut, unlisted()), answering)),
		say("reachable", "packets dropped on all ports", "connect-timeout", "", survey(seen(imaps, probe.Connecting, probe.TimedOut, unlisted()), seen(smtps, probe.Connecting, probe.TimedOut, unlisted()))),
		miss("reachable", "silent after connecting", "no-greeting", "imaps:993:tls", survey(seen(imaps, probe.Handshaking, probe.TimedOut, hello(0)))),

		say("refused", "refused", "port-closed", "imap:143:starttls", portClosed),
		say("refused", "refused, the other port answers", "sibling-port-open", "", told(portClosed, imap, 143, upgrade, probe.Done, probe.Fine, chained())),
		say("refused", "refused, the other port is closed too", "port-closed", "", told(portClosed, imap, 143, upgrade, probe.Connecting, probe.Refused)),
		say("refused", "refused, the other port has no starttls", "port-closed", "", told(portClosed, imap, 143, upgrade, probe.Upgrading, probe.NotOffered)),
		say("refused", "refused, the other port was surveyed", "sibling-port-open", "", survey(portClosed.Observations[0], seen(imap, probe.Done, probe.Fine, chained()))),
		say("refused", "refused web, which has no other port", "port-closed", "", survey(seen(account.Web, probe.Connecting, probe.Refused))),
		say("refused", "refused, and nobody asked for the port", "not-offered", "", survey(seen(imaps, probe.Connecting, probe.Refused, unlisted()), answering)),
		miss("refused", "reset, not refused", "connection-reset", "imap:143:starttls imaps:993:plaintext imaps:993:tls", survey(seen(imaps, probe.Handshaking, probe.WasReset, hello(0)))),

		say("cut", "cut in place of a greeting", "connection-reset", "", survey(seen(imap, probe.Greeting, probe.WasReset))),
		say("cut", "closed in place of a greeting", "connection-reset", "", survey(seen(smtp, probe.Greeting, probe.Closed))),
		say("cut", "closed when the web is asked", "connection-reset", "", survey(seen(imap, probe.Asking, probe.Closed))),
		say("cut", "cut at the ClientHello", "connection-reset", "imap:143:starttls imaps:993:plaintext imaps:993:tls", cutTLS),
		say("cut", "cut at the ClientHello and in plaintext", "connection-reset", "imap:143:starttls imaps:993:tls", told(cutTLS, imaps, 993, account.Plaintext, probe.Greeting, probe.WasReset)),
		miss("cut", "cut at the ClientHello, not in plaintext", "handshake-dropped", "imap:143:starttls imaps:993:tls", told(cutTLS, imaps, 993, account.Plaintext, probe.Greeting, probe.TimedOut)),
		miss("cut", "cut after the greeting", "service-unavailable", "", survey(seen(imap, probe.Asking, probe.Closed, greeting("* OK hi")))),

		say("silent", "nothing on a port for TLS", "no-greeting", "imaps:993:tls", survey(seen(imaps, probe.Handshaking, probe.TimedOut, hello(0)))),
		say("silent", "nothing on a port for STARTTLS", "no-greeting", "imap:143:tls", silentPort),
		say("silent", "the port waits for TLS", "wrong-encryption-type", "", told(held(silentPort), imap, 143, implicit, probe.Done, probe.Fine, chained())),
		say("silent", "silent with TLS too", "no-greeting", "", told(silentPort, imap, 143, implicit, probe.Handshaking, probe.TimedOut, hello(0))),
		say("silent", "greets and falls silent", "service-unavailable", "", survey(seen(smtp, probe.Asking, probe.TimedOut, greeting("220 hi")))),
		say("silent", "silent inside TLS", "service-unavailable", "", survey(seen(imaps, probe.Reading, probe.TimedOut, hello(0x0304)))),
		miss("silent", "falls silent after the ServerHello", "handshake-timeout", "", survey(seen(imaps, probe.Handshaking, probe.TimedOut, hello(0x0304)))),
	}
}

func serviceRows() []connRow {
	const page = "HTTP/1.1 302 Found\r\nLocation: http://login.test/\r\n\r\n"
	plain := survey(seen(imaps, probe.Handshaking, probe.NotTLS, hello(0), onPort(143), raw("* OK ready\r\n")))
	return []connRow{
		say("portal", "redirected", "captive-portal", "", survey(seen(imaps, probe.Handshaking, probe.NotTLS, hello(0), raw(page)))),
		say("portal", "511", "captive-portal", "", survey(seen(account.Web, probe.Handshaking, probe.NotTLS, hello(0), raw("HTTP/1.1 511 Network Authentication Required\r\n")))),
		say("portal", "redirected after STARTTLS", "captive-portal", "", survey(seen(imap, probe.Handshaking, probe.NotTLS, hello(0), greeting("* OK hi"), answer("a1 OK"), raw(page)))),
		miss("portal", "a web server on the mail port", "wrong-service", "", survey(seen(imaps, probe.Handshaking, probe.NotTLS, hello(0), raw("HTTP/1.1 400 Bad Request\r\n")))),

		say("service", "POP3 in plaintext in place of IMAP", "wrong-service", "", survey(seen(imap, probe.Greeting, probe.Unexpected, greeting("+OK hi")))),
		say("service", "SMTP inside TLS in place of IMAP", "wrong-service", "", survey(seen(imaps, probe.Reading, probe.Unexpected, hello(0x0304), first("220-hi")))),
		say("service", "IMAP in plaintext in place of POP3S", "wrong-service", "", survey(seen(pop3s, probe.Handshaking, probe.NotTLS, hello(0), raw("* OK hi\r\n")))),
		say("service", "IMAP in place of the web", "wrong-service", "", survey(seen(account.Web, probe.Handshaking, probe.NotTLS, hello(0), raw("* OK hi\r\n")))),
		miss("service", "no protocol at all", "protocol-violation", "", survey(seen(imap, probe.Greeting, probe.Unexpected, greeting("SSH-2.0-OpenSSH_9.6")))),
		miss("service", "words that only look like SMTP", "protocol-violation", "", survey(seen(imap, probe.Greeting, probe.Unexpected, greeting("0 5 apples")))),
		miss("service", "the right one", "", "", survey(seen(pop3s, probe.Done, probe.Fine, hello(0x0304), first("+OK hi")))),

		say("encryption", "plaintext on the port for TLS", "port-speaks-plaintext", "", survey(seen(smtps, probe.Handshaking, probe.NotTLS, hello(0), raw("220 hi ESMTP\r\n")))),
		say("encryption", "plaintext web", "port-speaks-plaintext", "", survey(seen(account.Web, probe.Handshaking, probe.NotTLS, hello(0), raw("HTTP/1.0 400 Bad Request\r\n")))),
		say("encryption", "TLS at once on the port for STARTTLS", "port-speaks-plaintext", "imaps:143:starttls", plain),
		say("encryption", "and STARTTLS works there", "wrong-encryption-type", "", told(plain, imaps, 143, upgrade, probe.Done, probe.Fine, chained())),
		say("encryption", "and STARTTLS fails there", "port-speaks-plaintext", "", told(plain, imaps, 143, upgrade, probe.Upgrading, probe.NotOffered)),
		miss("encryption", "another protocol in plaintext", "wrong-service", "", survey(seen(imaps, probe.Handshaking, probe.NotTLS, hello(0), raw("220 hi\r\n")))),

		say("declined", "a greeting that declines", "service-unavailable", "", survey(seen(smtp, probe.Greeting, probe.Declined, greeting("554 no")))),
		say("declined", "too busy", "service-unavailable", "", survey(seen(smtps, probe.Reading, probe.Declined, hello(0x0304), first("421 later")))),
		say("declined", "a bye after the greeting", "service-unavailable", "", survey(seen(imap, probe.Asking, probe.Declined, greeting("* OK hi"), answer("* BYE")))),
		say("declined", "closed inside TLS", "service-unavailable", "", survey(seen(imaps, probe.Reading, probe.Closed, hello(0x0304)))),
		miss("declined", "STARTTLS declined", "starttls-refused", "", survey(seen(smtp, probe.Upgrading, probe.Declined, greeting("220 hi"), answer("454 no")))),
		miss("declined", "closed inside TLS for want of a certificate", "client-certificate-required", "", survey(seen(imaps, probe.Reading, probe.Closed, asking(0)))),

		say("violation", "endless greeting", "protocol-violation", "", survey(seen(imap, probe.Greeting, probe.TooLong))),
		say("violation", "nonsense in place of TLS", "protocol-violation", "", survey(seen(imaps, probe.Handshaking, probe.NotTLS, hello(0), raw("\x00\x01\x02")))),
		say("violation", "nonsense inside TLS", "protocol-violation", "", survey(seen(imaps, probe.Reading, probe.Unexpected, hello(0x0304), first("what?")))),
		say("violation", "a greeting of its protocol that greets nobody", "protocol-violation", "", survey(seen(imap, probe.Greeting, probe.Unexpected, greeting("* BAD hi")))),
		say("violation", "nonsense after a good greeting", "protocol-violation", "", survey(seen(imap, probe.Asking, probe.Unexpected, greeting("* OK hi"), answer("what?")))),
		say("violation", "a greeting without an end", "protocol-violation", "", survey(seen(imap, probe.Greeting, probe.TimedOut, greeting("* OK hi")))),
		say("violation", "an answer without an end", "protocol-violation", "", survey(seen(smtp, probe.Asking, probe.TimedOut, greeting("220 hi"), answer("250-SIZE")))),
		say("violation", "a line without an end inside TLS", "protocol-violation", "", survey(seen(imaps, probe.Reading, probe.TimedOut, hello(0x0304), first("* O")))),
		miss("violation", "a greeting that is cut short", "service-unavailable", "", survey(seen(imap, probe.Greeting, probe.Closed, greeting("* OK h")))),
		miss("violation", "an answer to STARTTLS without an end", "starttls-dropped", "", survey(seen(imap, probe.Upgrading, probe.TimedOut, greeting("* OK hi"), answer("a2 O")))),
		miss("violation", "nonsense in answer to STARTTLS", "starttls-dropped", "", survey(seen(imap, probe.Upgrading, probe.Unexpected, greeting("* OK hi"), answer("what?")))),
	}
}

func upgradeRows() []connRow {
	return []connRow{
		say("starttls", "not offered", "starttls-not-offered", "", survey(seen(imap, probe.Upgrading, probe.NotOffered, greeting("* OK hi")))),
		say("starttls", "refused", "starttls-refused", "", survey(seen(pop3, probe.Upgrading, probe.Declined, greeting("+OK hi"), answer("-ERR no")))),
		say("starttls", "not answered", "starttls-dropped", "", survey(seen(imap, probe.Upgrading, probe.TimedOut, greeting("* OK hi")))),
		say("starttls", "closed in place of an answer", "starttls-dropped", "", survey(seen(imap, probe.Upgrading, probe.Closed, greeting("* OK hi")))),
		say("starttls", "agreed and closed", "starttls-dropped", "submission:587:starttls", survey(seen(smtp, probe.Handshaking, probe.Closed, hello(0), greeting("220 hi"), answer("220 go")))),
		say("starttls", "agreed and went on in plaintext", "not-tls-after-starttls", "", survey(seen(smtp, probe.Handshaking, probe.NotTLS, hello(0), greeting("220 hi"), answer("220 go"), raw("550 no\r\n")))),
		miss("starttls", "agreed and closed after the ServerHello", "handshake-dropped", "", survey(seen(smtp, probe.Handshaking, probe.Closed, hello(0x0304), greeting("220 hi"), answer("220 go")))),

		say("injection", "more after the answer", "injected-plaintext", "", survey(seen(smtp, probe.Done, probe.Fine, hello(0x0304), greeting("220 hi"), injected("250 x\r\n")))),
		say("injection", "more, and then a failure that it does not explain", "injected-plaintext unexplained", "", survey(seen(smtp, probe.Handshaking, probe.BadTLS, hello(0), greeting("220 hi"), injected("250 x\r\n")))),
		miss("injection", "plaintext in place of TLS", "not-tls-after-starttls", "", survey(seen(smtp, probe.Handshaking, probe.NotTLS, hello(0), greeting("220 hi"), raw("250 x\r\n")))),

		say("handshake", "refused by an alert", "handshake-refused", "imap:143:starttls imaps:993:tls", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 40)))),
		say("handshake", "refused for no reason that is known", "handshake-refused", "", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 200)))),
		say("handshake", "refused for the protocol that it named", "handshake-refused", "", survey(seen(account.Web, probe.Handshaking, probe.Alert, alert(0, 120)))),
		say("handshake", "closed after the ServerHello", "handshake-dropped", "", survey(seen(imaps, probe.Handshaking, probe.Closed, hello(0x0304)))),
		say("handshake", "silent after STARTTLS", "handshake-timeout", "imap:143:starttls", survey(seen(imap, probe.Handshaking, probe.TimedOut, hello(0), greeting("* OK hi")))),
		say("handshake", "a ServerHello that does not end", "handshake-timeout", "", survey(seen(imaps, probe.Handshaking, probe.TimedOut, stub(3)))),
		say("handshake", "a ServerHello that is cut short", "handshake-dropped", "", survey(seen(imaps, probe.Handshaking, probe.Closed, stub(3)))),
		miss("handshake", "a signature by another key", "key-does-not-match-certificate", "", survey(seen(imaps, probe.Handshaking, probe.BadSignature, hello(0x0304)))),
		miss("handshake", "nothing known of the alert", "unexplained", "", survey(seen(imaps, probe.Handshaking, probe.Alert))),
		miss("handshake", "an alert for want of a certificate", "client-certificate-required", "", survey(seen(imaps, probe.Handshaking, probe.Alert, asking(40)))),

		say("client-certificate", "required under TLS 1.3", "client-certificate-required", "", survey(seen(imaps, probe.Reading, probe.Alert, alert(0x0304, 116)))),
		say("client-certificate", "bad certificate after asking", "client-certificate-required", "", survey(seen(imaps, probe.Reading, probe.Alert, asking(42)))),
		miss("client-certificate", "asked for and not demanded", "", "", survey(seen(imaps, probe.Done, probe.Fine, asking(0), first("* OK hi")))),
		miss("client-certificate", "an alert without asking", "handshake-refused", "", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0x0304, 42)))),

		say("possession", "another key", "key-does-not-match-certificate", "", survey(seen(imaps, probe.Handshaking, probe.BadSignature, hello(0x0304)))),
		miss("possession", "another failure", "unexplained", "", survey(seen(imaps, probe.Handshaking, probe.BadTLS, hello(0x0304)))),

		say("version", "TLS 1.1", "protocol-too-old", "", survey(seen(imaps, probe.Done, probe.Fine, hello(0x0302), first("* OK hi")))),
		say("version", "TLS 1.0 and a failure that it does not explain", "protocol-too-old unexplained", "", survey(seen(imaps, probe.Handshaking, probe.BadTLS, hello(0x0301)))),
		miss("version", "TLS 1.2", "", "", survey(seen(imaps, probe.Done, probe.Fine, hello(0x0303), first("* OK hi")))),
		miss("version", "no version yet", "handshake-refused", "", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 70)))),

		say("login", "refused", "credentials-refused", "", survey(seen(imaps, probe.Done, probe.Fine, hello(0x0304), first("* OK hi"), refused("a1 NO")))),
		miss("login", "not tried", "", "", survey(seen(imaps, probe.Done, probe.Fine, hello(0x0304), first("* OK hi")))),
	}
}

func connectionRows(t testing.TB) []connRow {
	t.Helper()
	return slices.Concat(networkRows(), serviceRows(), upgradeRows(), notLoadedRows(), noCertificateRows(), finiteRows(t), relayRows(t), closerRows(t), helloRows(), clearRows(), hiccupRows(), askedRows(t))
}

func TestConnections(t *testing.T) {
	for _, r := range connectionRows(t) {
		t.Run(strings.ReplaceAll(r.name, " ", "-"), func(t *testing.T) { r.check(t) })
	}
}

// TestConnectionRules: each rule has a row that it decides, and a near miss in which it is mute.
func TestConnectionRules(t *testing.T) {
	decides, mute := map[string]bool{}, map[string]bool{}
	for _, r := range connectionRows(t) {
		with, without := said(r.judge()), said(r.judge(r.rule))
		changed := with != without
		if r.near { // a rule that says nothing may still have asked for looks
			found, _, _ := strings.Cut(with, " | ")
			changed = !strings.HasPrefix(without, found+" | ")
		}
		if changed == r.near {
			t.Errorf("%s: without rule %s the report changes: %v", r.name, r.rule, changed)
		}
		if r.near {
			mute[r.rule] = true
		} else {
			decides[r.rule] = true
		}
	}
	for _, rule := range diagnose.Rules() {
		if rule.Name == chain.Rules()[0].Name {
			break // the rules about chains begin
		}
		if !decides[rule.Name] || !mute[rule.Name] {
			t.Errorf("rule %s has a row: %v, a near miss: %v", rule.Name, decides[rule.Name], mute[rule.Name])
		}
	}
}
