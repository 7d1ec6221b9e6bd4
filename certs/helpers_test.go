package certs

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"
)

func testNow() time.Time { return time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC) }

func newAuthorityT(t testing.TB, hosts ...string) *Authority {
	t.Helper()
	a, err := NewAuthority(Options{Now: testNow(), Hosts: hosts})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func build(t testing.TB, a *Authority, faults ...Fault) *Bundle {
	t.Helper()
	b, err := a.Build(Spec{Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func pool(certs ...*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p
}

// reason says in one word why crypto/x509 refuses what a bundle sends, empty when it accepts.
func reason(a *Authority, b *Bundle, host string) string {
	_, err := b.Leaf().Verify(x509.VerifyOptions{
		DNSName: host, Roots: pool(a.Roots()...), Intermediates: pool(b.Chain[1:]...), CurrentTime: a.now,
	})
	var (
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &name):
		return "name"
	case errors.As(err, &unknown):
		// The cause is in the hint, which Go gives as words only.
		for _, hint := range []struct{ words, reason string }{
			{"cannot sign this kind of certificate", "not-ca"},
			{"insecure algorithm", "weak"},
			{"verification failure", "signature"},
		} {
			if strings.Contains(err.Error(), hint.words) {
				return hint.reason
			}
		}
		return "unknown"
	case errors.As(err, &invalid):
		switch invalid.Reason {
		case x509.Expired:
			return "time"
		case x509.NotAuthorizedToSign:
			return "not-ca"
		case x509.IncompatibleUsage:
			return "usage"
		case x509.CANotAuthorizedForThisName:
			return "constraint"
		}
	}
	return err.Error()
}

// overlap reports whether each certificate's window meets that of its issuer.
func overlap(d *draft) bool {
	for ; d.issuer != nil; d = d.issuer {
		if !d.cert.NotBefore.Before(d.issuer.cert.NotAfter) || !d.issuer.cert.NotBefore.Before(d.cert.NotAfter) {
			return false
		}
	}
	return true
}
