package wire

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// A secure is the encrypted part of a connection as the daemon sees it. It counts commands,
// and keeps SMTP replies together as the gate does.
type secure struct {
	*tls.Conn
	conn *Conn
	over atomic.Bool // the last word was said

	mu   sync.Mutex // an idling IMAP session writes while it reads
	scan scanner
	line []byte // received of a line, at most maxLine
	size int    // of that line so far
	held []byte // written by the daemon, not yet a whole reply
	mute bool   // swallow the daemon's first line
}

func (s *secure) Read(p []byte) (int, error) {
	if s.over.Load() {
		return 0, io.EOF
	}
	n, err := s.Conn.Read(p)
	if s.scan.dialect != HTTP && n > 0 {
		s.received(p[:n])
		if s.conn.endless(s.size) {
			s.over.Store(true)
			s.Conn.Write([]byte(tooLong(s.scan.dialect)))
			s.conn.linger = true
			return 0, io.EOF
		}
	}
	if err != nil {
		s.conn.noteAlert(err)
	}
	return n, err
}

func (s *secure) received(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(b) > 0 {
		if s.scan.skip > 0 {
			n := min(s.scan.skip, int64(len(b)))
			s.scan.skip -= n
			b = b[n:]
			continue
		}
		end := bytes.IndexByte(b, '\n') + 1
		part := b
		if end > 0 {
			part = b[:end]
		}
		b = b[len(part):]
		s.line = append(s.line, part[:min(len(part), maxLine-len(s.line))]...)
		if s.size += len(part); end == 0 {
			continue
		}
		s.size = 0
		if _, ok := s.scan.line(s.line); ok {
			s.conn.command(true)
		}
		s.line = s.line[:0]
	}
}

func (s *secure) Write(p []byte) (int, error) {
	if s.over.Load() {
		return len(p), nil // what the daemon says then is nobody's business
	}
	ready := s.ready(p)
	if len(ready) == 0 {
		return len(p), nil
	}
	if n, err := s.Conn.Write(ready); n < len(ready) {
		return 0, err
	}
	return len(p), nil
}

// ready returns what may be sent of what was written up to p.
func (s *secure) ready(p []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mute {
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			return nil
		}
		s.mute = false
		p = p[end:]
	}
	if s.scan.dialect == HTTP || len(p) == 0 {
		return p
	}
	s.scan.reply(p)
	if s.scan.dialect != SMTP {
		return p
	}
	ready, rest := join(SMTP, append(s.held, p...))
	s.held = bytes.Clone(rest)
	return ready
}

// NetConn hides the socket from libraries that would look below TLS.
func (s *secure) NetConn() net.Conn { return s.Conn.NetConn() }
