package integration

import (
	"context"
	"crypto/x509"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/lab/roots"
)

// A Client looks at servers as a well-informed mail program that trusts one CA.
type Client struct {
	Prober *probe.Prober
	Judge  diagnose.Judge
}

// stepTimeout is how long a step of a connection may take: servers on this machine answer in
// milliseconds, and a silent one is waited for this long.
const stepTimeout = 3 * time.Second

// NewClient returns a client that trusts what a CA's clients trust, and knows what it has made so far.
func NewClient(a *certs.Authority) *Client {
	return newClient(a.Roots(), a.Intermediates())
}

func newClient(trusted, intermediates []*x509.Certificate) *Client {
	return &Client{
		Prober: &probe.Prober{Timeout: stepTimeout, NoFetch: true},
		Judge:  diagnose.Judge{Knowledge: roots.Of(trusted, intermediates).Knowledge()},
	}
}

// A View is one look at all endpoints of a server, and what it means.
type View struct {
	Survey probe.Survey
	Report diagnose.Report
}

// Look looks once at every endpoint and diagnoses. installed are the certificates in the
// server's file, where they are to be compared.
func (c *Client) Look(ctx context.Context, all []account.Settings, installed [][]byte) View {
	survey := c.Prober.Survey(ctx, all, true)
	survey.Installed = installed
	report, survey := c.Judge.Examine(survey, func(asks []probe.Ask) []probe.Further { return c.Prober.Answer(ctx, asks) })
	return View{Survey: survey, Report: report}
}

// pace is how often a server is looked at while it is waited for.
const pace = 50 * time.Millisecond

// Until looks again and again until something holds, or the context ends. It returns the last view.
func (c *Client) Until(ctx context.Context, all []account.Settings, holds func(View) bool) View {
	next := time.NewTicker(pace)
	defer next.Stop()
	for {
		v := c.Look(ctx, all, nil)
		if holds(v) {
			return v
		}
		select {
		case <-ctx.Done():
			return v
		case <-next.C:
		}
	}
}

// presents reports whether every endpoint shows the leaf with a fingerprint.
func (v View) presents(fingerprint string) bool {
	return !slices.ContainsFunc(v.leaves(), func(f string) bool { return f != fingerprint })
}

// sameLeaves reports whether every endpoint shows the same leaf in both views.
func (v View) sameLeaves(other View) bool { return slices.Equal(v.leaves(), other.leaves()) }

// leaves returns the fingerprint of the leaf that each endpoint shows, "" where none does.
func (v View) leaves() []string {
	var out []string
	for _, o := range v.Survey.Observations {
		f := ""
		if o.TLS != nil && len(o.TLS.Chain) > 0 {
			f = finding.Fingerprint(o.TLS.Chain[0])
		}
		out = append(out, f)
	}
	return out
}

// clean reports whether nothing at all was found.
func (v View) clean() bool {
	return !slices.ContainsFunc(v.Report.Endpoints, func(e diagnose.Endpoint) bool { return len(e.Findings) > 0 })
}

// errors counts the findings that are errors.
func (v View) errors() int {
	n := 0
	for _, e := range v.Report.Endpoints {
		for _, f := range e.Findings {
			if f.Severity == finding.Error {
				n++
			}
		}
	}
	return n
}
