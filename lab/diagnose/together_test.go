package diagnose_test

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

func organized(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.Subject = pkix.Name{Organization: []string{name}} }
}

func ended(days int) func(*x509.Certificate) {
	return window(-90*24*time.Hour, time.Duration(-days)*24*time.Hour)
}

// shown has a connection that went well show a chain.
func shown(e account.Endpoint, chain [][]byte, more ...edit) probe.Observation {
	return seen(e, probe.Done, probe.Fine, append([]edit{func(o *probe.Observation) {
		o.TLS = &probe.TLS{Version: 0x0304, Chain: chain, Complete: true}
	}}, more...)...)
}

func resumed(o *probe.Observation) { o.TLS.Resumed = true }

func excepting(port int, chain [][]byte) edit {
	sum := sha256.Sum256(chain[0])
	return func(o *probe.Observation) {
		o.Settings.Exceptions = append(o.Settings.Exceptions, account.Exception{Host: host, Port: port, Fingerprint: hex.EncodeToString(sum[:])})
	}
}

// answered adds the answer to an ask about the first connection.
func answered(s probe.Survey, kind probe.AskKind, chains ...[][]byte) probe.Survey {
	f := probe.Further{Ask: probe.Ask{Kind: kind, Settings: s.Observations[0].Settings, Count: len(chains)}}
	for _, chain := range chains {
		o := shown(s.Observations[0].Settings.Endpoint, chain, unlisted())
		if kind == probe.Look {
			f.Observation = &o
			break
		}
		f.Repeats = append(f.Repeats, o)
	}
	s.Further = append(slices.Clone(s.Further), f)
	return s
}

// togetherRows are about what one chain alone cannot show.
func togetherRows(t testing.TB) []row {
	t.Helper()
	root := forge(t, "Root", "", nil)
	know := trusting(root)
	set := func(name, codes, asks string, s probe.Survey) row {
		return row{literal: true, name: name, codes: codes, asks: asks, know: know, survey: s}
	}
	return slices.Concat(interceptedRows(t, root, set), historyRows(t, root, set), machineRows(t, root, set), endedRows(t, root, set), portalRows(t, root, set))
}

type setRow func(name, codes, asks string, s probe.Survey) row

func interceptedRows(t testing.TB, root *forged, set setRow) []row {
	good := raws(forge(t, host, host, root))
	by := func(name string, more ...func(*x509.Certificate)) [][]byte {
		ca := forge(t, name, "", nil, more...)
		return raws(forge(t, host, host, ca), ca)
	}
	cloud, words, near := by("", organized("Zscaler Inc.")), by("Contoso SSL Decryption 3"), by("Mailshields and Proxies Ltd Root")
	return []row{
		set("on the mail port", "interception-on-mail-port", "", survey(shown(imaps, cloud), shown(account.Web, good))),
		set("on every port", "interception", "", survey(shown(imaps, cloud), shown(account.Web, words))),
		set("on the mail port of another host", "interception", "", survey(shown(imaps, cloud), shown(account.Web, good, func(o *probe.Observation) { o.Settings.Host = "other.lab.test" }))),
		set("private on the mail port", "issuer-not-trusted", "", survey(shown(imaps, near), shown(account.Web, good))),
	}
}

