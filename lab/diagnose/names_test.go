package diagnose_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

const aDay = 24 * time.Hour

// shows has a connection show this chain and go well.
func shows(chain [][]byte) edit {
	return func(o *probe.Observation) {
		o.Stage, o.Outcome = probe.Done, probe.Fine
		o.TLS = &probe.TLS{Version: 0x0304, Chain: chain, Complete: true}
	}
}

func clock(device, server time.Time) edit {
	return func(o *probe.Observation) { o.At, o.ServerClock = device, server }
}

func named(name string) edit { return func(o *probe.Observation) { o.Settings.Host = name } }

func nameless(o *probe.Observation) { o.Settings.NoSNI = true }

func fromDocument(o *probe.Observation) {
	o.Settings.Published = "https://autoconfig.lab.test/mail/config-v1.1.xml"
}

// resolves gives the name these addresses, of which the one at used was connected to.
func resolves(used int, all ...string) edit {
	return func(o *probe.Observation) { o.Address, o.Resolved = all[used], all }
}

func failed(address string, outcome probe.Outcome) edit {
	return func(o *probe.Observation) {
		o.Attempts = append(o.Attempts, probe.Attempt{Address: address, Outcome: outcome})
	}
}

func at(address string) edit {
	return func(o *probe.Observation) {
		o.Address, o.Settings.Addresses = address, map[string]string{o.Settings.Target(): address}
	}
}

// further adds a look that was asked for.
func further(s probe.Survey, o probe.Observation) probe.Survey {
	o.Listed = false
	s.Further = append(slices.Clone(s.Further), probe.Further{Ask: probe.Ask{Kind: probe.Look, Settings: o.Settings}, Observation: &o})
	return s
}

