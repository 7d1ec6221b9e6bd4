package roots_test

import (
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/roots"
)

// A removal must say which root it is, since when, and by whom, and must not be about a root that
// the built-in bundle still has.
func TestRemovals(t *testing.T) {
	keyID, key := map[string]bool{}, map[string]bool{}
	for r := range bundle.Roots() {
		c, err := x509.ParseCertificate(r.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		keyID[hex.EncodeToString(c.SubjectKeyId)] = true
		key[string(c.RawSubject)+string(c.RawSubjectPublicKeyInfo)] = true
	}
	if len(roots.Removals()) < 100 {
		t.Errorf("%d removals", len(roots.Removals()))
	}
	for _, d := range roots.Removals() {
		if d.Since.IsZero() || d.Name == "" || !d.Expired && !strings.Contains(d.Source, "https://") {
			t.Errorf("%s: no source or date", d.Name)
		}
		if d.Certificate == nil {
			if id, err := hex.DecodeString(d.KeyID); err != nil || len(id) != 20 || d.KeyID != strings.ToLower(d.KeyID) {
				t.Errorf("%s: %q is no key identifier", d.Name, d.KeyID)
			}
			if keyID[d.KeyID] {
				t.Errorf("%s is in the built-in bundle", d.Name)
			}
			continue
		}
		c, err := x509.ParseCertificate(d.Certificate)
		if err != nil {
			t.Fatalf("%s: %v", d.Name, err)
		}
		names := slices.Concat([]string{c.Subject.CommonName}, c.Subject.OrganizationalUnit, c.Subject.Organization)
		if !slices.Contains(names, d.Name) {
			t.Errorf("%s stands beside the certificate of %s", d.Name, c.Subject)
		}
		if key[string(c.RawSubject)+string(c.RawSubjectPublicKeyInfo)] {
			t.Errorf("%s is in the built-in bundle", d.Name)
		}
		if last := c.NotAfter.Format("2006-01-02") == d.Since.Format("2006-01-02"); last != d.Expired || d.Since.After(c.NotAfter) {
			t.Errorf("%s: gone since %s, and its last day is %s", d.Name, d.Since, c.NotAfter)
		}
	}
}

// The store of a device as it is sold trusts a removed root on the day before it went, and on the
// day after says what became of it. One that has only its own roots says that others had it.
func TestRemovalsInTime(t *testing.T) {
	public, err := roots.Public()
	if err != nil {
		t.Fatal(err)
	}
	judge, own := chain.Judge{Knowledge: public.Knowledge()}, chain.Judge{Knowledge: public.Only(nil).Knowledge()}
	for i, d := range roots.Removals() {
		if d.Certificate == nil || d.Name == "PSCProcert" || i%3 > 0 { // which another one signed; and a third of them is enough
			continue
		}
		look := func(j chain.Judge, at time.Time) chain.Judgement {
			return j.Judge(chain.Evidence{Certificates: [][]byte{d.Certificate}, At: at, Usage: chain.Any})
		}
		before, after := d.Since.Add(-24*time.Hour), d.Since.Add(24*time.Hour)
		if got := look(judge, before); !got.Accepted {
			t.Errorf("%s the day before: %v", d.Name, finding.Codes(got.Findings))
		}
		want := finding.RootDistrusted
		if d.Expired {
			want = finding.Expired // it is its own leaf here
		}
		if got := look(judge, after); got.Accepted || !slices.Contains(finding.Codes(got.Findings), want) {
			t.Errorf("%s the day after: %v", d.Name, finding.Codes(got.Findings))
		}
		if got := look(own, before); !slices.Contains(finding.Codes(got.Findings), finding.RootMissingOnDevice) {
			t.Errorf("%s where only others had it: %v", d.Name, finding.Codes(got.Findings))
		}
	}
}
