package certs

import (
	"crypto/x509"
	"encoding/asn1"
	"net"
	"slices"
	"strings"
)

// subtrees are one of the two lists of name constraints (RFC 5280 section 4.2.1.10), by kind.
type subtrees struct {
	mail, dns, uri []string
	ips            []*net.IPNet
	others         bool // of a kind that is not read here
}

// constraintsIn reads name constraints (DER). ok is false where they are not as they should be.
func constraintsIn(value []byte) (permitted, excluded subtrees, ok bool) {
	var whole asn1.RawValue
	if rest, err := asn1.Unmarshal(value, &whole); err != nil || len(rest) > 0 {
		return permitted, excluded, false
	}
	for rest := whole.Bytes; len(rest) > 0; {
		var list asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &list); err != nil || list.Class != asn1.ClassContextSpecific || list.Tag > 1 {
			return permitted, excluded, false
		}
		into := []*subtrees{&permitted, &excluded}[list.Tag]
		for names := list.Bytes; len(names) > 0; {
			var tree, name asn1.RawValue
			if names, err = asn1.Unmarshal(names, &tree); err != nil {
				return permitted, excluded, false
			}
			if _, err = asn1.Unmarshal(tree.Bytes, &name); err != nil {
				return permitted, excluded, false
			}
			into.add(name)
		}
	}
	return permitted, excluded, true
}

func (s *subtrees) add(name asn1.RawValue) {
	const mail, dns, uri, address = 1, 2, 6, 7
	text := string(name.Bytes)
	half := len(name.Bytes) / 2
	switch {
	case name.Tag == address && (half == net.IPv4len || half == net.IPv6len) && 2*half == len(name.Bytes):
		s.ips = append(s.ips, &net.IPNet{IP: net.IP(name.Bytes[:half]), Mask: net.IPMask(name.Bytes[half:])})
	case name.Tag == mail && isASCII(text):
		s.mail = append(s.mail, text)
	case name.Tag == dns && isASCII(text):
		s.dns = append(s.dns, text)
	case name.Tag == uri && isASCII(text):
		s.uri = append(s.uri, text)
	default:
		s.others = true
	}
}

// KeepsConstraints reports whether the root of an outline keeps all that name constraints (DER) forbid:
// those for hosts, addresses and mail, but none for other names.
func KeepsConstraints(value []byte) bool {
	permitted, excluded, ok := constraintsIn(value)
	return ok && !permitted.others && !excluded.others
}

// nothing is a name that nobody has, where nothing that a root may certify is left to it.
const nothing = "nothing.invalid"

// narrow takes from a root of an outline, of what it may certify, what its own constraints forbid. It
// gives it nothing.
func narrow(root *x509.Certificate, value []byte) {
	permitted, excluded, ok := constraintsIn(value)
	if !ok {
		return
	}
	root.PermittedDNSDomains = within(root.PermittedDNSDomains, permitted.dns)
	root.PermittedEmailAddresses = within(root.PermittedEmailAddresses, permitted.mail)
	root.PermittedURIDomains = within(root.PermittedURIDomains, permitted.uri)
	if len(permitted.ips) > 0 {
		root.PermittedIPRanges = slices.DeleteFunc(root.PermittedIPRanges, func(own *net.IPNet) bool {
			return !slices.ContainsFunc(permitted.ips, func(n *net.IPNet) bool {
				return len(n.IP) == len(own.IP) && n.Contains(own.IP) && sizeOf(n) <= sizeOf(own)
			})
		})
		if len(root.PermittedIPRanges) == 0 {
			root.PermittedIPRanges = []*net.IPNet{{IP: net.IPv4bcast.To4(), Mask: net.CIDRMask(32, 32)}}
		}
	}
	root.ExcludedDNSDomains, root.ExcludedEmailAddresses = excluded.dns, excluded.mail
	root.ExcludedURIDomains, root.ExcludedIPRanges = excluded.uri, excluded.ips
}

func sizeOf(n *net.IPNet) int {
	ones, _ := n.Mask.Size()
	return ones
}

// within returns those names that lie in a permitted one. Where nothing is permitted by name, all are.
func within(own, permitted []string) []string {
	if len(permitted) == 0 {
		return own
	}
	out := slices.DeleteFunc(slices.Clone(own), func(n string) bool {
		return !slices.ContainsFunc(permitted, func(p string) bool {
			p = strings.ToLower(strings.TrimPrefix(p, "."))
			return p == "" || n == p || strings.HasSuffix(n, "."+p)
		})
	})
	if len(out) == 0 {
		return []string{nothing}
	}
	return out
}
