// Package bound reads what strangers wrote without letting them choose what that costs. It asks
// how much there is before anything is decoded or computed.
package bound

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
)

const (
	// MaxCertificate is the most bytes of a certificate that is read. crypto/tls takes as many of
	// all certificates together, OpenSSL 100 kB; every name in them costs many times its bytes.
	MaxCertificate = 256 << 10
	// MaxRSA is the most bits of an RSA key that is computed with, as in crypto/tls; OpenSSL and NSS
	// have 16,384. The work grows with the third power of the size.
	MaxRSA = 8192
)

// ErrTooLarge is in the chain of every error about a certificate that could be read, and is not
// for what it would cost.
var ErrTooLarge = errors.New("this is not computed with")

// Certificate parses a certificate as crypto/x509 does, if it is of a size, and its key too, that
// clients take. A key beyond that is an error here, so that nobody computes with it.
func Certificate(der []byte) (*x509.Certificate, error) {
	if len(der) > MaxCertificate {
		return nil, fmt.Errorf("it has %d kB, and crypto/tls and OpenSSL refuse more than %d: %w", len(der)>>10, MaxCertificate>>10, ErrTooLarge)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if err := Key(c); err != nil {
		return nil, err
	}
	return c, nil
}

// Key says why nobody computes with the key of a certificate. Of the other kinds of keys crypto/x509
// reads those of a fixed size alone, or, as DSA, none that it computes with.
func Key(c *x509.Certificate) error {
	if key, is := c.PublicKey.(*rsa.PublicKey); is && key.N.BitLen() > MaxRSA {
		return fmt.Errorf("its RSA key has %d bits; crypto/tls refuses more than %d, OpenSSL and NSS more than 16384: %w", key.N.BitLen(), MaxRSA, ErrTooLarge)
	}
	return nil
}
