package lab

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/internal/dnsd"
	"github.com/mailtlslab/mailtlslab/lab/internal/httpd"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// An UnavailableError says why a scenario cannot run on this machine.
type UnavailableError struct {
	Scenario string
	Reason   string
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("scenario %s cannot run here: %s", e.Scenario, e.Reason)
}

// Unwrap makes it one of what this system does not support.
func (e *UnavailableError) Unwrap() error { return errors.ErrUnsupported }

// Unavailable returns why a scenario cannot run on this machine, "" when it can.
func Unavailable(s scenarios.Scenario) string {
	if !s.DNS.IPv6 {
		return ""
	}
	ln, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return "this machine has no IPv6 loopback address (::1)"
	}
	ln.Close()
	return ""
}

// names is the lab's name server, from when one is needed. Its zero value has none.
type names struct {
	bound func(net.Listener) net.Listener // nil does not bound its connections

	mu     sync.Mutex
	server *dnsd.Server
}

func (n *names) listen(addr string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.server != nil {
		return nil
	}
	server, err := dnsd.Listen(addr, n.bound)
	if err == nil {
		n.server = server
	}
	return err
}

func (n *names) get() *dnsd.Server {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.server
}

func (n *names) withdraw(s *Server) {
	if server := n.get(); server != nil {
		server.Withdraw(s.Scenario.ID)
	}
}

func (n *names) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.server != nil {
		_ = n.server.Close() // a socket that fails to close is closed already
		n.server = nil
	}
}

// DNS returns where the lab's name server listens, "address:port", and "" when there is none.
func (l *Lab) DNS() string {
	if server := l.names.get(); server != nil {
		return server.Addr()
	}
	return ""
}

// named prepares what depends on the name that a client sends or reads.
func (s *Server) named(service scenarios.Service, start *served) error {
	start.unknownName, start.publishedHost = service.UnknownName, service.PublishedHost
	if len(service.Nameless) == 0 {
		return nil
	}
	var err error
	start.nameless, err = s.bundle(service.Outline, service.Nameless)
	return err
}

// byName lets a configuration answer by the server name in the ClientHello.
func byName(c *tls.Config, now served) *tls.Config {
	if now.nameless == nil && !now.unknownName {
		return c
	}
	usual, other := c.Clone(), c.Clone()
	if now.nameless != nil {
		other.Certificates = []tls.Certificate{now.nameless.TLS()}
	}
	if now.unknownName {
		usual.Certificates = nil // crypto/tls answers unrecognized_name then
	}
	c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if hello.ServerName == "" {
			return other, nil
		}
		return usual, nil
	}
	return c
}

// misled sets up a device as the scenario has it: with what it was told wrongly of names and time.
func (s *Server) misled(set *account.Settings) {
	d := s.Scenario.Device
	if d.OutgoingHost != "" && set.Endpoint.Protocol() == account.Submission {
		set.Host = d.OutgoingHost
	}
	set.NoSNI = d.NoSNI
	if d.Clock != 0 {
		now := s.lab.options.Now
		if now.IsZero() {
			now = time.Now().UTC().Round(0)
		}
		set.Clock = now.AddDate(0, 0, d.Clock)
	}
	set.Addresses = s.addresses(set.Host)
}

// addresses leads every standard port of host to this server: past DNS, or through it where the
// scenario is about DNS.
func (s *Server) addresses(host string) map[string]string {
	out := map[string]string{}
	for _, e := range account.Endpoints() {
		address := s.Addr(e)
		if s.Scenario.DNS != (scenarios.DNS{}) {
			_, port, _ := net.SplitHostPort(address)
			address = net.JoinHostPort(host, port)
		}
		out[account.For(e, host).Target()] = address
	}
	return out
}

// Leading returns an address map, as in account.Settings, that leads every standard port of host
// to this server.
func (s *Server) Leading(host string) map[string]string { return s.addresses(host) }

// maxLabel bounds one part of a name in DNS, in bytes: RFC 1035 section 2.3.4.
const maxLabel = 63

// Domain is the part of a mail address for which this server publishes its settings. The id of
// combined scenarios is made a part of a name first.
func (s *Server) Domain() string {
	label := strings.ReplaceAll(s.Scenario.ID, "+", "-")
	return strings.TrimRight(label[:min(len(label), maxLabel)], "-") + ".lab.test"
}

// announce tells the name server of this one, and starts it where the scenario needs it.
func (s *Server) announce() error {
	if s.Scenario.DNS != (scenarios.DNS{}) {
		if err := s.lab.names.listen("127.0.0.1:0"); err != nil {
			return err
		}
	}
	s.republish()
	return nil
}

