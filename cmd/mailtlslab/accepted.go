package main

import (
	"crypto/x509"

	"mailtlslab/lab/diagnose"
	"mailtlslab/lab/finding"
)

// A trust is the roots of a run: as the diagnosis knows them, and as crypto/x509 does.
type trust struct {
	judge diagnose.Judge
	pool  *x509.CertPool
}

func newTrust(roots []diagnose.Root) *trust {
	t := &trust{diagnose.Judge{Knowledge: diagnose.NewKnowledge(roots, nil)}, x509.NewCertPool()}
	for _, r := range roots {
		if r.Constraint != nil {
			t.pool.AddCertWithConstraint(r.Certificate, r.Constraint)
		} else {
			t.pool.AddCert(r.Certificate)
		}
	}
	return t
}

// chain judges a chain, and says whether crypto/x509 accepts it together with the name.
func (t *trust) chain(c diagnose.Chain) (found []finding.Finding, accepted bool) {
	return t.judge.Chain(c), t.accepts(c)
}

func (t *trust) accepts(c diagnose.Chain) bool {
	leaf, err := x509.ParseCertificate(c.Certificates[0])
	if err != nil || c.Host != "" && leaf.VerifyHostname(c.Host) != nil {
		return false
	}
	rest := x509.NewCertPool()
	for _, der := range c.Certificates[1:] {
		if cert, err := x509.ParseCertificate(der); err == nil {
			rest.AddCert(cert)
		}
	}
	usage := map[diagnose.Usage]x509.ExtKeyUsage{diagnose.Client: x509.ExtKeyUsageClientAuth, diagnose.Any: x509.ExtKeyUsageAny}
	purpose, ok := usage[c.Usage]
	if !ok {
		purpose = x509.ExtKeyUsageServerAuth
	}
	_, err = leaf.Verify(x509.VerifyOptions{Roots: t.pool, Intermediates: rest, CurrentTime: c.At, KeyUsages: []x509.ExtKeyUsage{purpose}})
	return err == nil
}
