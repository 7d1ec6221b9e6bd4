package checkup

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/discover"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// nameServer answers with what records has for a name and a type, and not at all for nil.
func nameServer(t *testing.T, records map[string]string) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	s := &dns.Server{PacketConn: conn, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		if records == nil {
			return
		}
		m, name := new(dns.Msg).SetReply(q), q.Question[0].Name
		text, ok := records[name]
		if rr, err := dns.NewRR(name + " 1 IN " + text); ok && err == nil && rr.Header().Rrtype == q.Question[0].Qtype {
			m.Answer = append(m.Answer, rr)
		} else if !ok {
			m.Rcode = dns.RcodeNameError
		}
		_ = w.WriteMsg(m)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = s.Shutdown(); <-done })
	return conn.LocalAddr().String()
}

// knocks counts who comes to a port of this machine.
func knocks(t *testing.T) (port string, hits *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hits = new(atomic.Int32)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			hits.Add(1)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, hits
}

func examineDomain(t *testing.T, dnsAt string, allow ...netip.Prefix) Answer {
	t.Helper()
	const step = 200 * time.Millisecond
	c := &Checkup{
		Knowledge: chain.NewKnowledge(nil, nil),
		Prober:    &probe.Prober{Timeout: step, DNS: dnsAt, Allow: allow},
		Finder:    &discover.Finder{Timeout: step, Resolver: probe.Resolver(dnsAt), Allow: allow},
	}
	a, _, err := c.Examine(t.Context(), Evidence{Domain: &Domain{Name: "evil.example"}})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := json.Marshal(a); err != nil || !json.Valid(out) {
		t.Errorf("%s, %v", out, err)
	}
	return a
}

// What a public domain publishes leads neither to this machine nor to a port that is not for mail,
// and the answer says so.
func TestPublishedSettingsAreHeld(t *testing.T) {
	port, hits := knocks(t)
	records := map[string]string{
		"evil.example.":                   "A 203.0.113.7",
		"mail.evil.example.":              "A 127.0.0.1",
		"far.evil.example.":               "A 203.0.113.8",
		"_imaps._tcp.evil.example.":       "SRV 0 0 " + port + " mail.evil.example.",
		"_pop3s._tcp.evil.example.":       "SRV 0 0 995 mail.evil.example.",
		"_submissions._tcp.evil.example.": "SRV 0 0 6379 far.evil.example.",
	}
	at := nameServer(t, records)
	a := examineDomain(t, at)
	if a.Verdict != Unjudged || !a.Held() || len(a.Places) != 3 || hits.Load() > 0 {
		t.Errorf("%s, held %t, %d places, %d knocks", a.Verdict, a.Held(), len(a.Places), hits.Load())
	}
	open := strings.Join(a.NotJudged, "\n")
	for _, want := range []string{"mail.evil.example:" + port + ": it was not looked at, because 127.0.0.1 is this machine itself", "mail.evil.example:995", "port 6379 of 203.0.113.8 is no port for mail"} {
		if !strings.Contains(open, want) {
			t.Errorf("it does not say %q:\n%s", want, open)
		}
	}
	examineDomain(t, at, netip.MustParsePrefix("127.0.0.0/8"))
	if hits.Load() == 0 {
		t.Error("what was allowed is not looked at")
	}
}

// A domain whose web servers are on this machine may publish what is there, such as the lab.
func TestADomainOfThisMachine(t *testing.T) {
	port, hits := knocks(t)
	examineDomain(t, nameServer(t, map[string]string{
		"evil.example.": "A 127.0.0.1", "mail.evil.example.": "A 127.0.0.1", "_imaps._tcp.evil.example.": "SRV 0 0 " + port + " mail.evil.example.",
	}))
	if hits.Load() == 0 {
		t.Error("it was not looked at")
	}
}

// One web server of a public domain that is pointed at this machine does not make it a domain of it.
func TestAPublicDomainStaysPublic(t *testing.T) {
	port, hits := knocks(t)
	a := examineDomain(t, nameServer(t, map[string]string{
		"evil.example.": "A 203.0.113.7", "autoconfig.evil.example.": "A 127.0.0.1", "autodiscover.evil.example.": "A 169.254.169.254",
		"_imaps._tcp.evil.example.": "SRV 0 0 " + port + " autoconfig.evil.example.",
	}))
	refused := strings.Join(a.Refused, "\n")
	if hits.Load() > 0 || !strings.Contains(refused, "https://autoconfig.evil.example/") || !strings.Contains(refused, "link-local") {
		t.Errorf("%d knocks, refused: %s", hits.Load(), refused)
	}
}

// A resolver that says nothing leaves open what is published, and the answer is whole.
func TestSilentResolver(t *testing.T) {
	a := examineDomain(t, nameServer(t, nil))
	if a.Verdict != Unjudged || len(a.NotJudged) == 0 || a.Places == nil {
		t.Errorf("%+v", a)
	}
}

// What a certificate in a file names is fetched only where everybody can go.
func TestIssuersOfFilesArePublic(t *testing.T) {
	port, hits := knocks(t)
	x := &examination{Checkup: &Checkup{Prober: &probe.Prober{Timeout: time.Second}}, ctx: context.Background()}
	asks := []chain.Ask{{Kind: chain.FetchIssuer, URL: "http://127.0.0.1:" + port + "/ca"}, {Kind: chain.FetchIssuer, URL: "http://169.254.169.254/"}, {Kind: chain.FetchCRL, URL: "http://127.0.0.1:" + port}}
	got := x.fetch(asks)
	if len(got) != 2 || slices.ContainsFunc(got, func(a chain.Answer) bool { return !a.Refused || a.Error == "" }) || hits.Load() > 0 || len(x.answer.Refused) != 2 {
		t.Errorf("%+v, %d knocks, refused %q", got, hits.Load(), x.answer.Refused)
	}
	x.Prober = &probe.Prober{Timeout: time.Second, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	if x.fetch(asks[:1]); hits.Load() == 0 {
		t.Error("what was allowed was not fetched")
	}
}

// A server that has used up the time of two looks is not looked at once more.
func TestSlowServersGetNoFurtherLook(t *testing.T) {
	for _, slow := range []bool{false, true} {
		p := &probe.Prober{}
		var looks atomic.Int32
		p.Dial = func(context.Context, string, string) (net.Conn, error) {
			looks.Add(1)
			for began := time.Now(); slow && time.Since(began) <= 2*p.Longest(); {
				runtime.Gosched()
			}
			return nil, syscall.ECONNREFUSED
		}
		p.Timeout = map[bool]time.Duration{false: time.Minute, true: time.Millisecond}[slow]
		c := &Checkup{Knowledge: chain.NewKnowledge(nil, nil), Prober: p}
		if _, _, err := c.Examine(t.Context(), Evidence{Target: &Target{Host: "mail.example", Port: 993}}); err != nil {
			t.Fatal(err)
		}
		if got := looks.Load(); (got == 1) != slow {
			t.Errorf("slow %t: %d looks", slow, got)
		}
	}
}
