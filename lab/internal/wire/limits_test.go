package wire

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// from is a connection of which only the address matters.
type from struct {
	net.Conn
	addr string
}

func (f from) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(f.addr), 1))
}

func TestLimitsPerAddress(t *testing.T) {
	l := &Limits{descriptors: 1 << 20, addresses: map[netip.Addr]int{}}
	var leave []func()
	fill := func(n int, addr string) (refusal string) {
		for range n {
			out, refused, _ := l.enter(from{addr: addr})
			leave = append(leave, out)
			refusal = refused
		}
		return refusal
	}
	for _, c := range []struct {
		n       int
		addr    string
		refused bool
	}{
		{perAddress, "192.0.2.1", false}, {1, "192.0.2.1", true}, {1, "::ffff:192.0.2.1", true}, {1, "192.0.2.2", false},
		{perAddress, "2001:db8::1", false}, {1, "2001:db8::ffff", true}, {1, "2001:db8:0:1::1", false},
		{perAddress + 1, "127.0.0.1", false}, {perAddress + 1, "::1", false},
	} {
		if refusal := fill(c.n, c.addr); (refusal != "") != c.refused {
			t.Errorf("%d of %s: %q", c.n, c.addr, refusal)
		}
	}
	for _, f := range leave {
		f()
	}
	if l.open != 0 || l.leaving != 0 || len(l.addresses) != 0 {
		t.Errorf("%d open, %d leaving, %d addresses are left", l.open, l.leaving, len(l.addresses))
	}
}

func TestLimitsInAll(t *testing.T) {
	for descriptors, want := range map[int]int{1024: 922, 20_000: 19_000, 1 << 30: most, 0: 8} {
		if got := (&Limits{descriptors: descriptors}).room(); got != want {
			t.Errorf("%d descriptors: %d connections, want %d", descriptors, got, want)
		}
	}
	l := &Limits{descriptors: 0, addresses: map[netip.Addr]int{}}
	told := 0
	for range 100 {
		if _, refusal, mute := l.enter(from{addr: "127.0.0.1"}); refusal != "" && !mute {
			told++
		}
	}
	if told != goodbyes {
		t.Errorf("%d are told", told)
	}
}

// TestTurnedAway: a connection too many is told so in the words of its protocol, and one that was
// closed makes room.
func TestTurnedAway(t *testing.T) {
	for _, c := range []struct {
		dialect  Dialect
		implicit bool
		want     string
	}{
		{IMAP, false, "* BYE [UNAVAILABLE] Too many"}, {POP3, false, "-ERR [SYS/TEMP] Too many"}, {SMTP, false, "421 4.3.2 Too many"}, {HTTP, true, ""},
	} {
		records := make(chan Record, 100)
		limits := &Limits{descriptors: 0, addresses: map[netip.Addr]int{}}
		l, err := Listen("127.0.0.1:0", &Config{Dialect: c.dialect, Implicit: c.implicit, Handler: silent{}, TLS: &tls.Config{}, Limits: limits, Done: func(r Record) { records <- r }})
		if err != nil {
			t.Fatal(err)
		}
		dial := func() net.Conn {
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			conn.SetDeadline(time.Now().Add(20 * time.Second))
			return conn
		}
		var open []net.Conn
		for range 8 {
			open = append(open, dial())
		}
		extra := dial()
		if c.implicit {
			err := tls.Client(extra, &tls.Config{InsecureSkipVerify: true}).Handshake()
			if alert := (*net.OpError)(nil); !errors.As(err, &alert) || alert.Op != "remote error" {
				t.Errorf("%s: %v", c.dialect, err)
			}
		} else if line, err := bufio.NewReader(extra).ReadString('\n'); err != nil || !strings.HasPrefix(line, c.want) {
			t.Errorf("%s: %q %v", c.dialect, line, err)
		}
		extra.Close()
		if r := <-records; r.Refused == "" || r.Stage != Connected && r.Stage != Hello {
			t.Errorf("%+v", r)
		}
		open[0].Close()
		if r := <-records; r.Refused != "" {
			t.Errorf("%+v", r)
		}
		open = append(open, dial())
		for _, conn := range open[1:] {
			conn.Close()
		}
		for range open[1:] {
			if r := <-records; r.Refused != "" {
				t.Errorf("%+v", r)
			}
		}
		l.Close()
		if limits.open != 0 || limits.listeners != 0 {
			t.Errorf("%d connections and %d listeners are left", limits.open, limits.listeners)
		}
	}
}

