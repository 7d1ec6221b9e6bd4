package wire

import (
	"net"
	"net/netip"
	"sync"

	"github.com/mailtlslab/mailtlslab/lab/fault"
)

// Bounds of how many connections are open at once.
const (
	// perAddress is for one address of the network. A classroom behind one router stays below it.
	perAddress = 2000
	// most is kept where descriptors would allow more.
	most = 32_768
	// goodbyes is how many are being told at once that they are one too many; the others are closed
	// without a word.
	goodbyes = 16
)

// Limits bound the connections of all listeners that share them. The zero value is not usable. It
// is safe for concurrent use.
type Limits struct {
	descriptors int // that the process may have

	mu        sync.Mutex
	listeners int
	open      int
	leaving   int // of those refused, the ones that are being told
	addresses map[netip.Addr]int
}

// NewLimits returns the limits of this process: as many connections as it may have descriptors,
// without a reserve for listeners, files, and those who are to be told that there are too many.
func NewLimits() *Limits {
	return &Limits{descriptors: descriptors(), addresses: map[netip.Addr]int{}}
}

// room returns how many connections may be open at once.
func (l *Limits) room() int {
	reserve := min(max(l.descriptors/10, goodbyes+16), 1000)
	return min(max(l.descriptors-reserve-l.listeners, 8), most)
}

// listening counts a listener that was opened, or one less.
func (l *Limits) listening(n int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.listeners += n
	l.mu.Unlock()
}

// enter counts a connection, and returns what ends that. A refusal is a connection too many, to be
// told so unless it is mute.
func (l *Limits) enter(c net.Conn) (leave func(), refusal string, mute bool) {
	if l == nil {
		return func() {}, "", false
	}
	from := network(c.RemoteAddr())
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.open >= l.room():
		refusal = "too many connections are open for the limit on open files of this process"
	case from.IsValid() && !from.IsLoopback() && l.addresses[from] >= perAddress:
		refusal = "too many connections are open from this address"
	default:
		l.open++
		l.addresses[from]++
		return func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.open--
			if l.addresses[from]--; l.addresses[from] <= 0 {
				delete(l.addresses, from)
			}
		}, "", false
	}
	mute = l.leaving >= goodbyes
	l.leaving++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.leaving--
	}, refusal, mute
}

// Bound returns ln with its connections among those that are bounded. One too many is closed at once.
func (l *Limits) Bound(ln net.Listener) net.Listener { return &bounded{ln, l} }

type bounded struct {
	net.Listener
	limits *Limits
}

func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		leave, refusal, _ := b.limits.enter(c)
		if refusal == "" {
			return &counted{Conn: c, leave: sync.OnceFunc(leave)}, nil
		}
		leave()
		c.Close()
	}
}

// A counted is a connection that is counted until it is closed.
type counted struct {
	net.Conn
	leave func()
}

func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// network returns whom an address belongs to: for IPv6 the first 64 bits, of which one device has
// all.
func network(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	if addr.Is6() && !addr.IsLoopback() {
		if p, err := addr.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}

// turnAway says in the words of the protocol that there are too many connections.
func (c *Conn) turnAway() {
	words := map[Dialect]string{
		IMAP: "* BYE [UNAVAILABLE] Too many connections, try again later\r\n",
		POP3: "-ERR [SYS/TEMP] Too many connections, try again later\r\n",
		SMTP: "421 4.3.2 Too many connections, try again later\r\n",
	}[c.cfg.Dialect]
	if c.cfg.Implicit {
		words = "\x15\x03\x03\x00\x02\x02\x50" // the alert internal_error: RFC 8446 section 6.2
	}
	if c.cfg.Plan.Accept == fault.Serve && c.cfg.Plan.Portal == "" {
		c.send([]byte(words))
	}
	c.closeWrite()
	c.drain(nil, lingering)
}
