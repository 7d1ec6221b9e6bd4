package guard

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// A Guard decides about addresses that one stranger names. The zero value lets him name nothing
// that is not public.
type Guard struct {
	From  Rank           // of the stranger; Never counts as Public
	Allow []netip.Prefix // what he may name nevertheless
	Mail  bool           // mail servers are looked for, and not web servers
}

// A Refusal is the error about an address that a stranger may not name.
type Refusal struct {
	Address netip.AddrPort
	why     string
}

func (r *Refusal) Error() string { return r.why }

// mailPorts are those on which mail is served: the registered ones, and those that providers add
// where port 25 or 587 is closed.
func mailPorts() []uint16 { return []uint16{25, 26, 110, 143, 465, 587, 993, 995, 2525} }

func webPorts() []uint16 { return []uint16{80, 443} }

// Check refuses an address that the stranger may not name.
func (g Guard) Check(a netip.AddrPort) error {
	if g.allowed(a.Addr()) {
		return nil
	}
	from := g.from()
	rank, kind := describe(a.Addr())
	refuse := func(format string, args ...any) error { return &Refusal{a, fmt.Sprintf(format, args...)} }
	switch {
	case rank == Never:
		return refuse("%s is %s, and no server is looked for there", a.Addr(), kind)
	case rank == Loopback && from > rank:
		return refuse("%s is %s, and only a server on this machine may name it", a.Addr(), kind)
	case rank < from:
		return refuse("%s is %s, and only a server within may name it", a.Addr(), kind)
	case g.Mail && rank == Public && !slices.Contains(mailPorts(), a.Port()):
		return refuse("port %d of %s is no port for mail", a.Port(), a.Addr())
	case g.Mail:
		return nil
	case rank == Public && !slices.Contains(webPorts(), a.Port()):
		return refuse("port %d of %s is no port of the web (80 or 443)", a.Port(), a.Addr())
	case slices.Contains(mailPorts(), a.Port()):
		return refuse("port %d of %s is a port for mail", a.Port(), a.Addr())
	}
	return nil
}

// from returns the rank of the stranger: nobody who is reached has none, so that it is not known then.
func (g Guard) from() Rank {
	if g.From == Never {
		return Public
	}
	return g.From
}

func (g Guard) allowed(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	within, _ := inside(a)
	return slices.ContainsFunc(g.Allow, func(p netip.Prefix) bool {
		return p.Contains(a) || slices.ContainsFunc(within, p.Contains)
	})
}

// Control is Check for a net.Dialer: it sees the address that the connection is about to go to, so
// that a name which means another address at every look-up gains nothing.
func (g Guard) Control(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%.60q is no address: %w", address, err)
	}
	return g.Check(a)
}
