package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/fault"
)

// maxLine bounds a line that is held back; a longer one is passed on unread.
const maxLine = 8 << 10

// maxStrange bounds a line before the login, from whomever it comes. It is less than what the library
// of IMAP takes, which does not say why it refuses more.
const maxStrange = 40 << 10

// tooLong is what a client is told whose line has no end.
func tooLong(d Dialect) string {
	return map[Dialect]string{
		IMAP: "* BYE [LIMIT] The line is too long\r\n", POP3: "-ERR the line is too long\r\n", SMTP: "500 5.5.6 The line is too long\r\n",
	}[d]
}

// maxHeld bounds what a daemon wrote of a line that has not ended.
const maxHeld = 64 << 10

// A gate is the clear part of a connection as the daemon sees it. It gives the daemon one line
// at a time, so that an answer in the daemon's place never overtakes the daemon's own.
type gate struct {
	net.Conn
	conn *Conn
	scan scanner
	hide []string

	in       []byte // received, not yet looked at
	out      []byte // for the daemon
	long     bool   // the rest of a line that was too long
	length   int    // of that line so far
	stay     bool   // say nothing more
	over     bool   // the daemon's part is over
	upgraded bool   // because TLS begins
	held     []byte // written by the daemon, not yet a whole reply
	closed   atomic.Bool
}

func newGate(c *Conn) *gate {
	g := &gate{Conn: c.raw, conn: c, scan: scanner{dialect: c.cfg.Dialect}, hide: c.cfg.Plan.Hide}
	if up := c.cfg.Dialect.upgrade(); c.cfg.TLS == nil && up != "" {
		g.hide = append(slices.Clone(g.hide), up)
	}
	return g
}

