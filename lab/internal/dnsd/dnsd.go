// Package dnsd is the lab's name server: it answers for the names it was given, on UDP and TCP,
// and refuses all others. It never asks anybody itself.
package dnsd

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// A Record is what is known of one name.
type Record struct {
	Addresses []netip.Addr
	SRV       []SRV // of names such as _imaps._tcp.lab.test
}

// An SRV says where a service is: RFC 2782.
type SRV struct {
	Priority uint16
	Port     uint16
	Target   string
}

// Zone is the part of the tree that the server answers for.
const Zone = "test."

// ttl is short: what is served changes with every action.
const ttl = 1

// A Server answers until it is closed. It is safe for concurrent use.
type Server struct {
	udp, tcp *dns.Server
	addr     string
	wg       sync.WaitGroup

	mu     sync.Mutex
	owners []string
	zones  map[string]map[string]Record // by owner, then by name
}

// Listen starts a server on addr, "address:port" with port 0 for any. bound, unless it is nil, is put
// around the listener of TCP.
func Listen(addr string, bound func(net.Listener) net.Listener) (*Server, error) {
	s := &Server{zones: map[string]map[string]Record{}}
	packets, stream, err := sockets(addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s for dns: %w", addr, err)
	}
	if bound != nil {
		stream = bound(stream)
	}
	s.addr = packets.LocalAddr().String()
	handler := dns.HandlerFunc(s.answer)
	s.udp = &dns.Server{PacketConn: packets, Handler: handler}
	s.tcp = &dns.Server{Listener: stream, Handler: handler, MaxTCPQueries: 100}
	for _, d := range []*dns.Server{s.udp, s.tcp} {
		started := make(chan struct{})
		d.NotifyStartedFunc = func() { close(started) }
		s.wg.Go(func() { _ = d.ActivateAndServe() })
		<-started // a server that has not begun cannot be shut down
	}
	return s, nil
}

// sockets opens the same port for UDP and TCP. A free one for UDP may be taken for TCP, so
// another is tried then.
func sockets(addr string) (net.PacketConn, net.Listener, error) {
	const tries = 20
	family := "" // 0.0.0.0 means IPv4 only: net.Listen would open IPv6 too
	if at, err := netip.ParseAddrPort(addr); err == nil && at.Addr().Is4() {
		family = "4"
	}
	var err error
	for range tries {
		var packets net.PacketConn
		if packets, err = net.ListenPacket("udp"+family, addr); err != nil {
			return nil, nil, err
		}
		var stream net.Listener
		if stream, err = net.Listen("tcp"+family, packets.LocalAddr().String()); err == nil {
			return packets, stream, nil
		}
		packets.Close()
		if _, port, _ := net.SplitHostPort(addr); port != "0" {
			break
		}
	}
	return nil, nil, err
}

// Addr returns where the server listens, "address:port".
func (s *Server) Addr() string { return s.addr }

// Publish makes zone what owner has to say, in place of what he said before. Where two owners
// have the same name, the one who came first is heard.
func (s *Server) Publish(owner string, zone map[string]Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.owners, owner) {
		s.owners = append(s.owners, owner)
	}
	s.zones[owner] = zone
}

// Withdraw forgets what owner has said.
func (s *Server) Withdraw(owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owners = slices.DeleteFunc(s.owners, func(o string) bool { return o == owner })
	delete(s.zones, owner)
}

// Close stops the server and waits for it.
func (s *Server) Close() error {
	err := errors.Join(s.udp.Shutdown(), s.tcp.Shutdown())
	s.wg.Wait()
	return err
}

func (s *Server) record(name string) (Record, bool) {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, owner := range s.owners {
		if r, ok := s.zones[owner][name]; ok {
			return r, true
		}
	}
	return Record{}, false
}

func (s *Server) answer(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg)
	m.SetReply(q)
	switch {
	case len(q.Question) != 1 || q.Opcode != dns.OpcodeQuery:
		m.Rcode = dns.RcodeFormatError
	case !dns.IsSubDomain(Zone, strings.ToLower(q.Question[0].Name)):
		m.Rcode = dns.RcodeRefused
	default:
		s.fill(m, q.Question[0])
	}
	_ = w.WriteMsg(m) // whoever asked is gone then
}

// fill answers a question about the zone: no such name, no such record, or the records.
func (s *Server) fill(m *dns.Msg, q dns.Question) {
	m.Authoritative = true
	r, ok := s.record(q.Name)
	if !ok {
		m.Rcode = dns.RcodeNameError
	}
	head := func(t uint16) dns.RR_Header {
		return dns.RR_Header{Name: q.Name, Rrtype: t, Class: dns.ClassINET, Ttl: ttl}
	}
	for _, a := range r.Addresses {
		switch {
		case q.Qtype == dns.TypeA && a.Is4():
			m.Answer = append(m.Answer, &dns.A{Hdr: head(dns.TypeA), A: a.AsSlice()})
		case q.Qtype == dns.TypeAAAA && a.Is6():
			m.Answer = append(m.Answer, &dns.AAAA{Hdr: head(dns.TypeAAAA), AAAA: a.AsSlice()})
		}
	}
	for _, srv := range r.SRV {
		if q.Qtype == dns.TypeSRV {
			m.Answer = append(m.Answer, &dns.SRV{Hdr: head(dns.TypeSRV), Priority: srv.Priority, Port: srv.Port, Target: dns.Fqdn(srv.Target)})
		}
	}
	if len(m.Answer) == 0 { // RFC 2308 section 3: the SOA says for how long that holds
		m.Ns = []dns.RR{&dns.SOA{
			Hdr: dns.RR_Header{Name: Zone, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: ttl},
			Ns:  "ns." + Zone, Mbox: "lab." + Zone, Serial: 1, Refresh: 60, Retry: 60, Expire: 60, Minttl: ttl,
		}}
	}
}
