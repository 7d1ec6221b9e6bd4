package chain_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A cure changes the circumstances of a verification from outside.
type cure func(*x509.VerifyOptions)

// TestIndependently holds the property of the package comment with crypto/x509 alone, and by
// other edits than the rules': another time, no name, one more intermediate, one more root, any
// purpose. With all cures the chain as sent must verify; without any one it must not.
func TestIndependently(t *testing.T) {
	tried := 0
	for _, r := range builtChains(t) {
		cures, ok := curesOf(r.judge().Findings)
		if !ok {
			continue
		}
		tried++
		if err := verify(t, r, cures, -1); err != nil {
			t.Errorf("%s: with everything cured: %v", r.name, err)
		}
		for i := range cures {
			if verify(t, r, cures, i) == nil {
				t.Errorf("%s: it verifies without cure %d of %d", r.name, i, len(cures))
			}
		}
	}
	if tried < 40 {
		t.Errorf("only %d rows could be tried", tried)
	}
}

func verify(t *testing.T, r row, cures []cure, omit int) error {
	t.Helper()
	e := r.evidence
	opts := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: e.At, DNSName: e.Host,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, c := range r.roots {
		opts.Roots.AddCert(c)
	}
	sent := make([]*x509.Certificate, len(e.Certificates))
	for i, der := range e.Certificates {
		var err error
		if sent[i], err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		opts.Intermediates.AddCert(sent[i])
	}
	for i, c := range cures {
		if i != omit {
			c(&opts)
		}
	}
	_, err := sent[0].Verify(opts)
	return err
}

// curesOf returns one cure for each sort of finding, false when there is one that nothing from
// outside can cure. All dates share one clock.
func curesOf(fs []finding.Finding) (cures []cure, ok bool) {
	var at time.Time
	for _, f := range fs {
		extra, _ := x509.ParseCertificate(f.Facts.Certificate)
		switch f.Code {
		case finding.ExpiresSoon, finding.ChainOrder, finding.UnrelatedCertificate, finding.RootAlsoSent, finding.WeakKey, finding.CAUsedAsServer, finding.ExpiredCrossSign, finding.LifetimeTooLong, finding.KeyUsageForbids:
		case finding.MissingIntermediate:
			cures = append(cures, func(o *x509.VerifyOptions) { o.Intermediates.AddCert(extra) })
		case finding.IssuerNotTrusted, finding.IssuerUnknown, finding.SelfSigned:
			cures = append(cures, func(o *x509.VerifyOptions) { o.Roots.AddCert(extra) })
		case finding.NameMismatch, finding.NoSAN, finding.ConnectByIP, finding.WildcardDepth:
			cures = append(cures, func(o *x509.VerifyOptions) { o.DNSName = "" })
		case finding.WrongPurpose:
			cures = append(cures, func(o *x509.VerifyOptions) { o.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} })
		case finding.Expired, finding.IntermediateExpired, finding.RootExpired:
			if at.IsZero() || f.Facts.At.Before(at) {
				at = f.Facts.At
			}
		case finding.NotYetValid, finding.IntermediateNotYetValid, finding.RootNotYetValid:
			if f.Facts.At.After(at) {
				at = f.Facts.At
			}
		default:
			return nil, false
		}
	}
	if !at.IsZero() {
		cures = append(cures, func(o *x509.VerifyOptions) { o.CurrentTime = at })
	}
	return cures, true
}
