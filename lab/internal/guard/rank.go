// Package guard keeps a stranger from choosing what this program knocks at. Certificates, web pages
// and DNS name addresses; whoever wrote them may name one that only this machine can reach, such as
// a router's page or the place where a cloud keeps its keys.
//
// The rule: what a stranger names is looked for only at addresses no less public than the stranger's
// own. It is applied to the address that is dialled, whatever name led there, and again at every
// redirect.
package guard

import (
	"encoding/binary"
	"net/netip"
)

// A Rank is how public an address is.
type Rank int

// The ranks, the least public first.
const (
	Never    Rank = iota // no server that a stranger may name: link-local, multicast, unspecified, reserved
	Loopback             // this machine
	Private              // this network
	Public               // everybody's
)

// block is a range of addresses that are alike.
type block struct {
	prefix string
	rank   Rank
	kind   string // what it is, to follow "is"
}

// blocks are the ranges that are not public, the narrower before the wider: the registries of
// special addresses at IANA (RFC 6890). Addresses of documentation are public: no network has them
// for itself, and examples are full of them.
func blocks() []block {
	const local, reserved = "of a private network", "reserved"
	return []block{
		{"0.0.0.0/8", Never, "unspecified"},
		{"10.0.0.0/8", Private, local},
		{"100.64.0.0/10", Private, "of a provider's own network"},
		{"127.0.0.0/8", Loopback, "this machine itself"},
		{"168.63.129.16/32", Never, "of a cloud's own service"}, // Azure: looks public, and is the host
		{"169.254.0.0/16", Never, "link-local"},
		{"172.16.0.0/12", Private, local},
		{"192.0.0.0/24", Never, reserved},
		{"192.88.99.0/24", Never, reserved},
		{"192.168.0.0/16", Private, local},
		{"198.18.0.0/15", Private, "of a network for measurements"},
		{"224.0.0.0/4", Never, "multicast"},
		{"240.0.0.0/4", Never, reserved}, // and broadcast

		{"::/128", Never, "unspecified"},
		{"::1/128", Loopback, "this machine itself"},
		{"2001:2::/48", Private, "of a network for measurements"},
		{"2001::/23", Never, reserved},
		{"5f00::/16", Never, reserved},
		{"fc00::/7", Private, local},
		{"fe80::/10", Never, "link-local"},
		{"fec0::/10", Never, "site-local"},
		{"ff00::/8", Never, "multicast"},
		{"2000::/3", Public, "public"},
		{"::/0", Never, reserved}, // nothing else is given out
	}
}

// RankOf returns how public an address is. Of one that leads to another inside it, such as a NAT64
// address, it is the least public of the two.
func RankOf(a netip.Addr) Rank {
	rank, _ := describe(a)
	return rank
}

func describe(a netip.Addr) (Rank, string) {
	a = a.WithZone("").Unmap()
	if !a.IsValid() {
		return Never, "no address"
	}
	within, only := inside(a)
	rank, kind := Public, "public"
	if !only {
		rank, kind = look(a)
	}
	for _, b := range within {
		if r, k := look(b); r < rank {
			rank, kind = r, "a way to "+b.String()+", which is "+k
		}
	}
	return rank, kind
}

func look(a netip.Addr) (Rank, string) {
	for _, b := range blocks() {
		if netip.MustParsePrefix(b.prefix).Contains(a) {
			return b.rank, b.kind
		}
	}
	return Public, "public"
}

// inside returns the IPv4 addresses that an IPv6 address leads to. only says that it has no rank of
// its own: it is a form of writing them.
func inside(a netip.Addr) (within []netip.Addr, only bool) {
	if !a.Is6() {
		return nil, false
	}
	b := a.As16()
	at := func(i int) netip.Addr { return netip.AddrFrom4([4]byte(b[i : i+4])) }
	last := at(12)
	in := func(prefix string) bool { return netip.MustParsePrefix(prefix).Contains(a) }
	switch {
	case in("64:ff9b::/96"), in("::ffff:0:0:0/96"): // RFC 6052, RFC 7915
		return []netip.Addr{last}, true
	case in("2002::/16"): // RFC 3056
		return []netip.Addr{at(2)}, true
	case in("2001::/32"): // RFC 4380: the server, and the client with its bits turned
		var client [4]byte
		binary.BigEndian.PutUint32(client[:], ^binary.BigEndian.Uint32(b[12:]))
		return []netip.Addr{at(4), netip.AddrFrom4(client)}, true
	case binary.BigEndian.Uint32(b[8:])&^0x02000000 == 0x00005efe: // RFC 5214, in any network
		return []netip.Addr{last}, false
	}
	return nil, false
}

// Most returns the rank of the most public of some addresses, with a port or without: that of a
// stranger who has several. One that is not known, or that is no server's, counts as public.
func Most(addresses ...string) Rank {
	most := Never
	for _, text := range addresses {
		a, err := netip.ParseAddr(text)
		if err != nil {
			with, _ := netip.ParseAddrPort(text)
			a = with.Addr()
		}
		rank := RankOf(a)
		if rank == Never {
			return Public
		}
		most = max(most, rank)
	}
	if most == Never {
		return Public
	}
	return most
}
