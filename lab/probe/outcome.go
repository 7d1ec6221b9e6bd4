package probe

import (
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"syscall"
)

// An ending is an outcome that the error of a library could not tell.
type ending struct {
	outcome Outcome
	text    string
}

func (e ending) Error() string { return e.text }

var (
	errTooLong = ending{TooLong, "the server sends more than is read"}
	errNotTLS  = ending{NotTLS, "the first bytes are not a tls record"}
)

// outcome sorts an error of any stage after Connecting.
func (s *Session) outcome(err error) Outcome {
	var e ending
	switch {
	case errors.As(err, &e):
		return e.outcome
	case IsLocalFault(err):
		return LocalFault
	case isTimeout(err):
		return TimedOut
	case isAlert(err):
		return Alert
	case errors.Is(err, syscall.ECONNRESET):
		if s.link != nil && s.link.received == 0 {
			return WasReset
		}
		return Closed
	case isClosed(err):
		return Closed
	case s.obs.Stage != Handshaking && s.obs.Stage != Reading:
		return connectOutcome(err)
	case isBadSignature(err):
		return BadSignature
	default:
		return BadTLS
	}
}

// connectOutcome sorts an error of the look-up, of TCP, or of the operating system.
func connectOutcome(err error) Outcome {
	var dns *net.DNSError
	var e ending
	switch {
	case errors.As(err, &e):
		return e.outcome
	case IsLocalFault(err):
		return LocalFault
	case errors.As(err, &dns) && dns.IsNotFound:
		return NoSuchHost
	case errors.As(err, &dns):
		return Unresolved
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.ECONNRESET):
		return WasReset
	case isTimeout(err), errors.Is(err, syscall.ETIMEDOUT):
		return TimedOut
	default:
		return Unreachable // no route, no permission, no such family: TCP cannot get there
	}
}

// IsLocalFault reports whether this machine lacks what a connection needs: a descriptor, a port, memory,
// or the network that it has with itself.
func IsLocalFault(err error) bool {
	for _, e := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
		// The resolver keeps the text alone.
		if dns, ok := errors.AsType[*net.DNSError](err); ok && strings.HasSuffix(dns.Err, ": "+e.Error()) {
			return true
		}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && (errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH)) {
		tcp, ok := op.Addr.(*net.TCPAddr)
		return ok && tcp.IP.IsLoopback()
	}
	return false
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

func isClosed(err error) bool {
	for _, e := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, syscall.EPIPE, syscall.ECONNABORTED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func isAlert(err error) bool {
	_, ok := alertNumber(err)
	return ok
}

// alertNumber returns the number of the alert that the server sent. crypto/tls gives it a type
// of its own, unexported, whose kind is uint8.
func alertNumber(err error) (uint8, bool) {
	if a, ok := errors.AsType[lateAlert](err); ok {
		return uint8(a), true
	}
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "remote error" || op.Err == nil {
		return 0, false
	}
	v := reflect.ValueOf(op.Err)
	if v.Kind() != reflect.Uint8 {
		return 0, false
	}
	return uint8(v.Uint()), true
}

// isBadSignature knows the two texts of a key that is not the certificate's: the signature does
// not verify, or is of a kind that the certificate's key cannot make. A key that crypto/rsa
// finds too small gives the first text too, and is no bad signature.
func isBadSignature(err error) bool {
	text := err.Error()
	if strings.Contains(text, "keys are insecure") {
		return false
	}
	return strings.Contains(text, "tls: invalid signature by the server certificate") ||
		strings.Contains(text, "tls: certificate used with invalid signature algorithm")
}
