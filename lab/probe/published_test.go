package probe

import (
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/miekg/dns"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// A published server is dialled only where its publisher may lead, whatever its name means now.
func TestPublished(t *testing.T) {
	public, here := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("127.0.0.1")
	at := answering(t, map[string][]string{"both.example.": {"127.0.0.1", "203.0.113.9", "10.1.2.3"}, "here.example.": {"127.0.0.1", "127.0.0.2"}, "turns.example.": {"127.0.0.1"}})
	for _, c := range []struct {
		by      netip.Addr
		allow   string
		host    string
		port    int
		mapped  string
		dialled string // "" for none
	}{
		{by: public, host: "both.example", port: 993, dialled: "203.0.113.9:993"},
		{by: public, host: "here.example", port: 993},
		{by: netip.Addr{}, host: "here.example", port: 993},
		{by: public, host: "127.0.0.1", port: 993},
		{by: public, host: "::1", port: 993},
		{by: public, host: "::ffff:127.0.0.1", port: 993},
		{by: public, host: "169.254.169.254", port: 993},
		{by: here, host: "169.254.169.254", port: 993},
		{by: public, host: "203.0.113.9", port: 6379},
		{by: public, host: "203.0.113.9", port: 587, dialled: "203.0.113.9:587"},
		{by: public, host: "turns.example", port: 993, allow: "127.0.0.0/8", dialled: "127.0.0.1:993"},
		{by: public, host: "turns.example", port: 993, mapped: "127.0.0.3:31310", dialled: "127.0.0.3:31310"},
		{by: public, host: "turns.example", port: 993, mapped: "turns.example:31310"},
		{by: here, host: "turns.example", port: 31310, dialled: "127.0.0.1:31310"},
	} {
		var dialled []string
		p := &Prober{DNS: at, Timeout: brief, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dialled = append(dialled, address)
			return nil, io.EOF
		}}
		if c.allow != "" {
			p.Allow = []netip.Prefix{netip.MustParsePrefix(c.allow)}
		}
		s := account.For(account.IMAPS, c.host)
		s.Port = c.port
		if c.mapped != "" {
			s.Addresses = map[string]string{s.Target(): c.mapped}
		}
		o := p.Published(c.by).Look(t.Context(), s)
		want := []string(nil)
		if c.dialled != "" {
			want = []string{c.dialled}
		}
		if !slices.Equal(dialled, want) || (o.Outcome == NotTried) != (c.dialled == "") || o.Outcome == NotTried && o.Error == "" {
			t.Errorf("%+v: dialled %q, outcome %s: %s", c, dialled, o.Outcome, o.Error)
		}
		if slices.Contains(o.Resolved, "127.0.0.1:993") && c.allow == "" {
			t.Errorf("%+v: a further look would lead to %q", c, o.Resolved)
		}
		if p.Look(t.Context(), s); len(dialled) == len(want) {
			t.Errorf("%+v: a server that somebody named by hand is not dialled", c)
		}
	}
}

// answering starts a name server for A records.
func answering(t *testing.T, records map[string][]string) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	s := &dns.Server{PacketConn: conn, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m, name := new(dns.Msg).SetReply(q), q.Question[0].Name
		if _, ok := records[name]; !ok {
			m.Rcode = dns.RcodeNameError
		}
		for _, ip := range records[name] {
			if q.Question[0].Qtype == dns.TypeA {
				m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.ParseIP(ip)})
			}
		}
		_ = w.WriteMsg(m)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = s.Shutdown(); <-done })
	return conn.LocalAddr().String()
}

// Whoever gives up gets no look that was cut off.
func TestRepeatsEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	looks := 0
	p := &Prober{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		if looks++; looks == 3 {
			cancel()
		}
		return nil, io.EOF
	}}
	f := p.Answer(ctx, []Ask{{Kind: Repeat, Count: 5, Settings: account.For(account.IMAPS, "127.0.0.1")}})[0]
	if looks != 3 || len(f.Repeats) != 2 {
		t.Errorf("%d looks were made, %d are told", looks, len(f.Repeats))
	}
}
