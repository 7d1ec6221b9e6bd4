package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// maxAddresses bounds how many addresses of one name are tried.
const maxAddresses = 4

// connect resolves and dials, address by address in the resolver's order.
func (s *Session) connect(ctx context.Context) error {
	s.obs.Stage = Resolving
	if !s.obs.Settings.Endpoint.Valid() {
		return ending{Unresolved, "no such endpoint: " + string(s.obs.Settings.Endpoint)}
	}
	ctx, cancel := context.WithDeadline(ctx, s.end)
	defer cancel()
	addresses, err := s.p.addresses(ctx, s.obs.Settings.Address())
	if err != nil {
		return ending{connectOutcome(err), err.Error()}
	}
	s.obs.Stage = Connecting
	if addresses, err = s.permitted(addresses); err != nil {
		return err
	}
	if len(addresses) > 1 || addresses[0] != s.obs.Settings.Address() {
		s.obs.Resolved = addresses
	}
	var first error
	for _, address := range addresses {
		conn, err := s.dial(ctx, address)
		if err == nil {
			s.link = &link{Conn: conn, idle: min(idle, s.p.timeout()), began: time.Now()}
			s.obs.Address = address
			if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
				s.obs.Address = tcp.String()
			}
			return nil
		}
		if len(addresses) > 1 {
			s.obs.Attempts = append(s.obs.Attempts, Attempt{address, connectOutcome(err), clip(err.Error(), maxError)})
		}
		// An address family that the device has no route for says less than what follows it.
		if was := connectOutcome(first); first == nil || was == Unreachable || was == LocalFault {
			first, s.obs.Address = err, address
		}
		if !time.Now().Before(s.end) || ctx.Err() != nil {
			break
		}
	}
	if _, ok := errors.AsType[*net.DNSError](first); ok {
		s.obs.Stage = Resolving // a Dial that resolves by itself
	}
	if errors.Is(first, syscall.ECONNRESET) {
		s.resetAtOnce()
	}
	return ending{connectOutcome(first), first.Error()}
}

// resetAtOnce names the stage of a reset that overtook the end of connect. TCP was up then: a
// reset before that is a refusal.
func (s *Session) resetAtOnce() {
	s.obs.Stage = Greeting
	if s.obs.Settings.Mode == account.ImplicitTLS {
		s.obs.Stage, s.obs.TLS = Handshaking, &TLS{}
	}
}

func (s *Session) dial(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, min(s.p.timeout(), time.Until(s.end)))
	defer cancel()
	return s.p.dialFunc()(ctx, "tcp", address)
}

// permitted returns those of the addresses to dial that whoever published the server may name. What
// the settings themselves map was said by whoever runs this program. It is asked about the addresses
// that are dialled, so that a name which means another at every look-up gains nothing.
func (s *Session) permitted(addresses []string) ([]string, error) {
	_, mapped := s.obs.Settings.Addresses[s.obs.Settings.Target()]
	if s.p.publisher == nil || mapped && len(addresses) == 1 && addresses[0] == s.obs.Settings.Address() {
		return addresses, nil
	}
	g := *s.p.publisher
	g.Mail = s.obs.Settings.Endpoint != account.Web
	var out []string
	var first error
	for _, address := range addresses {
		a, err := netip.ParseAddrPort(address)
		if err == nil {
			err = g.Check(a)
		}
		if err == nil {
			out = append(out, address)
		} else if first == nil {
			first = ending{NotTried, err.Error()}
		}
	}
	if len(out) == 0 {
		return nil, first
	}
	return out, nil
}

func (p *Prober) dialFunc() func(context.Context, string, string) (net.Conn, error) {
	if p.Dial != nil {
		return p.Dial
	}
	return (&net.Dialer{KeepAlive: -1}).DialContext
}

// addresses returns what to dial, as "address:port".
func (p *Prober) addresses(ctx context.Context, target string) ([]string, error) {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return nil, ending{Unresolved, err.Error()}
	}
	if p.Dial != nil && p.publisher == nil || net.ParseIP(host) != nil {
		return []string{target}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout())
	defer cancel()
	resolver, name := Resolver(p.DNS), host
	if p.DNS != "" {
		name = strings.TrimSuffix(host, ".") + "." // as it is, whatever search list the system has
	}
	ips, err := resolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		if _, ok := errors.AsType[*net.DNSError](err); !ok {
			err = ending{Unresolved, err.Error()}
		}
		return nil, err
	}
	if len(ips) == 0 {
		return nil, ending{NoSuchHost, "the name has no address"}
	}
	var out []string
	for _, ip := range ips[:min(len(ips), maxAddresses)] {
		out = append(out, net.JoinHostPort(ip.Unmap().String(), port))
	}
	return out, nil
}

// Resolver returns a resolver that asks the DNS server at address, or those of the system when
// address is empty.
func Resolver(address string) *net.Resolver {
	if address == "" {
		return net.DefaultResolver
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err == nil {
			// A look-up that is given up would wait for its answer all the same.
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}}
}