// askedRows are about what a device was told, or tells: its clock, its names, its addresses. They
// need certificates that hold.
func askedRows(t testing.TB) []connRow {
	t.Helper()
	a := newAuthority(t)
	know := a.Knowledge(false)
	good, other, expired := a.Chain(t), a.Chain(t, certs.Names("other.lab.test")), a.Chain(t, certs.Expired(certs.Leaf, 3))
	mail := a.Chain(t, certs.Names(host))
	fine := func(chain [][]byte, more ...edit) probe.Observation {
		return seen(imaps, probe.Done, probe.Fine, append([]edit{shows(chain)}, more...)...)
	}
	on := func(e account.Endpoint, chain [][]byte, more ...edit) probe.Observation {
		return seen(e, probe.Done, probe.Fine, append([]edit{shows(chain)}, more...)...)
	}
	lastYear, ahead := now().Add(-365*aDay), now().Add(1000*aDay)
	web := func(chain [][]byte, device, server time.Time) probe.Observation {
		return on(account.Web, chain, clock(device, server))
	}
	behind := survey(fine(good, clock(lastYear, time.Time{})))
	v4, v6 := "192.0.2.1:993", "[2001:db8::1]:993"
	dual := survey(fine(good, resolves(0, v4, v6)))
	silent := survey(fine(other, nameless))
	first6 := survey(fine(good, resolves(1, v6, v4), failed(v6, probe.Refused)))
	mute6 := seen(imaps, probe.Handshaking, probe.TimedOut, hello(0), at(v6))
	old4 := further(survey(on(account.Web, expired, clock(now(), now()), resolves(0, v4, v6))), on(account.Web, good, at(v6)))
	rows := []connRow{
		say("client-clock", "behind, by the server's own time", "client-clock", "", survey(web(good, lastYear, now()))),
		say("client-clock", "ahead, by the server's own time", "client-clock", "", survey(web(good, ahead, now()))),
		say("client-clock", "behind, by the web server in the survey", "client-clock", "", survey(behind.Observations[0], web(good, lastYear, now()))),
		say("client-clock", "behind, by the web server that was asked", "client-clock", "", further(behind, web(good, lastYear, now()))),
		say("client-clock", "nobody has been asked", "not-yet-valid", "", behind),
		miss("client-clock", "expired by a right clock", "expired", "", survey(web(expired, now(), now().Add(-time.Minute)))),
		miss("client-clock", "a few hours apart", "expired", "", survey(web(expired, now(), now().Add(-23*time.Hour)))),
		miss("client-clock", "a clock that is wrong, and no dates that fail", "", "", survey(web(good, now(), lastYear))),
		miss("client-clock", "out of date by both clocks", "expired", "", survey(web(expired, ahead.Add(-960*aDay), now()))),
		miss("client-clock", "the web server tells no time", "not-yet-valid", "", survey(web(good, lastYear, time.Time{}))),

		say("sni-missing", "another certificate with the name", "sni-missing", "", once(further(silent, fine(good)), fine(other, nameless))),
		miss("sni-missing", "another certificate with the name, and nobody has looked without it again", "name-mismatch", "imaps:993:tls", further(silent, fine(good))),
		miss("sni-missing", "two machines in turn", "intermittent", "", once(further(silent, fine(good)), fine(good, nameless))),
		say("sni-missing", "nobody has looked with the name", "name-mismatch", "imaps:993:tls", silent),
		miss("sni-missing", "the same certificate with the name", "name-mismatch", "", further(silent, fine(other))),
		miss("sni-missing", "the right one without the name", "", "", survey(fine(good, nameless))),
		miss("sni-missing", "the name was sent", "name-mismatch", "", survey(fine(other))),
		miss("sni-missing", "refused with the name", "name-mismatch", "", further(silent, seen(imaps, probe.Handshaking, probe.Alert, alert(0, 112)))),

		say("no-such-name", "no such name", "server-has-no-such-name", "", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 112)))),
		say("no-such-name", "no name", "server-has-no-such-name", "", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 112), nameless))),
		miss("no-such-name", "another alert", "handshake-refused", "imap:143:starttls", survey(seen(imaps, probe.Handshaking, probe.Alert, alert(0, 80)))),

		say("outgoing-name", "right for receiving", "outgoing-server-name", "", survey(on(smtps, mail, named("smtp.lab.test")), fine(mail))),
		miss("outgoing-name", "wrong for both", "name-mismatch", "", survey(on(smtps, other, named("smtp.lab.test")), fine(other))),
		miss("outgoing-name", "nobody receives", "name-mismatch", "", survey(on(smtps, mail, named("smtp.lab.test")))),
		miss("outgoing-name", "nobody's account receives there", "name-mismatch", "", survey(on(smtps, mail, named("smtp.lab.test")), fine(mail, unlisted()))),
		miss("outgoing-name", "receiving has the wrong name", "name-mismatch", "", survey(on(imaps, mail, named("smtp.lab.test")), on(pop3s, mail))),

		say("autodiscover-name", "autodiscover forgotten", "autodiscover-name", "", survey(on(account.Web, mail, named("autodiscover.lab.test")))),
		miss("autodiscover-name", "covered", "", "", survey(on(account.Web, good, named("autodiscover.lab.test")))),
		miss("autodiscover-name", "no web server", "name-mismatch", "", survey(on(imaps, mail, named("autodiscover.lab.test")))),
		miss("autodiscover-name", "expired", "expired", "", survey(on(account.Web, expired, named("autodiscover.lab.test")))),

		say("address-families", "the first refuses", "address-family-difference", "", further(first6, seen(imaps, probe.Connecting, probe.Refused, at(v6)))),
		say("address-families", "the first refuses once", "intermittent", "", further(first6, fine(good, at(v6)))),
		say("address-families", "the first refuses, and nobody has looked again", "", "imaps:993:tls", first6),
		say("address-families", "nobody has looked at the other", "", "imaps:993:tls", dual),
		say("address-families", "the other shows another certificate", "address-family-difference", "", once(further(dual, fine(other, at(v6))), fine(other, at(v6)))),
		say("address-families", "the other shows another certificate once", "intermittent", "", once(further(dual, fine(other, at(v6))), fine(good, at(v6)))),
		say("address-families", "the other is silent", "address-family-difference", "", once(further(dual, mute6), mute6)),
		say("address-families", "the other is silent once", "intermittent", "", once(further(dual, mute6), fine(good, at(v6)))),
		say("address-families", "the other is silent, and nobody has looked again", "", "imaps:993:tls", further(dual, mute6)),
		say("address-families", "only the other is in order", "address-family-difference expired", "", once(old4, old4.Observations[0])),
		miss("address-families", "both in order", "", "", further(dual, fine(good, at(v6)))),
		miss("address-families", "both bad", "name-mismatch", "", further(survey(fine(other, resolves(0, v4, v6))), fine(other, at(v6)))),
		miss("address-families", "no route to the other from here", "", "", survey(fine(good, resolves(1, v6, v4), failed(v6, probe.Unreachable)))),
		miss("address-families", "no route to the other when looked at", "", "", further(dual, seen(imaps, probe.Connecting, probe.Unreachable, at(v6)))),
		miss("address-families", "two of one family", "", "", survey(fine(good, resolves(0, v4, "192.0.2.2:993")))),

		say("reachable", "no such name for sending, and another works for receiving", "host-not-found", "submissions:465:tls",
			survey(seen(smtps, probe.Resolving, probe.NoSuchHost, named("smtp.lab.test")), fine(mail))),
		say("reachable", "and works for sending too", "host-not-found", "",
			further(survey(seen(smtps, probe.Resolving, probe.NoSuchHost, named("smtp.lab.test")), fine(mail)), on(smtps, mail))),

		say("published", "a name that the certificate has not", "published-settings-wrong", "", survey(fine(other, fromDocument))),
		say("published", "a name that does not exist", "published-settings-wrong", "", survey(seen(imaps, probe.Resolving, probe.NoSuchHost, fromDocument))),
		say("published", "the wrong encryption", "published-settings-wrong", "", told(survey(seen(imaps, probe.Handshaking, probe.NotTLS, hello(0), onPort(143), raw("* OK ready\r\n"), fromDocument)), imaps, 143, upgrade, probe.Done, probe.Fine, chained())),
		say("published", "a port that is closed", "published-settings-wrong", "", told(survey(seen(imaps, probe.Connecting, probe.Refused, fromDocument)), imap, 143, upgrade, probe.Done, probe.Fine, chained())),
		say("published", "a port that waits for TLS", "published-settings-wrong", "", told(held(survey(seen(imap, probe.Greeting, probe.TimedOut, fromDocument))), imap, 143, implicit, probe.Done, probe.Fine, chained())),
		say("published", "another service", "published-settings-wrong", "", survey(seen(imap, probe.Asking, probe.Unexpected, greeting("220 hi"), fromDocument))),
		miss("published", "a login page answers", "captive-portal", "", survey(seen(imaps, probe.Handshaking, probe.NotTLS, hello(0), raw("HTTP/1.1 302 Found\r\n"), fromDocument))),
		miss("published", "typed in", "name-mismatch", "", survey(fine(other))),
		miss("published", "expired, which no document can help", "expired", "", survey(on(account.Web, expired, clock(now(), now()), fromDocument))),
		miss("published", "in order", "", "", survey(fine(good, fromDocument))),
	}
	for i := range rows {
		rows[i].know = know
	}
	return rows
}

// A name that was seen to work for this very service is offered, and no other.
func TestWorkingName(t *testing.T) {
	for _, r := range askedRows(t) {
		want := 0
		switch r.name {
		case "and works for sending too":
			want = 1
		case "no such name for sending, and another works for receiving":
		default:
			continue
		}
		if names := r.judge().Endpoints[0].Findings[0].Facts.Names; len(names) != want {
			t.Errorf("%s: %v", r.name, names)
		}
	}
}
