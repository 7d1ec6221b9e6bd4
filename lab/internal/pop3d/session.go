package pop3d

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

const (
	maxLine = 1 << 10 // RFC 2449 section 4 wants 255
	maxBad  = 10      // commands that failed to parse, before the session ends
)

var errLong = errors.New("line too long")

// A session is one client. It needs nothing but a stream, so that it can be fuzzed.
type session struct {
	store     *mailbox.Store
	hostname  string
	secure    bool
	open      bool // takes passwords in the clear too
	noteLogin func(ok bool)
	extend    func() error // called before each command

	r *bufio.Reader
	w *bufio.Writer

	user     string
	loggedIn bool
	messages []mailbox.Size // as they were at login
	deleted  map[int]bool   // by index
	bad      int
	quit     bool
}

// serve speaks until the client quits, leaves or errs too often.
func (s *session) serve(rw io.ReadWriter) {
	s.r, s.w = bufio.NewReaderSize(rw, maxLine), bufio.NewWriter(rw)
	s.deleted = map[int]bool{}
	s.ok("%s POP3 server ready", s.hostname)
	for !s.quit {
		if s.w.Flush() != nil || s.extend() != nil {
			return
		}
		line, err := s.readLine()
		if errors.Is(err, errLong) {
			s.err("line too long")
			break
		}
		if err != nil {
			return
		}
		s.command(line)
		if s.bad >= maxBad {
			s.err("too many bad commands")
			break
		}
	}
	s.w.Flush()
}

func (s *session) readLine() (string, error) {
	line, err := s.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errLong
	}
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

func (s *session) ok(format string, args ...any)  { fmt.Fprintf(s.w, "+OK "+format+"\r\n", args...) }
func (s *session) err(format string, args ...any) { fmt.Fprintf(s.w, "-ERR "+format+"\r\n", args...) }

// command carries out one line.
func (s *session) command(line string) {
	verb, arg, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "CAPA":
		s.capa()
	case "QUIT":
		s.leave()
	case "NOOP":
		s.ok("nothing done")
	case "STLS":
		s.err("STLS is not available")
	case "USER", "PASS", "AUTH":
		s.authorise(strings.ToUpper(verb), arg)
	case "STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "RSET":
		if !s.loggedIn {
			s.err("log in first")
			return
		}
		s.transact(strings.ToUpper(verb), strings.Fields(arg))
	default:
		s.bad++
		s.err("unknown command")
	}
}

func (s *session) capa() {
	s.ok("capabilities follow")
	lines := []string{"TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "IMPLEMENTATION mailtlslab"}
	if !s.secure && !s.loggedIn {
		lines = append(lines, "STLS")
	}
	if (s.secure || s.open) && !s.loggedIn {
		lines = append(lines, "USER", "SASL PLAIN")
	}
	fmt.Fprintf(s.w, "%s\r\n.\r\n", strings.Join(lines, "\r\n"))
}

// leave makes the deletions good: RFC 1939 section 6.
func (s *session) leave() {
	gone := map[uint32]bool{}
	for i := range s.deleted {
		gone[s.messages[i].UID] = true
	}
	if len(gone) > 0 {
		s.store.Remove(s.store.Inbox(), func(uid uint32, _ mailbox.Flags) bool { return gone[uid] })
	}
	s.ok("goodbye")
	s.quit = true
}

func (s *session) authorise(verb, arg string) {
	switch {
	case s.loggedIn:
		s.err("already logged in")
	case !s.secure && !s.open:
		s.err("[AUTH] TLS is required, use STLS")
	case verb == "USER":
		s.user = arg
		s.ok("now the password")
	case verb == "PASS" && s.user == "":
		s.err("USER first")
	case verb == "PASS":
		s.login(s.user, arg)
	default:
		s.plain(arg)
	}
}

// plain is AUTH PLAIN with or without an initial response.
func (s *session) plain(arg string) {
	mech, initial, _ := strings.Cut(arg, " ")
	if !strings.EqualFold(mech, "PLAIN") {
		s.err("only PLAIN is known")
		return
	}
	if initial == "" {
		s.w.WriteString("+ \r\n")
		if s.w.Flush() != nil {
			s.quit = true
			return
		}
		var err error
		if initial, err = s.readLine(); err != nil {
			s.quit = true
			return
		}
	}
	decoded, err := base64.StdEncoding.DecodeString(initial)
	parts := strings.Split(string(decoded), "\x00")
	if err != nil || len(parts) != 3 {
		s.err("not a PLAIN response")
		return
	}
	s.login(parts[1], parts[2])
}

func (s *session) login(user, password string) {
	ok := s.store.Login(user, password)
	s.noteLogin(ok)
	if !ok {
		s.user = ""
		s.bad++
		s.err("[AUTH] wrong user or password")
		return
	}
	s.loggedIn = true
	s.messages = s.store.Sizes(s.store.Inbox())
	s.ok("logged in")
}
