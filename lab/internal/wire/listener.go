package wire

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// A Listener owns one port and everything that was ever accepted on it.
type Listener struct {
	addr net.Addr
	wg   sync.WaitGroup
	done chan struct{} // closed by Close

	mu     sync.Mutex
	ln     net.Listener // nil while the port is closed
	hole   *blackHole   // in its place while packets are dropped
	cfg    *Config
	conns  map[*Conn]struct{}
	closed bool
}

// Listen opens addr, "host:port" with port 0 for any. When the plan says Closed the port is
// chosen, and remembered, but refuses connections. When it says Dropped, connections are neither
// taken nor refused; on a system that cannot do it the error wraps errors.ErrUnsupported.
func Listen(addr string, cfg *Config) (*Listener, error) {
	listen := func() (net.Listener, error) { return net.Listen(family(addr), addr) }
	if host, port, err := net.SplitHostPort(addr); err == nil && port == "0" && (cfg.Plan.Closed || cfg.Plan.Dropped) {
		listen = func() (net.Listener, error) { return listenLow(host) }
	}
	ln, err := listen()
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	l := &Listener{addr: ln.Addr(), cfg: cfg.prepared(), conns: map[*Conn]struct{}{}, done: make(chan struct{})}
	if cfg.Plan.Closed {
		return l, ln.Close()
	}
	if cfg.Plan.Dropped {
		return l, l.drop(ln, listen)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.openLocked(ln)
	return l, nil
}

// drop puts a black hole in the place of a listener that was opened for its port. A program that
// is being started at this moment holds the port open for as long as it has not begun to run: then
// another port is asked for, and where it must be this one the error says that it is in use.
func (l *Listener) drop(ln net.Listener, listen func() (net.Listener, error)) error {
	for range lowTries {
		err := ln.Close()
		if err == nil {
			l.hole, err = openBlackHole(l.addr.String())
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
		if ln, err = listen(); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		l.addr = ln.Addr()
	}
	return errors.Join(ln.Close(), syscall.EADDRINUSE)
}

// The ports from which a closed one is chosen. They lie below those that systems hand out on
// their own (from 32768 or 49152), or the next listener on port 0 might open it.
const (
	lowPort  = 10_000
	lowPorts = 20_000
	lowTries = 50
)

// family returns the network of an address. 0.0.0.0 means IPv4 only: net.Listen would open IPv6 too.
func family(addr string) string {
	if at, err := netip.ParseAddrPort(addr); err == nil && at.Addr().Is4() {
		return "tcp4"
	}
	return "tcp"
}

func listenLow(host string) (ln net.Listener, err error) {
	for range lowTries {
		port := strconv.Itoa(lowPort + rand.IntN(lowPorts))
		if ln, err = net.Listen(family(net.JoinHostPort(host, port)), net.JoinHostPort(host, port)); err == nil {
			return ln, nil
		}
	}
	return nil, err
}

// Addr returns the address, also while the port is closed.
func (l *Listener) Addr() net.Addr { return l.addr }

// Set changes what new connections meet, and closes or reopens the port as the plan says.
// Connections that are under way keep what they met. The error tells that the port could not
// be reopened; the configuration is in force all the same.
func (l *Listener) Set(cfg *Config) error {
	cfg = cfg.prepared()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cfg = cfg
	if l.closed {
		return net.ErrClosed
	}
	if l.hole != nil && !cfg.Plan.Dropped {
		l.hole.close()
		l.hole = nil
	}
	switch {
	case (cfg.Plan.Closed || cfg.Plan.Dropped) && l.ln != nil:
		err := l.ln.Close()
		l.ln = nil
		if err == nil && cfg.Plan.Dropped {
			l.hole, err = openBlackHole(l.addr.String())
		}
		return err
	case cfg.Plan.Dropped && l.hole == nil:
		var err error
		l.hole, err = openBlackHole(l.addr.String())
		return err
	case !cfg.Plan.Closed && !cfg.Plan.Dropped && l.ln == nil:
		ln, err := net.Listen(family(l.addr.String()), l.addr.String())
		if err != nil {
			return fmt.Errorf("reopen the port: %w", err)
		}
		l.openLocked(ln)
	}
	return nil
}

// Close closes the port and every connection, and waits until all handlers have returned. It
// may be called more than once.
func (l *Listener) Close() error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.done)
		if l.ln != nil {
			l.ln.Close()
			l.ln = nil
		}
		if l.hole != nil {
			l.hole.close()
			l.hole = nil
		}
		for c := range l.conns {
			c.abort()
		}
	}
	l.mu.Unlock()
	l.wg.Wait()
	return nil
}

func (l *Listener) openLocked(ln net.Listener) {
	l.ln = ln
	limits := l.cfg.Limits
	limits.listening(1)
	l.wg.Add(1)
	go func() {
		defer l.wg.Done()
		defer limits.listening(-1)
		l.accept(ln)
	}()
}

func (l *Listener) accept(ln net.Listener) {
	for {
		raw, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors: others will end
			select {
			case <-l.done:
				return
			case <-time.After(10 * time.Millisecond):
				continue
			}
		}
		l.track(raw)
	}
}

// track enters the connection before anything else happens to it, so that Close misses none.
func (l *Listener) track(raw net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		raw.Close()
		return
	}
	leave, refusal, mute := l.cfg.Limits.enter(raw)
	if mute {
		leave()
		raw.Close()
		return
	}
	c := newConn(raw, l.cfg)
	c.done, c.refused = l.done, refusal
	if l.cfg.Opened != nil {
		id := l.cfg.Opened(c)
		c.mu.Lock() // somebody may be looking already
		c.id = id
		c.mu.Unlock()
	}
	l.conns[c] = struct{}{}
	l.wg.Add(1)
	go func() {
		defer l.wg.Done()
		c.serve()
		leave()
		l.mu.Lock()
		delete(l.conns, c)
		l.mu.Unlock()
		if c.cfg.Done != nil {
			c.cfg.Done(c.record())
		}
	}()
}
