package diagnose_test

import (
	"crypto/x509"
	"strings"
	"testing"

	"golang.org/x/crypto/ocsp"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// What a connection shows beside a chain reaches the judge of the chain.

// Seven connections with one certificate make one request, and what was not looked up is told.
func TestTheCAIsAskedOnce(t *testing.T) {
	const responderURL, listURL = "http://ocsp.example/", "http://crl.example/1.crl"
	root := forge(t, "Root", "", nil)
	issuer := forge(t, "Issuing", "", root)
	leaf := forge(t, host, host, issuer, func(c *x509.Certificate) {
		c.OCSPServer, c.CRLDistributionPoints = []string{responderURL}, []string{listURL}
	})
	var s probe.Survey
	for _, e := range account.Endpoints() {
		o := served(raws(leaf, issuer), host, now()).Observations[0]
		o.Settings = account.For(e, host)
		s.Observations = append(s.Observations, o)
	}
	judge := diagnose.Judge{Knowledge: trusting(root)}
	first := judge.Report(s)
	if len(first.Asks) != 1 || first.Asks[0].Kind != probe.FetchOCSP || first.Asks[0].URL != responderURL {
		t.Errorf("asks %+v", first.Asks)
	}
	if r, err := ocsp.ParseRequest(first.Asks[0].Request); err != nil || r.SerialNumber.Cmp(leaf.SerialNumber) != 0 {
		t.Errorf("the request is %+v, %v", r, err)
	}
	for _, e := range first.Endpoints {
		if len(e.Findings) != 1 || e.Findings[0].Severity != finding.Note || e.Findings[0].Facts.Detail != "not-asked" || !e.Complete {
			t.Errorf("%s: before anybody looked: %+v", e.Endpoint, e.Findings)
		}
	}
	rounds := 0
	judge.Examine(s, func(asks []probe.Ask) []probe.Further {
		rounds++
		if len(asks) != 1 {
			t.Errorf("round %d: %+v", rounds, asks)
		}
		return []probe.Further{{Ask: asks[0], Error: "connection refused"}}
	})
	if rounds != 2 {
		t.Errorf("%d rounds, want one for the responder and one for the list", rounds)
	}
	report, _ := judge.Examine(s, func(asks []probe.Ask) []probe.Further {
		var out []probe.Further
		for _, a := range asks {
			out = append(out, probe.Further{Ask: a, NotTried: true, Error: "as asked"})
		}
		return out
	})
	if report.Worst() != finding.Note {
		t.Errorf("what nobody wanted to know is %s", report.Worst())
	}
}

// The revocation list is asked for, its answer is heard, and it decides.
func TestAnswersOfTheCAReachTheJudge(t *testing.T) {
	const url = "http://crl.example/1.crl"
	root := forge(t, "Root", "", nil)
	leaf := forge(t, host, host, root, func(c *x509.Certificate) { c.CRLDistributionPoints = []string{url} })
	s := served(raws(leaf), host, now())
	r := row{survey: s, know: trusting(root), codes: "revocation-unknown", asks: url + " https:443:tls"}
	r.check(t)
	r.survey.Further = []probe.Further{{Ask: probe.Ask{Kind: probe.FetchCRL, URL: url}, Response: []byte("no list")}}
	r.asks = "https:443:tls"
	r.check(t)
	if f := r.judge().Endpoints[0].Findings[0]; f.Facts.Detail != "unreadable" {
		t.Errorf("the answer was not heard: %+v", f)
	}
}

// TestFetchedFrom: the finding says where the missing certificate was found.
func TestFetchedFrom(t *testing.T) {
	root := forge(t, "Root", "", nil)
	ca := forge(t, "CA", "", root)
	s := served(raws(forge(t, host, host, ca, aia("http://aia.test/ca.der"))), host, now())
	s.Further = []probe.Further{{Ask: probe.Ask{Kind: probe.FetchIssuer, URL: "http://aia.test/ca.der"}, Certificate: ca.Raw}}
	f := diagnose.Judge{Knowledge: trusting(root)}.Report(s).Endpoints[0].Findings
	if len(f) != 1 || f[0].Facts.Detail != finding.DetailAIA || !strings.Contains(strings.Join(f[0].Evidence, " "), "http://aia.test/ca.der") {
		t.Errorf("%+v", f)
	}
}

// TestStaticRSA: where the client encrypts to the server's key, nothing needs to be signed by it.
func TestStaticRSA(t *testing.T) {
	a := newAuthority(t)
	s := served(a.Chain(t, certs.SmallRSA(1024), certs.KeyUsage("keyEncipherment")), host, now())
	row{survey: s, know: a.Knowledge(false), codes: "weak-key key-usage"}.check(t)
	s.Observations[0].TLS.Cipher = 0x009c // TLS_RSA_WITH_AES_128_GCM_SHA256
	row{survey: s, know: a.Knowledge(false), codes: "weak-key"}.check(t)
}

// The device's own roots, those that it lacks, and a staple belong to its connection.
func TestWhatTheDeviceHas(t *testing.T) {
	a := newAuthority(t)
	root := a.Root().Raw
	promise := forge(t, host, host, nil)
	for _, c := range []struct {
		name, codes, asks string
		sent              [][]byte
		edit              edit
	}{
		{"a root that it lacks", "root-missing-on-device", "", a.Chain(t), func(o *probe.Observation) { o.Settings.MissingRoots = []string{finding.Fingerprint(root)} }},
		{"and was given", "", "", a.Chain(t), func(o *probe.Observation) {
			o.Settings.MissingRoots, o.Settings.Roots = []string{finding.Fingerprint(root)}, [][]byte{root}
		}},
		{"a certificate of its own", "", "", raws(promise), func(o *probe.Observation) { o.Settings.Roots = raws(promise) }},
		{"a staple that is none", "stale-staple", "https:443:tls", a.Chain(t), func(o *probe.Observation) { o.TLS.Staple = []byte("none") }},
	} {
		s := served(c.sent, host, now())
		c.edit(&s.Observations[0])
		row{name: c.name, survey: s, know: a.Knowledge(false), codes: c.codes, asks: c.asks}.check(t)
	}
}

// TestUnreadable: where crypto/tls gave up on a leaf that it cannot read, that explains the failure.
func TestUnreadable(t *testing.T) {
	a := newAuthority(t)
	sent := a.Chain(t, certs.Expired(certs.Leaf, 3))
	gaveUp := func(chain ...[]byte) probe.Survey {
		s := served(chain, host, now())
		s.Observations[0].Stage, s.Observations[0].Outcome = probe.Handshaking, probe.BadTLS
		s.Observations[0].TLS.FromRecords = true
		return s
	}
	for _, cut := range []int{0, 1, 4, len(sent[0]) / 2, len(sent[0]) - 1} {
		row{name: "cut", survey: gaveUp(sent[0][:cut], sent[1]), know: a.Knowledge(false), codes: "malformed-certificate"}.check(t)
	}
	// An issuer that cannot be read has no code of its own: the failure stays unexplained.
	row{name: "an unreadable issuer", survey: gaveUp(sent[0], []byte{0x30, 0x80}, sent[1]), know: a.Knowledge(false), codes: "expired unexplained"}.check(t)
	// A name in letters that are not ASCII is a reason too.
	const umlaut, ascii = "münchen.lab.test", "xn--mnchen-3ya.lab.test"
	s := gaveUp(a.Chain(t, certs.ULabel(umlaut))...)
	s.Observations[0].Settings.Host = ascii
	row{name: "a U-label", survey: s, know: a.Knowledge(false), codes: "idn-encoding"}.check(t)
}

// The path that was judged stands beside the findings, and is the fresh one where a look went
// behind a kept session.
func TestPath(t *testing.T) {
	a := newAuthority(t)
	good, alone := a.Chain(t), a.Chain(t, certs.OmitIntermediate())
	know := a.Knowledge(false)
	kept := answered(survey(shown(imaps, good, resumed)), probe.Look, alone)
	for _, c := range []struct {
		name   string
		survey probe.Survey
		want   []byte
	}{
		{"as shown", served(good, host, now()), good[0]},
		{"of the session beneath", kept, alone[0]},
	} {
		p := diagnose.Judge{Knowledge: know}.Report(c.survey).Endpoints[0].Path
		if p == nil || len(p.Certificates) != 3 || p.Certificates[0].Fingerprint != finding.Fingerprint(c.want) {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
	if p := (diagnose.Judge{Knowledge: know}).Report(survey(seen(imaps, probe.Connecting, probe.Refused))).Endpoints[0].Path; p != nil {
		t.Errorf("no chain was shown, and the path is %+v", p)
	}
}
