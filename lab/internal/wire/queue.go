package wire

import (
	"net"
	"sync"
)

// A Queue is a net.Listener for libraries that only know how to serve one. What is handed in
// comes out of Accept.
type Queue struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// NewQueue returns an empty queue.
func NewQueue() *Queue {
	return &Queue{conns: make(chan net.Conn), done: make(chan struct{})}
}

// Accept waits for the next connection handed in; after Close it returns net.ErrClosed.
func (q *Queue) Accept() (net.Conn, error) {
	select {
	case c := <-q.conns:
		return c, nil
	case <-q.done:
		return nil, net.ErrClosed
	}
}

// Close ends Accept. It may be called more than once.
func (q *Queue) Close() error {
	q.once.Do(func() { close(q.done) })
	return nil
}

// Addr returns an address that says nothing.
func (q *Queue) Addr() net.Addr { return &net.TCPAddr{} }

// Hand gives c to whoever accepts and returns when it was closed there. After Close it closes c.
func (q *Queue) Hand(c net.Conn) {
	h := &handed{Conn: c, closed: make(chan struct{})}
	select {
	case q.conns <- h:
		<-h.closed
	case <-q.done:
		c.Close()
	}
}

type handed struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
	err    error
}

func (h *handed) Close() error {
	h.once.Do(func() {
		h.err = h.Conn.Close()
		close(h.closed)
	})
	return h.err
}

// unwrap returns what was handed in.
func (h *handed) unwrap() net.Conn { return h.Conn }