func historyRows(t testing.TB, root *forged, set setRow) []row {
	leaf := func(more ...func(*x509.Certificate)) [][]byte { return raws(forge(t, host, host, root, more...)) }
	own := func() [][]byte { return raws(forge(t, host, host, nil)) }
	good, old, other := leaf(), leaf(ended(1)), leaf(ended(2))
	narrow := raws(forge(t, "web", "www.lab.test", root))
	now1, before := own(), own()
	client := raws(forge(t, host, host, nil, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }))
	kept := survey(shown(imaps, good, resumed))
	return []row{
		set("not reloaded", "mail-service-not-reloaded", "", survey(shown(imaps, old), shown(account.IMAPStartTLS, old), shown(account.Web, good))),
		set("not reloaded, one port", "mail-service-not-reloaded", "", survey(shown(imaps, old), shown(account.Web, good))),
		set("one port's certificate", "expired", "", survey(shown(imaps, old), shown(account.IMAPStartTLS, good), shown(account.Web, good))),
		set("expired on the web too", "expired", "", survey(shown(imaps, other), shown(account.Web, old))),
		set("other names on the web", "expired", "", survey(shown(imaps, old), shown(account.Web, narrow))),
		set("the web alone", "expired", "", survey(shown(account.Web, old), shown(imaps, good))),

		set("exception", "", "", survey(shown(imaps, now1, excepting(993, now1)))),
		set("exception among others", "", "", survey(shown(imaps, now1, excepting(993, before), excepting(993, now1)))),
		set("exception for what no exception covers", "wrong-purpose", "", survey(shown(imaps, client, excepting(993, client)))),
		set("stale exception", "exception-stale", "", survey(shown(imaps, now1, excepting(993, before)))),
		set("stale exception, good certificate", "", "", survey(shown(imaps, good, excepting(993, before)))),
		set("stale exception, another fault", "expired", "https:443:tls", survey(shown(imaps, old, excepting(993, before)))),
		set("exception for another port", "self-signed", "", survey(shown(imaps, now1, excepting(143, now1)))),

		set("kept session", "", "imaps:993:tls", kept),
		set("kept session, another certificate beneath", "expired stale-session", "", answered(kept, probe.Look, old)),
		set("kept session, the same beneath", "", "", answered(kept, probe.Look, good)),
		set("kept session, unreadable before", "expired", "", answered(survey(shown(imaps, [][]byte{{1}}, resumed)), probe.Look, old)),
		set("kept session, nothing beneath", "", "", answered(kept, probe.Look)),
	}
}

// machineRows are several machines behind one name.
func machineRows(t testing.TB, root *forged, set setRow) []row {
	good := raws(forge(t, host, host, root))
	old := raws(forge(t, host, host, root, ended(1)))
	wrong := raws(forge(t, "other.lab.test", "other.lab.test", root))
	oldWrong := raws(forge(t, "other.lab.test", "other.lab.test", root, ended(1)))
	one := survey(shown(imaps, good))
	mixed := survey(shown(imaps, good), shown(account.IMAPStartTLS, old), shown(account.POP3S, old), shown(account.POP3StartTLS, good))
	return []row{
		set("two machines", "intermittent", "", answered(one, probe.Repeat, old, good, old)),
		set("two machines, the bad one first", "intermittent", "https:443:tls", answered(survey(shown(imaps, old)), probe.Repeat, good)),
		set("two machines, a fault on both", "name-mismatch intermittent", "", answered(survey(shown(imaps, wrong)), probe.Repeat, oldWrong)),
		set("two machines, both good", "", "", answered(one, probe.Repeat, raws(forge(t, host, host, root)))),
		set("two machines, a fault each", "expired", "https:443:tls", answered(survey(shown(imaps, old)), probe.Repeat, wrong)),
		set("one machine", "", "", answered(one, probe.Repeat, good, good)),
		set("ports that differ without a rule", "", "imaps:993:tls https:443:tls imap:143:starttls pop3s:995:tls pop3:110:starttls", mixed),
		set("ports that differ by protocol", "", "https:443:tls", survey(shown(imaps, good), shown(account.IMAPStartTLS, good), shown(account.POP3S, old), shown(account.POP3StartTLS, old))),
		set("ports that differ by mode", "", "https:443:tls", survey(shown(imaps, good), shown(account.IMAPStartTLS, old), shown(account.POP3S, good), shown(account.POP3StartTLS, old))),
	}
}

