package wire

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// A Conn is one tracked connection: its socket, its plan and what is known of it. Handlers
// reach it with Find.
type Conn struct {
	raw      net.Conn
	cfg      *Config
	began    time.Time
	observer observer        // used by one goroutine at a time, and after the end
	done     <-chan struct{} // closed when the listener closes
	refused  string          // why this connection is one too many
	linger   bool            // the client must see how this ended: FIN, not a reset by unread bytes

	mu       sync.Mutex
	sent     int
	cut      bool // Plan.CutAfter was reached
	id       int  // from Config.Opened
	rank     int
	steps    []Step
	been     [rankLogin + 1]bool // the ranks in steps
	commands int
	password string
	loggedIn bool
	alert    *uint8
	failure  string    // of the handshake
	latest   time.Time // by when the daemon wants its writes to end; zero is whenever
}

var errCut = errors.New("connection cut as planned")

func newConn(raw net.Conn, cfg *Config) *Conn {
	c := &Conn{raw: raw, cfg: cfg, began: time.Now(), password: NoPassword}
	c.observer.whole = func() { c.reached(rankHello) }
	c.step(rankConnected, c.began)
	return c
}

// Find returns the tracked connection below c, or nil when there is none.
func Find(c net.Conn) *Conn {
	for {
		switch t := c.(type) {
		case *gate:
			return t.conn
		case *secure:
			return t.conn
		case *socket:
			return t.conn
		case interface{ unwrap() net.Conn }:
			c = t.unwrap()
		case interface{ NetConn() net.Conn }:
			c = t.NetConn()
		default:
			return nil
		}
	}
}

// IsTLS reports whether what a handler was given is encrypted.
func IsTLS(c net.Conn) bool {
	for {
		switch t := c.(type) {
		case *secure:
			return true
		case interface{ unwrap() net.Conn }:
			c = t.unwrap()
		default:
			return false
		}
	}
}

// Preauth reports whether the server lets this connection in without a login. It is false on nil.
func (c *Conn) Preauth() bool { return c != nil && c.cfg.Preauth }

// ClearLogins reports whether the server takes a password before TLS. It is false on nil.
func (c *Conn) ClearLogins() bool { return c != nil && c.cfg.ClearLogins }

// Closing returns a channel that is closed when the listener closes: what works for a client
// without reading or writing has to look there. On nil it never is.
func (c *Conn) Closing() <-chan struct{} {
	if c == nil {
		return nil
	}
	return c.done
}

// NoteCommand counts a command. Only handlers of HTTP call it: the lines of the other dialects
// are read by the wire. It does nothing on nil.
func (c *Conn) NoteCommand() {
	if c != nil {
		c.command(true)
	}
}

// NoteLogin tells that a password arrived under TLS and whether it was right. It does nothing
// on nil.
func (c *Conn) NoteLogin(ok bool) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.password == NoPassword {
		c.password = PasswordTLS
	}
	if ok {
		c.loggedIn = true
		c.step(rankLogin, time.Now())
	}
}

// endless reports whether a line of so many bytes is longer than a stranger may send.
func (c *Conn) endless(n int) bool {
	if n <= maxStrange {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.loggedIn
}

func (c *Conn) command(tls bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commands++
	if tls {
		c.step(rankCommand, time.Now())
	} else {
		c.step(rankClearCommand, time.Now())
	}
}

func (c *Conn) reached(rank int) {
	c.mu.Lock()
	c.step(rank, time.Now())
	c.mu.Unlock()
}

// step notes, with the lock held, that a stage was reached.
func (c *Conn) step(rank int, at time.Time) {
	c.rank = max(c.rank, rank)
	if !c.been[rank] {
		c.been[rank] = true
		c.steps = append(c.steps, Step{stageOf(rank), at})
	}
}

func (c *Conn) clearPassword() {
	c.mu.Lock()
	c.password = PasswordClear
	c.mu.Unlock()
}

func (c *Conn) noteAlert(err error) {
	if code, ok := remoteAlert(err); ok && code != 0 {
		c.mu.Lock()
		c.alert = &code
		c.mu.Unlock()
	}
}

// record is called once, after the end.
func (c *Conn) record() Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := &c.observer
	if o.alert != nil {
		c.alert = o.alert
		if c.failure != "" {
			c.failure = alertWords(*o.alert)
		}
	}
	r := c.live()
	r.Ended, r.Offer, r.HandshakeError = time.Now(), o.Offer, c.failure[:min(len(c.failure), maxName)]
	return r
}

