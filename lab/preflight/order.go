package preflight

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// InOrder puts the leaf first where a file begins with another certificate that was issued in it,
// and says so: otherwise all that could be said is that a CA is no server.
func InOrder(ders [][]byte) ([][]byte, []finding.Finding) {
	if len(ders) == 0 {
		return nil, nil
	}
	sorted := capture.LeafFirst(ders)
	first, err := bound.Certificate(ders[0])
	leaf, err2 := bound.Certificate(sorted[0])
	if err != nil || err2 != nil || bytes.Equal(ders[0], sorted[0]) || !first.IsCA || leaf.IsCA {
		return ders, nil
	}
	return sorted, []finding.Finding{leafNotFirst(ders, first, leaf)}
}

// leading puts one certificate first, and the rest in the order of signing.
func leading(chain [][]byte, leaf int) [][]byte {
	rest := slices.Concat(chain[:leaf], chain[leaf+1:])
	return capture.LeafFirst(append([][]byte{chain[leaf]}, rest...))
}

// leafNotFirst is graver than the usual finding: what a client takes for the server's certificate
// is the first one, RFC 8446 section 4.4.2.
func leafNotFirst(file [][]byte, first, leaf *x509.Certificate) finding.Finding {
	f := finding.New(finding.ChainOrder, fmt.Sprintf("the file begins with %s, and the server's own certificate, %s, comes later", CertName(first), CertName(leaf)))
	f.Severity = finding.Error
	f.Evidence = []string{"a client takes the first certificate for the server's (RFC 8446 section 4.4.2), and most servers do not start with such a file"}
	f.Facts.About, f.Facts.Subject = finding.PointAt(leaf.Raw, file, finding.RoleLeaf), CertName(leaf)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditSortChain, Text: "with the server's certificate first and each issuer after it the file would be in order"}
	return finding.FromFile([]finding.Finding{f}, file)[0]
}

// CertName returns what to call a certificate: its Common Name, else its subject. It comes from a
// stranger: it is bounded, and to be escaped when printed.
func CertName(c *x509.Certificate) string {
	if cn := c.Subject.CommonName; cn != "" {
		return finding.Clip(cn)
	}
	return finding.Clip(c.Subject.String())
}
