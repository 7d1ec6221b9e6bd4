package dnsd_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/mailtlslab/mailtlslab/lab/internal/dnsd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) (*dnsd.Server, *net.Resolver) {
	t.Helper()
	s, err := dnsd.Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Publish("one", map[string]dnsd.Record{
		"mail.lab.test":        {Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}},
		"_imaps._tcp.lab.test": {SRV: []dnsd.SRV{{Priority: 1, Port: 31000, Target: "mail.lab.test"}}},
	})
	return s, &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Addr())
	}}
}

func TestAnswers(t *testing.T) {
	s, r := start(t)
	ctx := context.Background()
	ips, err := r.LookupNetIP(ctx, "ip", "MAIL.lab.test.")
	if err != nil || len(ips) != 2 {
		t.Errorf("both addresses: %v, %v", ips, err)
	}
	if _, srv, err := r.LookupSRV(ctx, "imaps", "tcp", "lab.test"); err != nil || len(srv) != 1 || srv[0].Port != 31000 || srv[0].Target != "mail.lab.test." {
		t.Errorf("srv: %v, %v", srv, err)
	}
	for _, name := range []string{"nowhere.lab.test.", "lab.test."} {
		_, err := r.LookupNetIP(ctx, "ip", name)
		if dnsErr := (&net.DNSError{}); !errors.As(err, &dnsErr) || !dnsErr.IsNotFound {
			t.Errorf("%s should not be found: %v", name, err)
		}
	}
	s.Publish("two", map[string]dnsd.Record{"mail.lab.test": {}, "new.lab.test": {Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}})
	if ips, err := r.LookupNetIP(ctx, "ip4", "new.lab.test."); err != nil || len(ips) != 1 {
		t.Errorf("a second owner: %v, %v", ips, err)
	}
	if ips, err := r.LookupNetIP(ctx, "ip", "mail.lab.test."); err != nil || len(ips) != 2 {
		t.Errorf("the first owner of a name is heard: %v, %v", ips, err)
	}
	s.Withdraw("two")
	if _, err := r.LookupNetIP(ctx, "ip", "new.lab.test."); err == nil {
		t.Error("what was withdrawn is still answered")
	}
}

// A name without records of the type asked for exists; a name of somebody else is nobody's business here.
func TestCodes(t *testing.T) {
	s, _ := start(t)
	for _, network := range []string{"udp", "tcp"} {
		for _, c := range []struct {
			name  string
			qtype uint16
			code  int
			soa   bool
		}{
			{"mail.lab.test.", dns.TypeA, dns.RcodeSuccess, false},
			{"mail.lab.test.", dns.TypeMX, dns.RcodeSuccess, true},
			{"gone.lab.test.", dns.TypeA, dns.RcodeNameError, true},
			{"www.example.com.", dns.TypeA, dns.RcodeRefused, false},
			{"attest.", dns.TypeA, dns.RcodeRefused, false},
		} {
			client := &dns.Client{Net: network}
			m, _, err := client.Exchange(new(dns.Msg).SetQuestion(c.name, c.qtype), s.Addr())
			if err != nil || m.Rcode != c.code || c.soa != slices.ContainsFunc(m.Ns, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeSOA }) {
				t.Errorf("%s over %s: %v, %v", c.name, network, m, err)
			}
		}
	}
	m := new(dns.Msg).SetQuestion("mail.lab.test.", dns.TypeA)
	m.Question = append(m.Question, m.Question[0])
	if got, err := dns.Exchange(m, s.Addr()); err != nil || got.Rcode != dns.RcodeFormatError {
		t.Errorf("two questions: %v, %v", got, err)
	}
}

func TestAPortInUse(t *testing.T) {
	s, _ := start(t)
	if _, err := dnsd.Listen(s.Addr(), nil); err == nil {
		t.Error("the port is taken")
	}
}
