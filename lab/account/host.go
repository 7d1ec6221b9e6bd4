package account

import (
	"errors"
	"fmt"
	"net"
)

// MaxHost is the length of the longest DNS name in its text form, in bytes: RFC 1035 section 2.3.4.
const MaxHost = 253

// CheckHost refuses what can be no server of an account, neither a DNS name nor an IP address, and
// would only be a puzzle for a resolver.
func CheckHost(host string) error {
	if net.ParseIP(host) != nil {
		return nil
	}
	if host == "" || len(host) > MaxHost {
		return fmt.Errorf("a host name must have 1 to %d characters, and this one has %d", MaxHost, len(host))
	}
	for _, r := range host {
		switch {
		case r > 0x7f:
			return errors.New("it has letters that DNS does not know; write the name in its xn-- form")
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.', r == '_':
		default:
			return fmt.Errorf("%q cannot be in a host name", r)
		}
	}
	return nil
}
