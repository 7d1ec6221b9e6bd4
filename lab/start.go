package lab

import (
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// TB is the part of testing.TB that Start needs.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Start serves the scenario with the given id until the test ends. Nil options are the zero Options.
func Start(tb TB, id string, o *Options) *Server {
	tb.Helper()
	scenario, ok := scenarios.Lookup(id)
	if !ok {
		tb.Fatalf("there is no scenario %q; nearest: %v", id, scenarios.Nearest(id))
		return nil
	}
	return start(tb, scenario, o)
}

// StartCase serves a case of the caller's own until the test ends, on free ports, for whatever host
// it names. In the journal it is the scenario "case". Nil options are the zero Options.
func StartCase(tb TB, c scenarios.Case, o *Options) *Server {
	tb.Helper()
	if err := c.Check(); err != nil {
		tb.Fatalf("lab: the case cannot be served: %v", err)
		return nil
	}
	return start(tb, scenarios.Scenario{Lesson: scenarios.Lesson{ID: "case"}, Case: c}, o)
}

func start(tb TB, s scenarios.Scenario, o *Options) *Server {
	tb.Helper()
	var options Options
	if o != nil {
		options = *o
	}
	where := os.Getenv(serveVariable)
	if where != "" {
		if err := options.serveAt(where); err != nil {
			tb.Fatalf("lab: %s: %v", serveVariable, err)
			return nil
		}
	}
	if options.Authority == nil { // its root is forgotten with the test, and may certify what the case names
		var err error
		options.Authority, err = certs.NewAuthority(certs.Options{Now: options.Now, Hosts: options.Hosts, Permit: s.Hosts()})
		if err != nil {
			tb.Fatalf("lab: cannot make the authority: %v", err)
			return nil
		}
	}
	l, err := New(options)
	if err != nil {
		tb.Fatalf("lab: %v", err)
		return nil
	}
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Errorf("lab: %v", err)
		}
	})
	server, err := l.Serve(s)
	if err != nil {
		tb.Fatalf("lab: %v", err)
		return nil
	}
	if where != "" {
		if err := server.invite(os.Stderr); err != nil {
			tb.Fatalf("lab: %v", err)
			return nil
		}
		select {} // until the test is killed
	}
	return server
}

// serveVariable turns a test into a server to try by hand, as the flag -httptest.serve of
// net/http/httptest does. Its value is an address: that of the first endpoint, the others having
// the ports behind it, or one with port 0 for any free ones.
const serveVariable = "MAILTLSLAB_SERVE"

func (o *Options) serveAt(where string) error {
	host, text, err := net.SplitHostPort(where)
	if err != nil {
		return fmt.Errorf("%w; give an address such as 127.0.0.1:0", err)
	}
	ip := net.ParseIP(host)
	first, err := strconv.Atoi(text)
	if last := first + len(account.Endpoints()) - 1; err != nil || ip == nil || first < 0 || last > 65535 {
		return fmt.Errorf("%q is no IP address of this machine with a port; give one such as 127.0.0.1:0", where)
	}
	if !ip.IsLoopback() && !ip.IsUnspecified() {
		o.Hosts = append(slices.Clone(o.Hosts), host)
	}
	o.Listen, o.BasePort, o.Address = host, 0, nil
	if first != 0 {
		o.Address = func(_ int, e account.Endpoint) string {
			return net.JoinHostPort(host, strconv.Itoa(first+slices.Index(account.Endpoints(), e)))
		}
	}
	return nil
}

// invite says where the endpoints are, and all else that a client needs to be told.
func (s *Server) invite(w io.Writer) error {
	root, err := os.CreateTemp("", "mailtlslab-root-*.pem")
	if err == nil {
		_, err = root.Write(s.RootPEM())
		if closed := root.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		return fmt.Errorf("cannot write the root for other programs: %w", err)
	}
	fmt.Fprintf(w, "mailtlslab: serving %s until this test is killed\n", s.Scenario.ID)
	for _, e := range account.Endpoints() {
		fmt.Fprintf(w, "  %-12s %s\n", e, s.Addr(e))
	}
	_, err = fmt.Fprintf(w, "  %-12s %s\n  %-12s %s, password %s\n  %-12s %s\n", "server", s.Host(), "user", User, Password, "root", root.Name())
	return err
}
