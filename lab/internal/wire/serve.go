package wire

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/fault"
)

// lingering is how long a connection that the plan ends is kept half open, so that the client
// reads the last bytes before any reset.
const lingering = time.Second

// hanging is how long the plan has a client wait for nothing, longer than any of them waits.
const hanging = 10 * time.Minute

// serve takes a connection from its first byte to its end.
func (c *Conn) serve() {
	defer c.raw.Close()
	if c.refused != "" {
		c.turnAway()
		return
	}
	plan := c.cfg.Plan
	if plan.Delay > 0 && !c.wait(plan.Delay) {
		return
	}
	switch plan.Accept {
	case fault.Reset:
		if t, ok := c.raw.(*net.TCPConn); ok {
			t.SetLinger(0)
		}
		return
	case fault.Hang:
		c.drain(nil, hanging)
		return
	case fault.Close:
		c.linger = true
	default:
		switch {
		case plan.Portal != "":
			c.portal(plan.Portal)
		case c.cfg.Implicit:
			c.encrypt(nil, false)
		default:
			c.converse()
		}
	}
	if c.linger || c.wasCut() {
		c.closeWrite()
		c.drain(nil, lingering)
	}
}

// portal answers the first bytes as a hotspot does, and closes.
func (c *Conn) portal(text string) {
	buf := make([]byte, 2048)
	c.raw.SetReadDeadline(time.Now().Add(hanging))
	n, err := c.raw.Read(buf)
	c.observer.see(buf[:n])
	if n == 0 && err != nil {
		return
	}
	c.linger = true
	c.reached(rankGreeted)
	c.send([]byte(text))
}

// converse begins in the clear, and goes on under TLS when the client asked for it.
func (c *Conn) converse() {
	g := newGate(c)
	c.cfg.Handler.ServeConn(g)
	if g.upgraded {
		c.encrypt(g.in, true)
	}
}

// encrypt does the handshake, in which early was already received, and has the rest served.
// mute swallows the greeting, which the client has had in the clear.
func (c *Conn) encrypt(early []byte, mute bool) {
	if c.cfg.TLS == nil {
		c.failure = "no certificate to serve"
		return
	}
	c.raw.SetReadDeadline(time.Time{})
	c.writeBy(time.Time{})
	if c.cfg.Plan.Hello.Then != fault.Serve {
		var spared bool
		if early, spared = c.meetHello(early); !spared {
			return
		}
	}
	t := tls.Server(&socket{Conn: c.raw, conn: c, early: early}, c.cfg.TLS)
	ctx, cancel := context.WithTimeout(context.Background(), c.cfg.HandshakeTimeout)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		c.noteAlert(err)
		c.failure = strings.TrimSpace(err.Error())
		c.linger = true
		return
	}
	c.observer.off = true
	c.observer.complete = true
	c.reached(rankHandshake)
	s := &secure{Conn: t, conn: c, mute: mute, scan: scanner{dialect: c.cfg.Dialect}}
	c.cfg.Handler.ServeConn(s)
	s.Close()
}
