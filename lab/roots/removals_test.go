package roots_test

import (
	"crypto/x509"
	"encoding/hex"
	"strings"
	"testing"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/mailtlslab/mailtlslab/lab/roots"
)

// A removal must name a key and a source, and no root that the built-in bundle still has.
func TestRemovals(t *testing.T) {
	trusted := map[string]bool{}
	for r := range bundle.Roots() {
		c, err := x509.ParseCertificate(r.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		trusted[hex.EncodeToString(c.SubjectKeyId)] = true
	}
	for _, d := range roots.Removals() {
		if id, err := hex.DecodeString(d.KeyID); err != nil || len(id) != 20 || d.KeyID != strings.ToLower(d.KeyID) {
			t.Errorf("%s: %q is no key identifier", d.Name, d.KeyID)
		}
		if trusted[d.KeyID] {
			t.Errorf("%s is in the built-in bundle", d.Name)
		}
		if !strings.Contains(d.Source, "https://") || d.Since.IsZero() || d.Name == "" {
			t.Errorf("%s: no source or date", d.Name)
		}
	}
}