// Live returns what is known while the connection is open: neither its ClientHello nor an error.
func (c *Conn) Live() Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.live()
}

func (c *Conn) live() Record {
	return Record{
		ID: c.id, Remote: c.raw.RemoteAddr().String(), Began: c.began, Stage: stageOf(c.rank), Steps: slices.Clone(c.steps),
		Refused: c.refused, Alert: c.alert, Commands: c.commands, Password: c.password, LoggedIn: c.loggedIn,
	}
}

// abort ends the connection from outside, whatever it is doing.
func (c *Conn) abort() { c.raw.Close() }

// send writes to the socket, up to the byte at which the plan cuts.
func (c *Conn) send(b []byte) (int, error) {
	c.mu.Lock()
	if c.cut {
		c.mu.Unlock()
		return 0, errCut
	}
	limit := c.cfg.Plan.CutAfter
	c.cut = limit > 0 && c.sent+len(b) >= limit
	whole := len(b)
	if c.cut {
		b = b[:limit-c.sent]
	}
	c.sent += len(b)
	cut := c.cut
	c.mu.Unlock()

	n, err := c.write(b)
	if !cut {
		return n, err
	}
	c.closeWrite()
	c.raw.SetReadDeadline(time.Unix(1, 0))
	if err == nil && n < whole {
		err = errCut
	}
	return n, err
}

// Bounds of writing: a client that does not take a piece in time is gone, and what it holds up is
// given back. A slow one has its time for each piece.
const (
	writePiece   = 16 << 10
	writeTimeout = time.Minute
)

// write writes to the socket, piece by piece.
func (c *Conn) write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		c.mu.Lock()
		until := time.Now().Add(writeTimeout)
		if !c.latest.IsZero() && c.latest.Before(until) {
			until = c.latest
		}
		c.raw.SetWriteDeadline(until)
		c.mu.Unlock()
		var m int
		m, err = c.raw.Write(b[n:min(len(b), n+writePiece)])
		n += m
	}
	return n, err
}

// writeBy takes the daemon's own limit, which can only make the time shorter.
func (c *Conn) writeBy(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latest = t
	if t.IsZero() {
		return nil
	}
	return c.raw.SetWriteDeadline(t)
}

func (c *Conn) wasCut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cut
}

func (c *Conn) closeWrite() {
	if t, ok := c.raw.(*net.TCPConn); ok {
		t.CloseWrite()
	}
}

// drain reads what the client still sends, until it closes or limit has passed.
func (c *Conn) drain(first []byte, limit time.Duration) {
	c.raw.SetReadDeadline(time.Now().Add(limit))
	c.observer.see(first)
	buf := make([]byte, 2048)
	for {
		n, err := c.raw.Read(buf)
		c.observer.see(buf[:n])
		if err != nil {
			return
		}
	}
}

// A socket is the connection as TLS sees it: recorded, and cut as planned.
type socket struct {
	net.Conn
	conn  *Conn
	early []byte // arrived before TLS began
}

func (s *socket) Read(p []byte) (int, error) {
	if len(s.early) > 0 {
		n := copy(p, s.early)
		s.early = s.early[n:]
		s.conn.observer.see(p[:n])
		return n, nil
	}
	if s.conn.wasCut() {
		return 0, io.EOF
	}
	n, err := s.Conn.Read(p)
	s.conn.observer.see(p[:n])
	return n, err
}

func (s *socket) Write(p []byte) (int, error) { return s.conn.send(p) }

func (s *socket) SetDeadline(t time.Time) error {
	if err := s.SetReadDeadline(t); err != nil {
		return err
	}
	return s.SetWriteDeadline(t)
}

func (s *socket) SetWriteDeadline(t time.Time) error { return s.conn.writeBy(t) }

// Close leaves a connection that was cut, or has last words to be read, to the end of Conn.serve, which closes it gently.
func (s *socket) Close() error {
	if s.conn.wasCut() || s.conn.linger {
		return s.Conn.SetReadDeadline(time.Unix(1, 0))
	}
	return s.Conn.Close()
}