func portalRows(t testing.TB, root *forged, set setRow) []row {
	portal := raws(forge(t, "portal.test", "portal.test", root))
	good := raws(forge(t, host, host, root))
	silent := func(chain [][]byte) probe.Observation {
		return shown(imaps, chain, func(o *probe.Observation) { o.Stage, o.Outcome = probe.Reading, probe.TimedOut })
	}
	asked := func(s probe.Survey, status string) probe.Survey {
		o := shown(account.Web, portal, unlisted(), onPort(993), first(status))
		s.Further = []probe.Further{{Ask: probe.Ask{Kind: probe.Look, Settings: o.Settings}, Observation: &o}}
		return s
	}
	web := shown(account.Web, portal, first("HTTP/1.1 302 Found"))
	both := asked(survey(web, silent(portal)), "HTTP/1.1 302 Found")
	return []row{
		set("portal, not asked yet", "service-unavailable name-mismatch", "https:993:tls", survey(silent(portal))),
		set("portal on a mail port", "captive-portal", "", asked(survey(silent(portal)), "HTTP/1.1 302 Found")),
		set("portal that wants a login", "captive-portal", "", asked(survey(silent(portal)), "HTTP/1.1 511 Network Authentication Required")),
		set("a page on a mail port", "service-unavailable name-mismatch", "", asked(survey(silent(portal)), "HTTP/1.1 200 OK")),
		set("silence on a mail port", "service-unavailable name-mismatch", "", asked(survey(silent(portal)), "")),
		set("silence under the right name", "service-unavailable", "", survey(silent(good))),
		set("portal on https", "captive-portal", "imaps:993:tls", both),
		set("shared hosting", "name-mismatch", "", survey(web, shown(imaps, portal))),
		set("wrong name on https", "name-mismatch", "", survey(web)),
	}
}

// endedRows are certificates with a fault, shown before the connection ended inside TLS.
func endedRows(t testing.TB, root *forged, set setRow) []row {
	wrong := raws(forge(t, "other.lab.test", "other.lab.test", root))
	ends := func(stage probe.Stage, outcome probe.Outcome, more ...edit) probe.Survey {
		return survey(shown(imaps, wrong, append([]edit{func(o *probe.Observation) { o.Stage, o.Outcome = stage, outcome }}, more...)...))
	}
	return []row{
		set("declines with a fault", "service-unavailable name-mismatch", "", ends(probe.Reading, probe.Declined, first("* BYE later"))),
		set("hangs up with a fault", "service-unavailable name-mismatch", "", ends(probe.Reading, probe.Closed)),
		set("floods with a fault", "protocol-violation name-mismatch", "", ends(probe.Reading, probe.TooLong)),
		set("nonsense with a fault", "protocol-violation name-mismatch", "", ends(probe.Reading, probe.Unexpected, first("what?"))),
		set("a handshake that stops with a fault", "handshake-timeout name-mismatch", "", ends(probe.Handshaking, probe.TimedOut)),
		set("an old version, and it declines", "service-unavailable protocol-too-old name-mismatch", "",
			ends(probe.Reading, probe.Declined, first("* BYE later"), func(o *probe.Observation) { o.TLS.Version = 0x0301 })),
		set("another service with a fault of its own", "wrong-service", "", ends(probe.Reading, probe.Unexpected, first("220 hi"))),
	}
}

func TestTogether(t *testing.T) {
	for _, r := range togetherRows(t) {
		t.Run(strings.ReplaceAll(r.name, " ", "-"), func(t *testing.T) { r.check(t) })
	}
}

// The caller can want repeats where nothing asks for them.
func TestRepeat(t *testing.T) {
	root := forge(t, "Root", "", nil)
	s := survey(shown(imaps, raws(forge(t, host, host, root))))
	r := diagnose.Judge{Knowledge: trusting(root), Repeat: 5}.Report(s)
	if len(r.Asks) != 1 || r.Asks[0].Kind != probe.Repeat || r.Asks[0].Count != 5 {
		t.Errorf("asks %+v", r.Asks)
	}
}
