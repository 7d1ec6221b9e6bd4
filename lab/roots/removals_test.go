package roots_test

import (
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/x509roots/fallback/bundle"

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
