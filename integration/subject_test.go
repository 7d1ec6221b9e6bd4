package integration

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// A subject is a server under test, with the CA that its clients trust. Its healthy state is made
// by the remedies alone: the distribution's configuration, then the ports, then a pair.
type subject struct {
	*Server
	ca       *certs.Authority
	client   *Client
	accounts []account.Settings
	healthy  Pair
}

func newSubject(t *testing.T, p Product) *subject {
	t.Helper()
	m := newMachine(t, p.Image)
	return prepare(t, m, p)
}

// prepare starts a product on a machine and makes it healthy.
func prepare(t *testing.T, m *Machine, p Product) *subject {
	t.Helper()
	ctx := t.Context()
	book, err := remedy.Open()
	must(t, err)
	server, err := Start(ctx, m, p, book)
	must(t, err)
	s := &subject{Server: server}
	s.ca, err = certs.NewAuthority(certs.Options{})
	must(t, err)
	s.healthy, err = s.issue(Host)
	must(t, err)
	s.client = NewClient(s.ca)
	s.accounts = s.Endpoints(Host)
	must(t, s.deliver(ctx, s.healthy))
	must(t, s.installDelivered(ctx))
	must(t, s.carryOut(ctx, s.procedure(remedy.OpenPorts)))
	must(t, s.save(ctx, "healthy"))
	s.expectHealthy(t)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// issue has the CA deliver a pair with faults in the certificate.
func (s *subject) issue(host string, faults ...certs.Fault) (Pair, error) {
	b, err := s.ca.Build(certs.Spec{Host: host, Faults: faults})
	if err != nil {
		return Pair{}, err
	}
	return PairOf(b)
}

// procedure returns the steps of a task as any advice that has them prints them; nothing where
// there are none for this product.
func (s *subject) procedure(task remedy.Task) remedy.Procedure {
	for _, info := range finding.All() {
		advice, _ := s.book.For(info.Code)
		if steps, ok := advice.Fill(finding.Facts{Host: Host}).Procedure(task, s.Procedures); ok {
			return steps.Procedure
		}
	}
	return remedy.Procedure{}
}

// installDelivered runs the remedy's own commands with what lies in the folder for new files. A
// server that refuses a broken pair has it in its files all the same, which is the point.
func (s *subject) installDelivered(ctx context.Context) error {
	err := s.carryOut(ctx, s.procedure(remedy.InstallPair))
	var exit *ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// replaceFiles puts a pair into the server's files, and tells the server nothing.
func (s *subject) replaceFiles(ctx context.Context, p Pair) error {
	if err := s.deliver(ctx, p); err != nil {
		return err
	}
	if s.Key == s.Cert {
		return s.run(ctx, fmt.Sprintf("cat %s/privkey.pem %s/fullchain.pem > %s", newFiles, newFiles, s.Cert))
	}
	return s.run(ctx, fmt.Sprintf("cat %s/fullchain.pem > %s\ncat %s/privkey.pem > %s", newFiles, s.Cert, newFiles, s.Key))
}

func (s *subject) run(ctx context.Context, commands string) error {
	_, err := s.Machine.Run(ctx, "/", commands)
	return err
}

// edit sets lines in a file of configuration and runs commands.
func (s *subject) edit(ctx context.Context, file, lines, commands string) error {
	return s.carryOut(ctx, remedy.Procedure{Files: []remedy.File{{Path: file, Lines: lines}}, Run: commands})
}

// heal puts the healthy state back and waits until it shows.
func (s *subject) heal(t *testing.T) {
	t.Helper()
	must(t, s.restore(t.Context(), "healthy"))
	must(t, s.Reload(t.Context()))
	s.expectHealthy(t)
}

func (s *subject) expectHealthy(t *testing.T) {
	t.Helper()
	good := func(v View) bool { return v.presents(s.healthy.Fingerprint()) && v.clean() }
	if v := s.await(t.Context(), s.client, s.accounts, good); !good(v) {
		t.Fatalf("%s is not healthy: %s", s.Name, v.words())
	}
}

func pemChain(ders [][]byte) []byte {
	var out bytes.Buffer
	for _, der := range ders {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return out.Bytes()
}