func (g *gate) Read(p []byte) (int, error) {
	if g.closed.Load() {
		return 0, net.ErrClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	var failed error
	for {
		if len(g.out) > 0 {
			n := copy(p, g.out)
			g.out = g.out[n:]
			return n, nil
		}
		if g.stay {
			g.conn.drain(g.in, hanging)
			g.over = true
		}
		if g.over || g.conn.wasCut() {
			return 0, io.EOF
		}
		if g.step() {
			continue
		}
		if failed != nil {
			if len(g.in) > 0 && !errors.Is(failed, os.ErrDeadlineExceeded) {
				g.release(len(g.in)) // the last words of a client that is gone
				continue
			}
			return 0, failed
		}
		buf := make([]byte, 4096)
		n, err := g.Conn.Read(buf)
		g.in, failed = append(g.in, buf[:n]...), err
	}
}

// step deals with the next line, or part of one, and reports whether there was any.
func (g *gate) step() bool {
	if len(g.in) == 0 {
		return false
	}
	if g.scan.dialect == HTTP {
		g.release(len(g.in))
		return true
	}
	if g.scan.skip > 0 {
		n := int(min(g.scan.skip, int64(len(g.in))))
		g.scan.skip -= int64(n)
		g.secret(g.in[:n])
		g.release(n)
		return true
	}
	if !g.long && looksLikeTLS(g.in) {
		g.notPlaintext()
		return true
	}
	end := bytes.IndexByte(g.in, '\n') + 1
	switch {
	case end == 0 && len(g.in) < maxLine && !g.long:
		return false
	case end == 0:
		g.long = true
		if g.length += len(g.in); g.conn.endless(g.length) {
			g.say(tooLong(g.scan.dialect))
			g.in, g.over, g.conn.linger = nil, true, true
			return true
		}
		g.release(len(g.in))
	case g.long:
		g.long, g.length = false, 0
		g.release(end)
	default:
		g.line(end)
	}
	return true
}

func (g *gate) release(n int) { g.out, g.in = g.in[:n:n], g.in[n:] }

// line decides about the first n bytes, a whole line.
func (g *gate) line(n int) {
	line := g.in[:n]
	inside := g.scan.inside
	cmd, ok := g.scan.line(line)
	if !ok {
		if inside {
			g.secret(line)
		}
		g.release(n)
		return
	}
	g.conn.command(false)
	if cmd.password(g.scan.dialect) {
		g.conn.clearPassword()
	}
	up := g.scan.dialect.upgrade()
	asks := strings.HasPrefix(cmd.verb, up) // go-smtp takes STARTTLSX for it
	if asks {
		g.conn.reached(rankAsked)
	}
	for _, rule := range g.conn.cfg.Plan.Lines {
		if !strings.EqualFold(rule.Command, cmd.verb) {
			continue
		}
		if rule.Answer == "" && rule.Then == fault.GoOn {
			break
		}
		g.in = g.in[n:]
		g.answer(cmd, rule)
		return
	}
	if asks {
		g.in = g.in[n:]
		g.startTLS(cmd)
		return
	}
	g.release(n)
}

// secret notes a password that came as the continuation of a login.
func (g *gate) secret(b []byte) {
	text := strings.TrimSpace(string(b))
	switch g.scan.verb {
	case "LOGIN", "AUTH", "AUTHENTICATE":
		if text != "" && text != "*" {
			g.conn.clearPassword()
		}
	}
}

// answer speaks in the daemon's place.
func (g *gate) answer(cmd command, rule fault.Line) {
	if rule.Answer != "" {
		g.say(strings.ReplaceAll(rule.Answer, "{tag}", cmd.tag))
	}
	switch rule.Then {
	case fault.Drop:
		g.over, g.conn.linger = true, true
	case fault.Stay:
		g.stay = true
	case fault.Go:
		g.over, g.upgraded = true, true
	}
}

// say sends lines, with the CRLF they need.
func (g *gate) say(text string) {
	text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n") + "\n"
	text = strings.ReplaceAll(text, "\n", "\r\n")
	g.scan.reply([]byte(text))
	g.conn.reached(rankGreeted)
	g.conn.send([]byte(text))
}

// startTLS accepts or refuses the upgrade. What was already received goes into the handshake:
// commands injected before it are never executed, and make it fail.
func (g *gate) startTLS(cmd command) {
	plain := cmd.verb == g.scan.dialect.upgrade() && len(cmd.args) == 0
	ok := plain && g.conn.cfg.TLS != nil
	if g.scan.dialect == IMAP && g.conn.cfg.Preauth {
		g.say(cmd.tag + " BAD STARTTLS is not possible after PREAUTH")
		return
	}
	switch g.scan.dialect {
	case IMAP:
		g.say(cmd.tag + pick(ok, " OK Begin TLS negotiation now", pick(plain, " NO STARTTLS is not available", " BAD STARTTLS takes no argument")))
	case SMTP:
		g.say(pick(ok, "220 2.0.0 Ready to start TLS", pick(plain, "502 5.5.1 STARTTLS is not available", "501 5.5.4 STARTTLS takes no argument")))
	case POP3:
		g.say(pick(ok, "+OK Begin TLS negotiation", pick(plain, "-ERR STLS is not available", "-ERR STLS takes no argument")))
	}
	g.over, g.upgraded = ok, ok
}

func pick(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

// notPlaintext ends a conversation in which the client began TLS unasked, with the one line a
// client would then see.
func (g *gate) notPlaintext() {
	g.conn.failure = "client began tls where plaintext was expected"
	switch g.scan.dialect {
	case IMAP:
		g.say("* BAD not a command")
	case SMTP:
		g.say("500 5.5.2 not a command")
	case POP3:
		g.say("-ERR not a command")
	}
	g.conn.observer.see(g.in)
	g.in = nil
	g.over, g.conn.linger = true, true
}

// Write sends whole replies, each in one segment, without what the plan hides. What the daemon
// says when its part is over is nobody's business.
func (g *gate) Write(p []byte) (int, error) {
	if g.closed.Load() {
		return 0, net.ErrClosed
	}
	if g.over || g.stay {
		return len(p), nil
	}
	ready, rest := append(g.held, p...), []byte(nil)
	if g.scan.dialect != HTTP {
		ready, rest = join(g.scan.dialect, ready)
		if len(ready) > 0 {
			g.scan.reply(ready)
			ready = mask(g.scan.dialect, hide(g.scan.dialect, ready, g.hide), g.conn.cfg.Plan.Mask)
		}
	}
	if len(rest) > maxHeld { // no reply of a line, but mail
		ready, rest = append(ready, rest...), nil
	}
	g.held = bytes.Clone(rest)
	if len(ready) == 0 {
		return len(p), nil
	}
	g.conn.reached(rankGreeted)
	if n, err := g.conn.send(ready); n < len(ready) {
		return 0, err
	}
	return len(p), nil
}

// The daemon's deadlines end with its part: TLS sets its own.

func (g *gate) SetDeadline(t time.Time) error {
	if err := g.SetReadDeadline(t); err != nil {
		return err
	}
	return g.SetWriteDeadline(t)
}

func (g *gate) SetReadDeadline(t time.Time) error {
	if g.closed.Load() || g.conn.wasCut() {
		return nil
	}
	return g.Conn.SetReadDeadline(t)
}

func (g *gate) SetWriteDeadline(t time.Time) error {
	if g.closed.Load() {
		return nil
	}
	return g.conn.writeBy(t)
}

// Close only wakes a reader: the socket may still be wanted for TLS, or for the client to read
// the last line. Conn.serve closes it.
func (g *gate) Close() error {
	if g.closed.Swap(true) {
		return nil
	}
	return g.Conn.SetReadDeadline(time.Unix(1, 0))
}
