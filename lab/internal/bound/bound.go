// Package bound reads what strangers wrote without letting them choose what that costs. It asks
// how much there is before anything is decoded or computed.
package bound

import (
	"crypto/rsa"
	"crypto/x509"
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

// A TooLargeError is about a certificate that could be read, and is not for what it would cost.
type TooLargeError struct {
	What    string // is too large: "its RSA key has 65536 bits"
	Refused string // by whom, and from where on
}

func (e *TooLargeError) Error() string { return e.What + "; " + e.Refused }

// Certificate parses a certificate as crypto/x509 does, if it is of a size, and its key too, that
// clients take. A key beyond that is an error here, so that nobody computes with it.
func Certificate(der []byte) (*x509.Certificate, error) {
	if len(der) > MaxCertificate {
		return nil, &TooLargeError{fmt.Sprintf("it has %d kB", len(der)>>10), fmt.Sprintf("Go refuses more than %d kB of certificates, OpenSSL more than 100", MaxCertificate>>10)}
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
		return &TooLargeError{fmt.Sprintf("its RSA key has %d bits", key.N.BitLen()), fmt.Sprintf("Go refuses more than %d bits, OpenSSL and NSS more than 16384", MaxRSA)}
	}
	return nil
}
