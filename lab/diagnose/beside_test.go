package diagnose_test

import (
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// presenting is a survey of all seven ports with one chain, and another on those that are named.
func presenting(chain, other [][]byte, on ...account.Endpoint) probe.Survey {
	var all []probe.Observation
	for _, e := range account.Endpoints() {
		c := chain
		for _, x := range on {
			if x == e {
				c = other
			}
		}
		all = append(all, seen(e, probe.Done, probe.Fine, func(o *probe.Observation) { o.TLS = &probe.TLS{Version: 0x0304, Chain: c, Complete: true} }))
	}
	return survey(all...)
}

// TestOneOfSevenPorts: where another port of the host has the right certificate, that is the cure, and
// nothing is issued.
func TestOneOfSevenPorts(t *testing.T) {
	a := newAuthority(t)
	good := a.Chain(t)
	know := a.Knowledge(false)
	for _, c := range []struct {
		name   string
		survey probe.Survey
		want   string // of imaps
		beside int
		first  action.Kind
	}{
		{"one is of a stranger", presenting(good, a.Chain(t, certs.Names("mail.stranger.test")), imaps), "name-mismatch", 143, action.SharePair},
		{"one is old", presenting(good, a.Chain(t, certs.Expired(certs.Leaf, 3)), imaps, imap, pop3s, pop3, smtps, smtp), "mail-service-not-reloaded", 0, action.ReloadMail},
		{"one is old, the mail ports are not", presenting(good, a.Chain(t, certs.Expired(certs.Leaf, 3)), imaps, account.Web), "expired", 143, action.SharePair},
		{"one is self-signed", presenting(good, a.Chain(t, certs.SelfSigned()), imaps), "self-signed", 143, action.SharePair},
		{"one has a short key", presenting(good, a.Chain(t, certs.SmallRSA(1024)), imaps), "weak-key", 143, action.SharePair},
		{"all are old", presenting(a.Chain(t, certs.Expired(certs.Leaf, 3)), nil), "expired", 0, action.Renew},
		{"each has a fault", presenting(a.Chain(t, certs.Expired(certs.Leaf, 3)), a.Chain(t, certs.SelfSigned()), imaps), "self-signed", 0, action.ReissueTrusted},
		{"one is good", presenting(a.Chain(t, certs.SelfSigned()), good, imaps), "", 0, ""},
		{"one sends no intermediate", presenting(good, good[:1], imaps), "missing-intermediate", 143, action.SendChain},
		{"none sends the intermediate", presenting(good[:1], nil), "missing-intermediate", 0, action.SendChain},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			r := diagnose.Judge{Knowledge: know}.Report(c.survey)
			sane(t, r)
			found := r.Endpoints[0].Findings
			if got := said(diagnose.Report{Endpoints: r.Endpoints}); got != c.want+" | " {
				t.Fatalf("says %q, want %q", got, c.want)
			}
			if c.want == "" {
				return
			}
			if found[0].Facts.Beside != c.beside {
				t.Errorf("beside %d, want %d: %+v", found[0].Facts.Beside, c.beside, found[0])
			}
			actions := remedy.Actions(found[0], c.survey.Observations[0].Settings)
			if len(actions) == 0 || actions[0].Kind != c.first {
				t.Fatalf("actions %v, want %s first", actions, c.first)
			}
			for _, a := range actions {
				if c.beside > 0 && a.Kind.Reissues() {
					t.Errorf("%s, and the right certificate is there", a)
				}
			}
		})
	}
}

// TestIntermediateFromAnotherPort: nobody knows the intermediate but the port that sends it.
func TestIntermediateFromAnotherPort(t *testing.T) {
	root := forge(t, "Root", "", nil)
	ca := forge(t, "CA", "", root)
	leaf := forge(t, host, host, ca)
	alone := diagnose.Judge{Knowledge: trusting(root)}.Report(presenting(raws(leaf), nil))
	if got := finding.Codes(alone.Endpoints[0].Findings); len(got) != 1 || got[0] != finding.IssuerUnknown {
		t.Fatalf("alone: %v", got)
	}
	r := diagnose.Judge{Knowledge: trusting(root)}.Report(presenting(raws(leaf, ca), raws(leaf), imaps, smtp))
	for i, e := range r.Endpoints {
		found := finding.Codes(e.Findings)
		bad := e.Endpoint == imaps || e.Endpoint == smtp
		if bad != (len(found) == 1 && found[0] == finding.MissingIntermediate) || !bad && len(found) > 0 {
			t.Errorf("%s: %v", e.Endpoint, found)
		}
		if bad && (r.Endpoints[i].Findings[0].Facts.Beside != 143 || !strings.Contains(strings.Join(e.Findings[0].Evidence, " "), "port 143 of the same host sends it")) {
			t.Errorf("%s: %+v", e.Endpoint, e.Findings[0])
		}
	}
	book, err := remedy.Open()
	if err != nil {
		t.Fatal(err)
	}
	f := r.Endpoints[0].Findings[0]
	advice, _ := book.Advise(f, remedy.Actions(f, account.For(imaps, host)), "")
	if !strings.Contains(advice.Short.Admin, "port 143") || len(advice.User) == 0 || len(advice.Admin) == 0 {
		t.Errorf("%+v", advice.Short)
	}
}

// TestTheWebIsAskedForOnePort: whoever asks for one port is told what https has.
func TestTheWebIsAskedForOnePort(t *testing.T) {
	a := newAuthority(t)
	s := survey(presenting(a.Chain(t, certs.SelfSigned()), nil).Observations[0])
	judge := diagnose.Judge{Knowledge: a.Knowledge(false), Closer: true}
	asked := false
	r, _ := judge.Examine(s, func(asks []probe.Ask) []probe.Further {
		var out []probe.Further
		for _, ask := range asks {
			o := seen(ask.Settings.Endpoint, probe.Done, probe.Fine, unlisted())
			o.TLS = &probe.TLS{Version: 0x0304, Chain: a.Chain(t), Complete: true}
			if ask.Kind == probe.Offer {
				o.Stage, o.Outcome, o.TLS = probe.Handshaking, probe.Alert, &probe.TLS{}
			}
			asked = asked || ask.Settings.Endpoint == account.Web && ask.Kind == probe.Look
			o.Settings = ask.Settings
			out = append(out, probe.Further{Ask: ask, Observation: &o})
		}
		return out
	})
	if f := r.Endpoints[0].Findings; !asked || len(f) != 1 || f[0].Facts.Beside != 443 {
		t.Errorf("asked %v: %+v", asked, f)
	}
}
