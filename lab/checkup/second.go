package checkup

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// secondOpinion asks the machine's own store where something about trust was found: that it accepts a
// chain explains why a program on it does, and makes nothing right.
func (x *examination) secondOpinion(p *Place, ders [][]byte, at time.Time) {
	i := slices.IndexFunc(p.Findings, aboutAStore)
	if i < 0 || x.Second == nil || len(ders) == 0 {
		return
	}
	if !x.asked {
		x.asked, x.second = true, x.Second()
	}
	if x.second == nil {
		return
	}
	leaf, err := bound.Certificate(ders[0])
	if err != nil {
		return
	}
	between := x509.NewCertPool()
	for _, der := range ders[1:] {
		if c, err := bound.Certificate(der); err == nil {
			between.AddCert(c)
		}
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: x.second, Intermediates: between, CurrentTime: at}); err != nil {
		return
	}
	f := p.Findings[i]
	f.Evidence = append(slices.Clone(f.Evidence), "the store of this machine trusts it, so that programs here which use that store accept it")
	p.Findings = slices.Clone(p.Findings)
	p.Findings[i] = f
}

// aboutAStore reports whether another trust store may think otherwise.
func aboutAStore(f finding.Finding) bool {
	switch f.Code {
	case finding.IssuerNotTrusted, finding.IssuerUnknown, finding.SelfSigned, finding.RootMissingOnDevice, finding.RootDistrusted, finding.Interception, finding.InterceptionOnMailPort, finding.LocalInterception:
		return true
	}
	return false
}
