package chain

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// soon is when an expiry deserves a warning.
const soon = 7 * 24 * time.Hour

// dates judges the validity of every certificate of the path, each on its own.
func dates(ev *evidence) []fault {
	var out []fault
	for i, c := range ev.path.certs {
		if ev.at.After(c.NotAfter) {
			out = append(out, expired(ev, i, c))
		}
		if ev.at.Before(c.NotBefore) { // both, when the window is the wrong way round
			out = append(out, notYetValid(ev, i, c))
		}
	}
	return out
}

func expired(ev *evidence, i int, c *x509.Certificate) fault {
	code := ev.place(i, finding.Expired, finding.IntermediateExpired, finding.RootExpired)
	f := finding.New(code, fmt.Sprintf("%s %s expired %s ago, on %s", ev.called(i), Name(c), finding.Span(ev.at.Sub(c.NotAfter)), finding.Day(c.NotAfter)))
	f.Evidence = []string{fmt.Sprintf("the device's clock says %s", finding.Day(ev.at))}
	f.Facts.About, f.Facts.Subject, f.Facts.At = ev.about(c), Name(c), c.NotAfter
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditTime, Text: fmt.Sprintf("until %s it was valid", finding.Day(c.NotAfter))}
	return fault{f, func(w *world) { w.certs[i].NotAfter = w.at.Add(time.Second) }}
}

func notYetValid(ev *evidence, i int, c *x509.Certificate) fault {
	code := ev.place(i, finding.NotYetValid, finding.IntermediateNotYetValid, finding.RootNotYetValid)
	f := finding.New(code, fmt.Sprintf("%s %s is valid only from %s, in %s", ev.called(i), Name(c), finding.Day(c.NotBefore), finding.Span(c.NotBefore.Sub(ev.at))))
	f.Evidence = []string{fmt.Sprintf("the device's clock says %s", finding.Day(ev.at))}
	f.Facts.About, f.Facts.Subject, f.Facts.At = ev.about(c), Name(c), c.NotBefore
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditTime, Text: fmt.Sprintf("from %s it will be valid", finding.Day(c.NotBefore))}
	return fault{f, func(w *world) { w.certs[i].NotBefore = w.at.Add(-time.Second) }}
}

// place picks the code for the i-th certificate of the path.
func (ev *evidence) place(i int, leaf, intermediate, root finding.Code) finding.Code {
	switch {
	case i == 0:
		return leaf
	case ev.path.end != Dangling && i == len(ev.path.certs)-1:
		return root
	}
	return intermediate
}

func (ev *evidence) called(i int) string {
	return map[finding.Code]string{
		finding.Expired: "the certificate for", finding.IntermediateExpired: "the intermediate", finding.RootExpired: "the root",
	}[ev.place(i, finding.Expired, finding.IntermediateExpired, finding.RootExpired)]
}

// expiresSoon warns of a leaf whose automatic renewal should have happened already.
func expiresSoon(ev *evidence) []fault {
	leaf := ev.path.leaf()
	left := leaf.NotAfter.Sub(ev.at)
	if left < 0 || left >= soon || ev.at.Before(leaf.NotBefore) {
		return nil
	}
	f := finding.New(finding.ExpiresSoon, fmt.Sprintf("the certificate for %s expires in %s, on %s", Name(leaf), finding.Span(left), finding.Day(leaf.NotAfter)))
	f.Facts.About, f.Facts.Subject, f.Facts.At = ev.about(leaf), Name(leaf), leaf.NotAfter
	return []fault{{Finding: f}}
}
