package clone

import (
	"crypto/x509"
	"errors"
	"net"
	"reflect"
	"strings"
	"unicode"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// errNothing is what there is to say of evidence without a connection or a certificate.
var errNothing = errors.New("there is nothing in it that could be served: neither a connection that was looked at nor a certificate")

// quoted is what a stranger wrote, as a part of a sentence: of one line, and bounded.
func quoted(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, finding.Clip(s))
	return strings.ToValidUTF8(s, "?")
}

// titled is a host as a title may have it, which has no full stop at its end.
func titled(host string) string { return strings.TrimRight(quoted(host), ".") }

// hostIn returns a name that a certificate is for, and the lab's own where it is for none.
func hostIn(der []byte) string {
	c, err := bound.Certificate(der)
	if err != nil {
		return scenarios.DefaultHost
	}
	for _, n := range c.DNSNames {
		if rest, ok := strings.CutPrefix(n, "*."); ok {
			n = "mail." + rest
		}
		if account.CheckHost(n) == nil && c.VerifyHostname(n) == nil {
			return n
		}
	}
	for _, ip := range c.IPAddresses {
		return ip.String()
	}
	return scenarios.DefaultHost
}

// named reports whether a certificate is for a host.
func named(der []byte, host string) bool {
	c, err := bound.Certificate(der)
	return err == nil && c.VerifyHostname(host) == nil
}

func equal(a, b scenarios.Service) bool { return reflect.DeepEqual(a, b) }

// healthy reports whether a service differs in nothing from a healthy one.
func healthy(s scenarios.Service) bool {
	s.On = nil
	return reflect.ValueOf(s).IsZero()
}

// isAddress reports whether a host is an IP address.
func isAddress(host string) bool { return net.ParseIP(host) != nil }

// selfIssued reports whether a certificate names itself as its issuer.
func selfIssued(c *x509.Certificate) bool { return string(c.RawSubject) == string(c.RawIssuer) }
