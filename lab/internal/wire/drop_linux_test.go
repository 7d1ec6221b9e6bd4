package wire

import (
	"net"
	"testing"
)

// TestDropAsksForAnotherPort: a port that something still holds open after it was closed here, as
// a program does that is just being started, is given up for another one.
func TestDropAsksForAnotherPort(t *testing.T) {
	const host = "127.0.0.1"
	ln, err := listenLow(host)
	if err != nil {
		t.Fatal(err)
	}
	held, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	asked := 0
	l := &Listener{addr: ln.Addr()}
	if err := l.drop(ln, func() (net.Listener, error) { asked++; return listenLow(host) }); err != nil {
		t.Fatal(err)
	}
	defer l.hole.close()
	if asked != 1 || l.addr.String() == ln.Addr().String() {
		t.Errorf("asked %d times for a port, and has %s after %s", asked, l.addr, ln.Addr())
	}
}
