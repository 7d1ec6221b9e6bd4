package probe

import (
	"bytes"
	"io"
	"net"
	"time"
)

const (
	maxRaw = 4 << 10
	// maxTape holds what crypto/tls itself accepts: a Certificate message of 256 KiB, and room
	// for the messages and record headers around it.
	maxTape = 320 << 10
	// idle is how long plaintext that came instead of TLS is waited for after its last byte.
	idle = 200 * time.Millisecond
)

// A link is the connection below TLS. It counts and, once TLS is due, records what is received,
// and keeps plaintext away from crypto/tls, which would not show it whole.
type link struct {
	net.Conn
	idle     time.Duration
	limit    time.Time
	received int64
	before   int64 // of these, what came before TLS was due
	began    time.Time
	waited   time.Duration // for the first byte

	due      bool   // TLS is due
	starttls bool   // and there was plaintext before
	sifted   bool   // and its first bytes were looked at
	pending  []byte // received, not yet read
	tape     []byte // all that came since TLS is due, bounded
	injected []byte // plaintext that came before the first record
	raw      []byte // plaintext that came and no record
}

// SetDeadline and its kin do nothing: the session alone keeps the time, and crypto/tls would
// set five seconds of its own when closing.
func (*link) SetDeadline(time.Time) error      { return nil }
func (*link) SetReadDeadline(time.Time) error  { return nil }
func (*link) SetWriteDeadline(time.Time) error { return nil }

func (l *link) setLimit(t time.Time) {
	l.limit = t
	_ = l.Conn.SetDeadline(t)
}

func (l *link) closer() func() {
	conn := l.Conn
	return func() { _ = conn.Close() }
}

// expectTLS says that TLS is due now. early is what came in the same breath as the answer to
// STARTTLS: plaintext is set aside, a record (such as an alert) is left for the handshake.
func (l *link) expectTLS(starttls bool, early []byte) {
	l.due, l.starttls, l.before = true, starttls, l.received
	if len(early) == 0 {
		return
	}
	if looksLikeRecord(early) {
		l.pending = bytes.Clone(early)
		l.before -= int64(len(early))
		return
	}
	if at := recordAfterLine(early); at > 0 {
		l.pending = bytes.Clone(early[at:])
		l.before -= int64(len(l.pending))
		early = early[:at]
	}
	l.injected = bytes.Clone(early)
}

func (l *link) Read(p []byte) (int, error) {
	if l.due && !l.sifted {
		if err := l.sift(); err != nil {
			return 0, err
		}
	}
	var n int
	var err error
	if len(l.pending) > 0 {
		n = copy(p, l.pending)
		l.pending = l.pending[n:]
	} else {
		n, err = l.receive(p)
	}
	if l.due {
		l.tape = append(l.tape, p[:min(n, maxTape-len(l.tape))]...)
	}
	return n, err
}

func (l *link) receive(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if l.received == 0 && n > 0 {
		l.waited = time.Since(l.began)
	}
	l.received += int64(n)
	return n, err
}

// sift looks at the first bytes that come where TLS is due. Text is read on until it seems to
// be whole; after STARTTLS a record may yet follow it.
func (l *link) sift() error {
	buf := make([]byte, maxRaw)
	have := copy(buf, l.pending)
	l.pending = nil
	for {
		var err error
		if have == 0 {
			have, err = l.receive(buf)
		}
		if looksLikeRecord(buf[:have]) {
			l.sifted, l.pending = true, buf[:have]
			return nil
		}
		if have > 0 {
			return l.siftText(buf, have, err)
		}
		if err != nil {
			return err
		}
	}
}

func (l *link) siftText(buf []byte, have int, err error) error {
	for {
		if l.starttls {
			if at := recordAfterLine(buf[:have]); at > 0 {
				l.injected = append(l.injected, buf[:at]...)
				l.sifted, l.pending = true, buf[at:have]
				_ = l.Conn.SetDeadline(l.limit)
				return nil
			}
		}
		if err != nil || have == len(buf) || !l.starttls && wholeText(buf[:have]) {
			l.raw = buf[:have]
			return errNotTLS
		}
		patience := time.Now().Add(l.idle)
		if l.limit.Before(patience) {
			patience = l.limit
		}
		_ = l.Conn.SetReadDeadline(patience)
		var n int
		n, err = l.receive(buf[have:])
		have += n
	}
}

// wholeText reports whether text that came instead of TLS needs no more: a line, or the header
// of an HTTP answer.
func wholeText(b []byte) bool {
	if bytes.HasPrefix(b, []byte("HTTP/")) {
		return bytes.Contains(b, []byte("\r\n\r\n"))
	}
	return b[len(b)-1] == '\n'
}

// looksLikeRecord reports whether b may begin a TLS record: a content type of RFC 8446 section
// 5.1, and the 3 that all versions have in common.
func looksLikeRecord(b []byte) bool {
	return len(b) > 0 && b[0] >= recordChangeCipherSpec && b[0] <= recordApplicationData && (len(b) == 1 || b[1] == 3)
}

// recordAfterLine returns where an alert or handshake record begins behind a line of text, or 0.
func recordAfterLine(b []byte) int {
	for _, mark := range []string{"\n\x16\x03", "\n\x15\x03"} {
		if at := bytes.Index(b, []byte(mark)); at >= 0 {
			return at + 1
		}
	}
	return 0
}

// lateAlertIn reads on after a write failed: the server may have said why before it closed.
func (l *link) lateAlertIn() (lateAlert, bool) {
	var b [7]byte
	if _, err := io.ReadFull(l, b[:]); err != nil {
		return 0, false
	}
	return lateAlert(b[6]), b[0] == recordAlert && b[1] == 3 && b[3] == 0 && b[4] == 2
}

// A lateAlert is an alert that crypto/tls did not come to read.
type lateAlert uint8

func (lateAlert) Error() string { return "remote error: the server sent an alert and closed" }
