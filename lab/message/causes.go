package message

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// Causes says what a Go error means: one of crypto/x509, crypto/tls, net, os or syscall, wrapped or
// not, or any other by its text. The codes are what may be behind it, the likeliest first;
// finding.Unexplained alone where nothing is known of it, and nil for nil.
func Causes(err error) []finding.Code {
	if err == nil {
		return nil
	}
	k := known()
	for _, judge := range []func(error, causes) []finding.Code{certificateCauses, tlsCauses, networkCauses} {
		if codes := judge(err, k); codes != nil {
			return codes
		}
	}
	if m, ok := Find(err.Error(), Client); ok {
		return m.Codes
	}
	return k.unexplained
}

func certificateCauses(err error, k causes) []finding.Code {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var roots x509.SystemRootsError
	var insecure x509.InsecureAlgorithmError
	var constraint x509.ConstraintViolationError
	var critical x509.UnhandledCriticalExtension
	switch {
	case errors.As(err, &invalid):
		return invalidCauses(invalid, k)
	case errors.As(err, &host):
		return hostCauses(host, k)
	case errors.As(err, &authority):
		return authorityCauses(authority, k)
	case errors.As(err, &roots):
		return k.noRoot
	case errors.As(err, &insecure):
		return k.weakSignature
	case errors.As(err, &constraint):
		return k.notCA
	case errors.As(err, &critical):
		return k.critical
	case errors.Is(err, x509.ErrUnsupportedAlgorithm):
		return k.algorithm
	case errors.Is(err, x509.IncorrectPasswordError):
		return k.keyLocked
	}
	return nil
}

func invalidCauses(err x509.CertificateInvalidError, k causes) []finding.Code {
	switch err.Reason {
	case x509.Expired:
		switch {
		case strings.Contains(err.Detail, "is before"):
			return k.notYet
		case strings.Contains(err.Detail, "is after"):
			return k.expired
		}
		return k.time
	case x509.NotAuthorizedToSign:
		return k.notCA
	case x509.TooManyIntermediates:
		return k.length
	case x509.IncompatibleUsage:
		return k.purpose
	case x509.NameMismatch:
		return []finding.Code{finding.IssuerKeyMismatch, finding.IssuerNameEncoding}
	case x509.CANotAuthorizedForThisName, x509.NameConstraintsWithoutSANs, x509.UnconstrainedName:
		return k.constraints
	case x509.TooManyConstraints:
		return []finding.Code{finding.TooComplex}
	case x509.CANotAuthorizedForExtKeyUsage:
		return k.caPurpose
	}
	return k.unexplained
}

func hostCauses(err x509.HostnameError, k causes) []finding.Code {
	c := err.Certificate
	switch {
	case net.ParseIP(strings.Trim(err.Host, "[]")) != nil:
		return k.address
	case c != nil && len(c.DNSNames)+len(c.IPAddresses)+len(c.EmailAddresses)+len(c.URIs) == 0:
		return k.noSAN
	}
	return k.name
}

func authorityCauses(err x509.UnknownAuthorityError, k causes) []finding.Code {
	if m, ok := Find(err.Error(), Client); ok && !slices.Equal(m.Codes, k.issuer) {
		return m.Codes // it has a hint
	}
	if c := err.Cert; c != nil && bytes.Equal(c.RawSubject, c.RawIssuer) {
		if c.IsCA {
			return append(k.ownRoot[:4:4], finding.SelfSigned)
		}
		return k.selfSigned
	}
	return k.issuer
}

func tlsCauses(err error, k causes) []finding.Code {
	var record tls.RecordHeaderError
	if errors.As(err, &record) {
		return k.plain
	}
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error") {
		if m, ok := Find(op.Error(), Client); ok { // the alert has no type that could be seen
			return m.Codes
		}
		return k.refused
	}
	return nil
}

func networkCauses(err error, k causes) []finding.Code {
	var dns *net.DNSError
	var op *net.OpError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dns):
		if dns.IsNotFound {
			return k.noHost
		}
		return k.unexplained // a resolver that did not answer has not said so
	case errors.Is(err, syscall.ECONNREFUSED):
		return k.closed
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
		return k.unreachable
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.ECONNABORTED):
		return k.reset
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return k.ended
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		if errors.As(err, &op) && op.Op != "dial" {
			return k.silent
		}
		return k.timeout
	}
	return nil
}