// silent serves by reading to the end.
type silent struct{}

func (silent) ServeConn(c net.Conn) { io.Copy(io.Discard, c) }

// TestIPv4Only: 0.0.0.0 does not mean IPv6.
func TestIPv4Only(t *testing.T) {
	for addr, want := range map[string]string{"0.0.0.0:0": "tcp4", "127.0.0.1:1": "tcp4", "[::]:0": "tcp", "[::1]:0": "tcp", "localhost:0": "tcp"} {
		if got := family(addr); got != want {
			t.Errorf("%s: %s", addr, got)
		}
	}
	l, err := Listen("0.0.0.0:0", &Config{Dialect: HTTP, Handler: silent{}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !l.Addr().(*net.TCPAddr).IP.Equal(net.IPv4zero) || l.Addr().(*net.TCPAddr).IP.To4() == nil || strings.HasPrefix(l.Addr().String(), "[") {
		t.Errorf("listens on %s", l.Addr())
	}
}

// TestOfferIsBounded: of a client's words so much is kept and no more.
func TestOfferIsBounded(t *testing.T) {
	long := strings.Repeat("n", 60_000)
	sni := append([]byte{0, 0, 0, byte(len(long) >> 8), byte(len(long))}, long...)
	var alpn []byte
	for range 200 {
		alpn = append(append(alpn, 200), strings.Repeat("a", 200)...)
	}
	alpn = append([]byte{byte(len(alpn) >> 8), byte(len(alpn))}, alpn...)
	ext := func(kind byte, data []byte) []byte {
		return append([]byte{0, kind, byte(len(data) >> 8), byte(len(data))}, data...)
	}
	for _, one := range [][]byte{ext(0, sni), ext(16, alpn)} {
		body := append(make([]byte, 2+32+1+2+1), byte(len(one)>>8), byte(len(one)))
		o := parseHello(append(body, one...))
		if kept := len(o.SNI) + len(strings.Join(o.ALPN, "")); kept == 0 || kept > 255 {
			t.Errorf("%d bytes are kept", kept)
		}
	}
}

// A stuck is a socket into which nothing can be written.
type stuck struct {
	net.Conn
	deadlines []time.Time
}

func (s *stuck) SetWriteDeadline(t time.Time) error {
	s.deadlines = append(s.deadlines, t)
	return nil
}
func (s *stuck) Write(p []byte) (int, error) { return len(p), nil }

// TestEveryPieceHasItsTime: a daemon may shorten it, and not make it longer.
func TestEveryPieceHasItsTime(t *testing.T) {
	raw := &stuck{}
	c := newConn(raw, &Config{})
	send := func() time.Duration {
		raw.deadlines = nil
		if n, err := c.send(make([]byte, 3*writePiece+1)); n != 3*writePiece+1 || err != nil {
			t.Fatal(n, err)
		}
		if len(raw.deadlines) != 4 {
			t.Fatalf("%d pieces", len(raw.deadlines))
		}
		return time.Until(raw.deadlines[3])
	}
	if left := send(); left > writeTimeout {
		t.Errorf("%s", left)
	}
	c.writeBy(time.Now().Add(time.Hour))
	if left := send(); left > writeTimeout {
		t.Errorf("a daemon made it %s", left)
	}
	past := time.Now().Add(-time.Hour)
	c.writeBy(past)
	if send(); !raw.deadlines[0].Equal(past) {
		t.Errorf("a daemon's own time is not kept")
	}
}

// TestBoundListener: connections of other servers count too, until they are closed.
func TestBoundListener(t *testing.T) {
	limits := &Limits{descriptors: 0, addresses: map[netip.Addr]int{}}
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := limits.Bound(raw)
	defer ln.Close()
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(20 * time.Second))
		return c
	}
	var served []net.Conn
	for range limits.room() {
		defer dial().Close()
		served = append(served, <-accepted)
	}
	extra := dial()
	defer extra.Close()
	if n, err := extra.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes for one too many", n)
	}
	served[0].Close()
	served[0].Close() // twice is once
	defer dial().Close()
	served[0] = <-accepted
	for _, c := range served {
		c.Close()
	}
	if limits.open != 0 {
		t.Errorf("%d are left", limits.open)
	}
	ln.Close()
	<-accepted
}