func (s *Server) republish() {
	server := s.lab.names.get()
	if server == nil {
		return
	}
	server.Publish(s.Scenario.ID, s.zone(s.repairs.edit(s.Scenario.DNS)))
}

// repairs are what was put in order in DNS, and for which endpoint. A name is the whole server's,
// so it is in order while any of them wants it.
type repairs struct {
	sync.Mutex
	on map[account.Endpoint]action.Kind
}

// edit returns what DNS said at the start with the repairs made.
func (r *repairs) edit(d scenarios.DNS) scenarios.DNS {
	r.Lock()
	defer r.Unlock()
	for _, kind := range r.on {
		switch kind {
		case action.FixName:
			d.Missing = false
		case action.FixAddresses:
			d.IPv6 = false
		}
	}
	return d
}

// applyToNames carries out what is done in DNS.
func (s *Server) applyToNames(e account.Endpoint, a action.Action) {
	s.repairs.Lock()
	if s.repairs.on == nil {
		s.repairs.on = map[account.Endpoint]action.Kind{}
	}
	s.repairs.on[e] = a.Kind
	s.repairs.Unlock()
	s.republish()
}

func (s *Server) restoreNames(e account.Endpoint) {
	s.repairs.Lock()
	_, was := s.repairs.on[e]
	delete(s.repairs.on, e)
	s.repairs.Unlock()
	if was {
		s.republish()
	}
}

// zone returns what DNS says of this server: its names, and for its domain the services with
// the ports that they have here (RFC 6186, RFC 8314 section 5.1).
func (s *Server) zone(d scenarios.DNS) map[string]dnsd.Record {
	here := dnsd.Record{Addresses: []netip.Addr{s.lab.reachable()}}
	out := map[string]dnsd.Record{"lab.test": here}
	for _, domain := range []string{"lab.test", s.Domain()} {
		for _, sub := range []string{"", "autoconfig.", "autodiscover."} {
			out[sub+domain] = here
		}
		for _, e := range account.MailEndpoints() {
			_, port, _ := net.SplitHostPort(s.Addr(e))
			n, _ := net.LookupPort("tcp", port)
			target := s.publishedHost(e)
			if net.ParseIP(target) != nil {
				continue // the target of an SRV is a name
			}
			out["_"+string(e)+"._tcp."+domain] = dnsd.Record{SRV: []dnsd.SRV{{Port: uint16(n), Target: target}}}
		}
	}
	for _, name := range s.hosts() {
		out[name] = here
	}
	host := strings.ToLower(s.Host())
	switch {
	case d.Missing:
		delete(out, host)
	case d.IPv6:
		out[host] = dnsd.Record{Addresses: append(slices.Clone(here.Addresses), netip.IPv6Loopback())}
	}
	return out
}

// reachable returns the address to publish: the one that is listened on, or, where that is every
// one of the machine, the first that the certificates were asked to name.
func (l *Lab) reachable() netip.Addr {
	ip, err := netip.ParseAddr(l.options.Listen)
	if err == nil && !ip.IsUnspecified() {
		return ip
	}
	for _, h := range l.options.Hosts {
		if ip, err := netip.ParseAddr(h); err == nil {
			return ip
		}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// hosts returns every name that an account of this scenario may use for its server: the one it
// has, the one it sends by, those published, and those of the certificates.
func (s *Server) hosts() []string {
	all := []string{s.Host(), s.Scenario.Device.OutgoingHost}
	for _, e := range account.Endpoints() {
		all = append(all, s.publishedHost(e))
		p := s.ports[e]
		p.mu.Lock()
		all = append(all, p.began.bundle.Leaf().DNSNames...)
		p.mu.Unlock()
	}
	var out []string
	for _, name := range all {
		name = strings.ToLower(name)
		if strings.HasSuffix(name, ".test") && !strings.HasPrefix(name, "*.") && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (s *Server) publishedHost(e account.Endpoint) string {
	p := s.ports[e]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now.publishedHost != "" {
		return p.now.publishedHost
	}
	return s.Host()
}

// published returns what the domain's documents say, as it is now.
func (s *Server) published() []httpd.Setting {
	var out []httpd.Setting
	for _, e := range account.MailEndpoints() {
		_, port, _ := net.SplitHostPort(s.Addr(e))
		out = append(out, httpd.Setting{
			Protocol: string(e.Protocol()), StartTLS: e.Mode() == account.StartTLS, Host: s.publishedHost(e), Port: port, User: User,
		})
	}
	return out
}
