package discover

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/mailtlslab/mailtlslab/lab/internal/guard"
)

// A host is a web server of the domain: where it is, or why nobody knows.
type host struct {
	addresses []string // IP addresses, with a port where somebody said so
	err       error
}

// address returns the most public address of a server.
func (h host) address() string {
	best := ""
	for _, a := range h.addresses {
		if best == "" || guard.Most(a) > guard.Most(best) {
			best = a
		}
	}
	return best
}

// resolve returns where the servers of some pages are, side by side.
func (f *Finder) resolve(ctx context.Context, pages []page) map[string]host {
	var names []string
	for _, p := range pages {
		if !slices.Contains(names, p.host) {
			names = append(names, p.host)
		}
	}
	hosts := make([]host, len(names))
	var wait sync.WaitGroup
	for i, name := range names {
		wait.Go(func() { hosts[i] = f.where(ctx, name) })
	}
	wait.Wait()
	out := map[string]host{}
	for i, name := range names {
		out[name] = hosts[i]
	}
	return out
}

func (f *Finder) where(ctx context.Context, name string) host {
	if mapped, ok := f.Addresses[net.JoinHostPort(name, "443")]; ok {
		return host{addresses: []string{mapped}}
	}
	resolver := f.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	ips, err := resolver.LookupNetIP(ctx, "ip", name+".") // as it is, whatever search list the system has
	if err != nil {
		return host{err: noServer(err)}
	}
	h := host{}
	for _, ip := range ips {
		h.addresses = append(h.addresses, ip.Unmap().String())
	}
	return h
}

// noServer says of a name that is not in DNS that there is no such server.
func noServer(err error) error {
	if gone, ok := errors.AsType[*net.DNSError](err); ok && gone.IsNotFound {
		return errors.New("there is no server of this name")
	}
	return err
}

// publisher returns how public a domain is: as its most public web server. One of them alone could
// be pointed at a network that is not the domain's.
func publisher(hosts map[string]host) guard.Rank {
	var all []string
	for _, h := range hosts {
		all = append(all, h.addresses...)
	}
	return guard.Most(all...)
}

// Publisher returns the address of whoever published the settings of some sources: that of the most
// public web server. It is not valid where the domain has none.
func Publisher(sources []Source) netip.Addr {
	best := ""
	for _, s := range sources {
		if s.Address != "" && (best == "" || guard.Most(s.Address) > guard.Most(best)) {
			best = s.Address
		}
	}
	if a, err := netip.ParseAddr(best); err == nil {
		return a
	}
	a, _ := netip.ParseAddrPort(best)
	return a.Addr()
}
