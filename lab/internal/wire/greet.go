package wire

import (
	"net"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/fault"
)

// meetHello reads a whole ClientHello, of which early was already received, and does to the
// connection what the plan says. spared tells that the server is to answer; early is then all
// that was received.
func (c *Conn) meetHello(early []byte) (received []byte, spared bool) {
	plan := c.cfg.Plan.Hello
	received = early
	var seen observer
	seen.see(early)
	c.raw.SetReadDeadline(time.Now().Add(c.cfg.HandshakeTimeout))
	buf := make([]byte, 4096)
	for !seen.complete && !seen.off {
		n, err := c.raw.Read(buf)
		seen.see(buf[:n])
		received = append(received, buf[:n]...)
		if err != nil {
			break
		}
	}
	c.raw.SetReadDeadline(time.Time{})
	if !seen.complete || len(received) <= plan.Over {
		return received, true
	}
	c.observer.see(received)
	c.failure = "the client's hello was answered as planned"
	if len(plan.Reply) > 0 {
		c.send(plan.Reply)
	}
	switch plan.Then {
	case fault.Reset:
		if t, ok := c.raw.(*net.TCPConn); ok {
			t.SetLinger(0)
		}
	case fault.Hang:
		c.drain(nil, hanging)
	default:
		c.linger = true
	}
	return nil, false
}

// wait lets the plan's delay pass. It reports false when the listener was closed meanwhile.
func (c *Conn) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.done:
		return false
	}
}
