package probe

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/miekg/dns"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// nameServer answers mail.lab.test with the addresses and everything else with no such name.
func nameServer(t *testing.T, addresses ...string) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started, done := make(chan struct{}), make(chan struct{})
	s := &dns.Server{PacketConn: conn, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		if q.Question[0].Name != "mail.lab.test." {
			m.Rcode = dns.RcodeNameError
		}
		for _, a := range addresses {
			head := dns.RR_Header{Name: q.Question[0].Name, Rrtype: q.Question[0].Qtype, Class: dns.ClassINET}
			ip := netip.MustParseAddr(a)
			switch {
			case m.Rcode != dns.RcodeSuccess:
			case ip.Is4() && head.Rrtype == dns.TypeA:
				m.Answer = append(m.Answer, &dns.A{Hdr: head, A: ip.AsSlice()})
			case ip.Is6() && head.Rrtype == dns.TypeAAAA:
				m.Answer = append(m.Answer, &dns.AAAA{Hdr: head, AAAA: ip.AsSlice()})
			}
		}
		_ = w.WriteMsg(m)
	})}
	go func() { defer close(done); _ = s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = s.Shutdown(); <-done })
	return conn.LocalAddr().String()
}

func TestDNS(t *testing.T) {
	p := &Prober{DNS: nameServer(t, "127.0.0.1")}
	o := p.Look(context.Background(), account.For(account.IMAPS, "nowhere.lab.test"))
	if o.Outcome != NoSuchHost || o.Stage != Resolving {
		t.Errorf("%s %s %s", o.Stage, o.Outcome, o.Error)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	ln.Close()
	set := account.For(account.IMAPS, "mail.lab.test")
	set.Addresses = map[string]string{set.Target(): "mail.lab.test:" + port} // DNS is asked, and the port is another
	o = p.Look(context.Background(), set)
	if o.Outcome != Refused || o.Address != "127.0.0.1:"+port || len(o.Resolved) != 1 || len(o.Attempts) != 0 {
		t.Errorf("%+v", o)
	}
}

// Each address that did not connect is written down, before the one that did.
func TestAttempts(t *testing.T) {
	if ln, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("this machine has no IPv6 loopback address")
	} else {
		ln.Close()
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	set := account.For(account.IMAPS, "mail.lab.test")
	set.Addresses = map[string]string{set.Target(): "mail.lab.test:" + port}
	o := (&Prober{DNS: nameServer(t, "127.0.0.1", "::1")}).Look(context.Background(), set)
	if len(o.Resolved) != 2 || o.Address != "127.0.0.1:"+port {
		t.Fatalf("%+v", o)
	}
	if o.Resolved[0] == o.Address {
		return // the system prefers IPv4: nothing was tried in vain
	}
	if len(o.Attempts) != 1 || o.Attempts[0].Address != "[::1]:"+port || o.Attempts[0].Outcome != Refused {
		t.Errorf("%+v", o.Attempts)
	}
}
