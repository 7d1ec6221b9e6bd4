package integration

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/preflight"
)

// A Refused error says that a pair was not given to a server, because the check found it wrong.
type Refused struct {
	Findings []finding.Finding
	Problems []string
}

func (e *Refused) Error() string {
	words := slices.Clone(e.Problems)
	for _, f := range e.Findings {
		words = append(words, f.Summary)
	}
	return "the new pair is not installed: " + strings.Join(words, "; ")
}

// checked refuses a pair that should not be given to a server: the check of
// "mailtlslab diagnose --cert --key" finds an error in it.
func checked(c *Client, p Pair, host string) error {
	r := preflight.Check(preflight.Pair{
		Cert: preflight.File{Name: "fullchain.pem", Data: p.Chain}, Key: preflight.File{Name: "privkey.pem", Data: p.Key}, Host: host,
	}, chain.Judge{Knowledge: c.Judge.Knowledge}, time.Now())
	if r.Failed() {
		return &Refused{Findings: r.Findings, Problems: r.Problems}
	}
	return nil
}

// Files returns the server's certificate and key as it reads them itself: with the rights of the
// user who opens them.
func (s *Server) Files(ctx context.Context, host string) preflight.Pair {
	file := func(name string) preflight.File {
		data, err := s.Machine.Read(ctx, s.User, name)
		return preflight.File{Name: name, Data: data, Err: err}
	}
	return preflight.Pair{Cert: file(s.Cert), Key: file(s.Key), Host: host}
}
