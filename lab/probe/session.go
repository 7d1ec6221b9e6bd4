package probe

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// A Session is one look and its connection. It is not safe for concurrent use.
type Session struct {
	p    *Prober
	obs  Observation
	end  time.Time // of the whole look
	link *link
	tls  *tls.Conn
	talk *lines
	tags int      // IMAP tags used
	caps []string // as announced inside TLS
	tape *[]byte  // where to leave the recorded bytes of a handshake, if anywhere

	suites  []uint16 // what to offer by hand in place of a handshake, if anything
	through bool     // read on behind the answer to that
	alpn    string   // and what to speak inside TLS, if that is to be said

	resume account.Session // kept out of the observation
}

func (p *Prober) session(s account.Settings) *Session {
	resume := s.Session
	s.Session = account.Session{}
	return &Session{
		p:      p,
		end:    time.Now().Add(p.Longest()),
		obs:    Observation{Settings: s, Listed: true, At: p.at(s)},
		resume: resume,
	}
}

// Observation returns what was seen so far.
func (s *Session) Observation() Observation { return s.obs }

// Close ends the connection. It may be called more than once.
func (s *Session) Close() {
	if s.link == nil {
		return
	}
	if s.alive() && s.tls != nil {
		s.allow()
		_ = s.tls.CloseWrite() // so that a server's log does not show a cut
	}
	_ = s.link.Conn.Close()
	s.link = nil
}

// alive reports whether the connection went well to the end, and is still ours.
func (s *Session) alive() bool {
	return s.link != nil && s.obs.Stage == Done && s.obs.Outcome == Fine
}

func (s *Session) protocol() account.Protocol { return s.obs.Settings.Endpoint.Protocol() }

// run takes the stages one after the other, until one does not end well.
func (s *Session) run(ctx context.Context) {
	if err := s.connect(ctx); err != nil {
		s.fail(ctx, err)
		return
	}
	stop := context.AfterFunc(ctx, s.link.closer())
	defer stop()
	err := s.stages()
	s.obs.Waited = s.link.waited
	if err != nil {
		s.fail(ctx, err)
		_ = s.link.Conn.Close()
		s.link = nil
		return
	}
	s.obs.Outcome = Fine
	if s.suites == nil {
		s.obs.Stage = Done
	}
}

func (s *Session) stages() error {
	s.talk = newLines(s.link)
	if s.obs.Settings.Mode != account.ImplicitTLS {
		if s.protocol() == account.HTTPS {
			return s.stagesOfClearHTTP()
		}
		if err := s.greet(); err != nil {
			return err
		}
		if err := s.ask(); err != nil {
			return err
		}
		if s.obs.Settings.Mode == account.Plaintext {
			return nil
		}
		if err := s.upgrade(); err != nil {
			return err
		}
	}
	if s.suites != nil {
		return s.hello()
	}
	if err := s.handshake(); err != nil {
		return err
	}
	return s.read()
}

func (s *Session) stagesOfClearHTTP() error {
	if s.obs.Settings.Mode == account.StartTLS {
		s.obs.Stage = Upgrading
		return ending{NotOffered, "http has no starttls"}
	}
	s.begin(Greeting)
	return s.get(&s.obs.Greeting)
}

// begin enters a stage and starts its time.
func (s *Session) begin(stage Stage) {
	s.obs.Stage = stage
	s.deadline(s.p.timeout())
}

// deadline sets the limit of everything until the next call. It is an instant, not a time per
// read, so a byte a second does not prolong it.
func (s *Session) deadline(d time.Duration) {
	if s.link == nil {
		return
	}
	t := time.Now().Add(d)
	if s.end.Before(t) {
		t = s.end
	}
	s.link.setLimit(t)
}

// allow gives one more step its time after the look is over.
func (s *Session) allow() {
	s.end = time.Now().Add(s.p.timeout())
	s.deadline(s.p.timeout())
}

// fail writes down how the stage ended.
func (s *Session) fail(ctx context.Context, err error) {
	if e := ctx.Err(); e != nil {
		s.obs.Outcome, s.obs.Error = TimedOut, e.Error()
		return
	}
	if n, ok := alertNumber(err); ok && s.obs.TLS != nil {
		s.obs.TLS.Alert = &n
	}
	s.obs.Outcome = s.outcome(err)
	s.obs.Error = clip(err.Error(), maxError)
}
