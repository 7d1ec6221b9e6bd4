package wire_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire/wiretest"
)

func TestAccept(t *testing.T) {
	a := newAccount(t)
	for _, c := range []struct {
		accept fault.Accept
		want   error
	}{{fault.Reset, syscall.ECONNRESET}, {fault.Close, io.EOF}} {
		cfg := a.config(wire.IMAP, true)
		cfg.Plan.Accept = c.accept
		l, records := wiretest.Listen(t, cfg)
		if err := readOnce(l.Addr().String()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.accept, err, c.want)
		}
		if r := wiretest.Next(t, records); r.Stage != wire.Connected || r.Remote == "" || r.Ended.Before(r.Began) {
			t.Errorf("%s: record %+v", c.accept, r)
		}
	}
}

// readOnce connects and reads. A reset may be so quick that the connect reports it.
func readOnce(addr string) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(wiretest.Patience))
	_, err = c.Read(make([]byte, 1))
	return err
}

func TestHang(t *testing.T) {
	a := newAccount(t)
	cfg := a.config(wire.IMAP, true)
	cfg.Plan.Accept = fault.Hang
	l, records := wiretest.Listen(t, cfg)
	c := wiretest.Dial(t, l)
	sent := make(chan struct{})
	client := tls.Client(&tell{Conn: c, sent: sent}, a.pair.Client)
	done := make(chan error)
	go func() { done <- client.Handshake() }()
	<-sent
	c.(*net.TCPConn).CloseWrite()
	if err := <-done; err == nil {
		t.Error("a silent server finished a handshake")
	}
	if r := wiretest.Next(t, records); r.Stage != wire.Hello || r.SNI != "mail.lab.test" || len(r.Versions) == 0 {
		t.Errorf("record %+v", r)
	}
	// The other end: Close of the listener ends it.
	c = wiretest.Dial(t, l)
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after Close: %v", err)
	}
}

// tell reports the first write.
type tell struct {
	net.Conn
	once sync.Once
	sent chan struct{}
}

func (c *tell) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.once.Do(func() { close(c.sent) })
	return n, err
}

func TestPortal(t *testing.T) {
	a := newAccount(t)
	cfg := a.config(wire.IMAP, true)
	cfg.Plan.Portal = "HTTP/1.1 302 Found\r\nLocation: http://portal.test/\r\n\r\n"
	l, records := wiretest.Listen(t, cfg)
	c := wiretest.Dial(t, l)
	err := tls.Client(c, a.pair.Client).Handshake()
	var record tls.RecordHeaderError
	if !errors.As(err, &record) || string(record.RecordHeader[:]) != "HTTP/" {
		t.Errorf("handshake with a portal: %v", err)
	}
	c.Close()
	if r := wiretest.Next(t, records); r.Stage != wire.Hello || r.SNI != "mail.lab.test" {
		t.Errorf("record %+v", r)
	}
}

// TestSet changes a running port: healthy, closed, healthy again, another plan.
func TestSet(t *testing.T) {
	a := newAccount(t)
	cfg := a.config(wire.POP3, false)
	cfg.Plan.Closed = true
	l, _ := wiretest.Listen(t, cfg)
	addr := l.Addr().String()
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Fatal("a closed port accepted")
	}
	greeting := func(plan fault.Plan) string {
		next := a.config(wire.POP3, false)
		next.Plan = plan
		if err := l.Set(&next); err != nil {
			t.Fatal(err)
		}
		if l.Addr().String() != addr {
			t.Fatalf("address moved from %s to %s", addr, l.Addr())
		}
		if plan.Closed {
			_, err := net.Dial("tcp", addr)
			if !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("closed port: %v", err)
			}
			return ""
		}
		c := wiretest.Dial(t, l)
		buf := make([]byte, 100)
		n, _ := c.Read(buf)
		return string(buf[:n])
	}
	if g := greeting(fault.Plan{}); !strings.HasPrefix(g, "+OK mail.lab.test") {
		t.Errorf("healthy: %q", g)
	}
	greeting(fault.Plan{Closed: true})
	if g := greeting(fault.Plan{CutAfter: 3}); g != "+OK" {
		t.Errorf("cut: %q", g)
	}
	if g := greeting(fault.Plan{}); !strings.HasPrefix(g, "+OK mail.lab.test") {
		t.Errorf("healthy again: %q", g)
	}
	l.Close()
	if err := l.Set(&cfg); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestClose opens 200 connections in every state, closes, and wants every descriptor back, and
// at most one record of each: those the kernel had not handed over yet leave none.
func TestClose(t *testing.T) {
	a := newAccount(t)
	first, _ := wiretest.Listen(t, a.config(wire.IMAP, true)) // the runtime's poller has descriptors too
	wiretest.Dial(t, first).Close()
	first.Close()
	before := descriptors(t)
	hang := a.config(wire.IMAP, true)
	hang.Plan.Accept = fault.Hang
	var listeners []*wire.Listener
	var records []<-chan wire.Record
	for _, cfg := range []wire.Config{
		a.config(wire.IMAP, true), a.config(wire.IMAP, false), a.config(wire.SMTP, true), a.config(wire.SMTP, false),
		a.config(wire.POP3, true), a.config(wire.POP3, false), a.config(wire.HTTP, true), hang,
	} {
		l, r := wiretest.Listen(t, cfg)
		listeners, records = append(listeners, l), append(records, r)
	}
	var clients []net.Conn
	for i := range 200 {
		l := listeners[i%len(listeners)]
		c := wiretest.Dial(t, l)
		clients = append(clients, c)
		implicit := i%len(listeners)%2 == 0
		switch i / len(listeners) % 4 {
		case 0: // connected, nothing said
		case 1: // part of a record, or of a line
			io.WriteString(c, "\x16\x03")
		case 2:
			if implicit {
				if err := tls.Client(c, a.pair.Client).Handshake(); err != nil {
					t.Fatal(err)
				}
			} else {
				c.Write([]byte("a STARTTLS\r\n"))
			}
		case 3:
			c.Close()
		}
	}
	var wg sync.WaitGroup
	for _, l := range listeners {
		wg.Go(func() { l.Close() })
		wg.Go(func() { l.Close() })
	}
	wg.Wait()
	for _, c := range clients {
		c.Close()
	}
	for i, r := range records {
		if len(r) > 25 {
			t.Errorf("listener %d: %d records of 25 connections", i, len(r))
		}
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here to count descriptors in")
	}
	return len(entries)
}

// TestHandshakeTimeout: a client that connects and says nothing is not kept for ever.
func TestHandshakeTimeout(t *testing.T) {
	a := newAccount(t)
	cfg := a.config(wire.IMAP, true)
	cfg.HandshakeTimeout = time.Millisecond
	l, records := wiretest.Listen(t, cfg)
	wiretest.Dial(t, l)
	if r := wiretest.Next(t, records); r.HandshakeError == "" || r.Stage != wire.Connected {
		t.Errorf("record %+v", r)
	}
}
