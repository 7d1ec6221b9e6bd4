package probe

import "crypto/tls"

// offer has the handshake resume the session that the settings bring, if it can be read. That
// is for looking with a mail program's eyes: a resumed session shows no certificate.
func (s *Session) offer(c *tls.Config) {
	if s.resume.IsZero() {
		return
	}
	state, err := tls.ParseSessionState(s.resume.State)
	if err != nil {
		return
	}
	session, err := tls.NewResumptionState(s.resume.Ticket, state)
	if err != nil {
		return
	}
	c.SessionTicketsDisabled = false
	c.ClientSessionCache = remembered{session}
}

// remembered is a cache of the one session, which it never gives up for another.
type remembered struct{ session *tls.ClientSessionState }

func (r remembered) Get(string) (*tls.ClientSessionState, bool) { return r.session, true }
func (remembered) Put(string, *tls.ClientSessionState)          {}
