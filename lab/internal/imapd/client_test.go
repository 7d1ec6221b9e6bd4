package imapd_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/internal/imapd"
	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire/wiretest"
)

// A served is a server with a mailbox.
type served struct {
	t       *testing.T
	store   *mailbox.Store
	pair    wiretest.Pair
	l       *wire.Listener
	records <-chan wire.Record
}

func serve(t *testing.T) served {
	t.Helper()
	store := mailbox.New(mailbox.Options{User: "user", Password: "secret", Address: "user@lab.test"})
	s := imapd.New(imapd.Options{Store: store, Logf: t.Logf})
	pair := wiretest.Healthy(t)
	l, records := wiretest.Listen(t, wire.Config{Dialect: wire.IMAP, Implicit: true, TLS: pair.Server, Handler: s})
	t.Cleanup(func() {
		l.Close()
		s.Close()
	})
	return served{t, store, pair, l, records}
}

func (s served) deliver(mail string) {
	s.t.Helper()
	if err := s.store.Deliver([]byte(mail)); err != nil {
		s.t.Fatal(err)
	}
}

// A client is logged in, and speaks in raw lines.
type client struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
	n int
}

func (s served) client() *client {
	s.t.Helper()
	conn := tls.Client(wiretest.Dial(s.t, s.l), s.pair.Client)
	s.t.Cleanup(func() { conn.Close() })
	c := &client{t: s.t, Conn: conn, r: bufio.NewReader(conn)}
	if _, err := c.r.ReadString('\n'); err != nil {
		s.t.Fatal(err)
	}
	c.says("LOGIN user secret", "OK")
	return c
}

// do sends a command and returns the answer, without the tag, its lines trimmed.
func (c *client) do(command string) []string {
	c.t.Helper()
	c.n++
	tag := fmt.Sprintf("t%d ", c.n)
	if _, err := io.WriteString(c, tag+command+"\r\n"); err != nil {
		c.t.Fatalf("%s: %v", command, err)
	}
	var out []string
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			c.t.Fatalf("%s: %v after %q", command, err, out)
		}
		line = strings.TrimRight(line, "\r\n")
		if rest, ok := strings.CutPrefix(line, tag); ok {
			return append(out, rest)
		}
		out = append(out, line)
	}
}

// says holds the answer to its lines: each begins with what is wanted.
func (c *client) says(command string, want ...string) {
	c.t.Helper()
	got := c.do(command)
	if command == "LOGIN user secret" {
		got = got[len(got)-1:]
	}
	if len(got) != len(want) {
		c.t.Errorf("%s: %q, want %q", command, got, want)
		return
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			c.t.Errorf("%s: %q, want %q", command, got[i], want[i])
		}
	}
}

// append stores a message.
func (c *client) append(folder, mail, want string) {
	c.t.Helper()
	c.n++
	fmt.Fprintf(c, "t%d APPEND %s {%d}\r\n", c.n, folder, len(mail))
	line, err := c.r.ReadString('\n')
	if err == nil && strings.HasPrefix(line, "+") {
		io.WriteString(c, mail+"\r\n")
		line, err = c.r.ReadString('\n')
		for err == nil && strings.HasPrefix(line, "* ") {
			line, err = c.r.ReadString('\n')
		}
	}
	if tag := fmt.Sprintf("t%d ", c.n); err != nil || !strings.HasPrefix(line, tag+want) {
		c.t.Fatalf("append to %s: %q %v, want %q", folder, line, err, want)
	}
}

// ended waits until the server has done with so many connections.
func (s served) ended(n int) {
	s.t.Helper()
	for range n {
		wiretest.Next(s.t, s.records)
	}
}
