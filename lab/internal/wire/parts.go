package wire

import "net"

// Parts are the queues of a library that serves a conversation in parts: what comes before TLS
// and what comes after are different servers to it.
type Parts struct {
	Clear  *Queue // before TLS, where no login is allowed
	Secure *Queue // inside TLS
	Open   *Queue // before TLS, with logins
}

// NewParts returns empty queues.
func NewParts() Parts { return Parts{Clear: NewQueue(), Secure: NewQueue(), Open: NewQueue()} }

// ServeConn hands c to the part that it belongs to, and returns when it was served to its end.
func (p Parts) ServeConn(c net.Conn) {
	switch {
	case IsTLS(c):
		p.Secure.Hand(c)
	case Find(c).ClearLogins():
		p.Open.Hand(c)
	default:
		p.Clear.Hand(c)
	}
}

// Close ends Accept of every part.
func (p Parts) Close() {
	for _, q := range []*Queue{p.Clear, p.Secure, p.Open} {
		q.Close()
	}
}
