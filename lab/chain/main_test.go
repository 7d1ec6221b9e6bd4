package chain_test

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

const host = "mail.lab.test"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// nothing is the knowledge of a device that trusts nobody.
func nothing() *chain.Knowledge { return chain.NewKnowledge(nil, nil) }

// A row is one chain and what is to be said of it.
type row struct {
	name     string
	evidence chain.Evidence
	know     *chain.Knowledge
	roots    []*x509.Certificate // those of know, for the independent check
	codes    string              // separated by blanks, in the order of the vocabulary
	asks     string              // addresses
}

// said is all that can be seen of a judgement, for comparing: "codes | asks".
func said(v chain.Judgement) string {
	var codes, asks []string
	for _, f := range v.Findings {
		codes = append(codes, string(f.Code))
	}
	for _, a := range v.Asks {
		asks = append(asks, a.URL)
	}
	return strings.Join(codes, " ") + " | " + strings.Join(asks, " ")
}

func (r row) judge(without ...string) chain.Judgement {
	return chain.Judge{Knowledge: r.know, Without: without}.Judge(r.evidence)
}

func (r row) check(t *testing.T) {
	t.Helper()
	v := r.judge()
	if got, want := said(v), r.codes+" | "+r.asks; got != want {
		t.Errorf("says %q, want %q", got, want)
		for _, f := range v.Findings {
			t.Logf("%s: %s %q", f.Code, f.Summary, f.Evidence)
		}
	}
	sane(t, v)
	for _, f := range v.Findings {
		if !pointsRight(f.Facts.About, r.evidence.Certificates) {
			t.Errorf("%s points at %+v", f.Code, f.Facts.About)
		}
	}
}

// pointsRight reports whether a certificate stands where a finding says, or, one that is only
// known, was not sent.
func pointsRight(p finding.Pointer, sent [][]byte) bool {
	at := slices.IndexFunc(sent, func(der []byte) bool { return finding.Fingerprint(der) == p.Fingerprint })
	switch p.From {
	case finding.Sent:
		return at == p.Position-1 && p.Position > 0
	case finding.Known:
		return at < 0
	}
	return p.IsZero()
}

// sane holds what is true of every judgement.
func sane(t *testing.T, v chain.Judgement) {
	t.Helper()
	for _, f := range v.Findings {
		if f.Severity == "error" && f.Counterfactual == nil && f.Code != "unexplained" {
			t.Errorf("%s has no counterfactual", f.Code)
		}
		texts := append([]string{f.Summary, f.Facts.Subject, f.Facts.Issuer}, f.Evidence...)
		if f.Counterfactual != nil {
			texts = append(texts, f.Counterfactual.Text)
		}
		for _, text := range texts {
			if len(text) > 2000 || strings.Contains(text, "%!") {
				t.Errorf("%s: %d bytes: %.300q", f.Code, len(text), text)
			}
		}
		if err := f.Check(); err != nil {
			t.Errorf("a value outside the lists: %v", err)
		}
		if aboutCertificate(f.Code) && f.Facts.About.IsZero() {
			t.Errorf("%s says not which certificate it is about", f.Code)
		}
		if f.Summary == "" {
			t.Errorf("%s says nothing", f.Code)
		}
	}
}

// served returns a chain that a connection showed.
func served(certs [][]byte, name string, at time.Time) chain.Evidence {
	return chain.Evidence{Certificates: certs, Host: name, At: at, Handshake: &chain.Handshake{}}
}

// aboutCertificate reports whether a code speaks of one certificate: those do that can be seen when
// it has come, but for what speaks of the device or of nobody knows what.
func aboutCertificate(c finding.Code) bool {
	info, _ := finding.Lookup(c)
	return info.Stage == finding.Certifying && c != finding.ClientClock && c != finding.Unexplained
}
