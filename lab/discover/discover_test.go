package discover

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const healthy = `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1"><emailProvider id="lab.test"><domain>lab.test</domain>
 <incomingServer type="exchange"><hostname>ex.lab.test</hostname></incomingServer>
 <incomingServer type="imap"><hostname>imap.%EMAILDOMAIN%</hostname><port>993</port><socketType>SSL</socketType></incomingServer>
 <incomingServer type="pop3"><hostname>mail.lab.test</hostname><port>110</port><socketType>STARTTLS</socketType></incomingServer>
 <outgoingServer type="smtp"><hostname> smtp.lab.test </hostname><port> 587 </port><socketType>plain</socketType></outgoingServer>
</emailProvider></clientConfig>`

const outlook = `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
 <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><Account><AccountType>email</AccountType>
  <Protocol><Type>EXCH</Type><Server>ex.lab.test</Server></Protocol>
  <Protocol><Type>IMAP</Type><Server>imap.lab.test</Server><Port>993</Port><SSL>on</SSL></Protocol>
  <Protocol><Type>POP3</Type><Server>pop.lab.test</Server></Protocol>
  <Protocol><Type>SMTP</Type><Server>smtp.lab.test</Server><Port>587</Port><SSL>off</SSL><Encryption>TLS</Encryption></Protocol>
 </Account></Response></Autodiscover>`

func words(all []account.Settings) string {
	var out []string
	for _, s := range all {
		out = append(out, s.String())
	}
	return strings.Join(out, "; ")
}

func TestDocuments(t *testing.T) {
	got, err := readAutoconfig([]byte(healthy), "lab.test")
	if want := "imap on imap.lab.test:993 with implicit TLS; pop3 on mail.lab.test:110 with STARTTLS; submission on smtp.lab.test:587 with STARTTLS"; err != nil || words(got) != want {
		t.Errorf("%q, %v", words(got), err)
	}
	got, err = readAutodiscover([]byte(outlook))
	if want := "imap on imap.lab.test:993 with implicit TLS; pop3 on pop.lab.test:995 with implicit TLS; submission on smtp.lab.test:587 with STARTTLS"; err != nil || words(got) != want {
		t.Errorf("%q, %v", words(got), err)
	}
}

// Whatever a stranger sends is refused with a reason, and quickly.
func TestHostileDocuments(t *testing.T) {
	config := func(host, port, socket string) string {
		return `<clientConfig><emailProvider><incomingServer type="imap"><hostname>` + host + `</hostname><port>` + port + `</port><socketType>` + socket + `</socketType></incomingServer></emailProvider></clientConfig>`
	}
	laughs := `<!DOCTYPE clientConfig [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>`
	for name, c := range map[string]struct{ text, want string }{
		"empty":            {"", "cannot be read"},
		"no xml":           {"<!doctype html><p>404", "document type"},
		"html":             {"<html><body>hi</body></html>", "cannot be read"},
		"entity bomb":      {laughs + config("&b;", "993", "SSL"), "document type"},
		"external entity":  {`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + config("&e;", "993", "SSL"), "document type"},
		"unknown entity":   {config("&passwd;", "993", "SSL"), "cannot be read"},
		"wrong charset":    {`<?xml version="1.0" encoding="utf-16"?>` + config("a.test", "993", "SSL"), "only utf-8"},
		"latin-1":          {`<?xml version="1.0" encoding="iso-8859-1"?>` + config("a.test", "993", "SSL"), "only utf-8"},
		"no utf-8":         {config("a\xff.test", "993", "SSL"), "invalid UTF-8"},
		"deep":             {strings.Repeat("<a>", 1000), "deeper"},
		"many parts":       {"<clientConfig>" + strings.Repeat("<a/>", 10_000) + "</clientConfig>", "larger"},
		"cut off":          {healthy[:300], "cannot be read"},
		"escapes in names": {config("a.test&#27;[2J", "993", "SSL"), "cannot be read"},
		"blank in name":    {config("a.test -o", "993", "SSL"), "no server name"},
		"an address":       {config("%EMAILLOCALPART%.lab.test", "993", "SSL"), "no server name"},
		"no port":          {config("a.test", "-1", "SSL"), "no port"},
		"a long port":      {config("a.test", strings.Repeat("9", 99), "SSL"), "no port"},
		"odd encryption":   {config("a.test", "993", "ROT13"), "no encryption type"},
		"nothing of use":   {`<clientConfig><emailProvider/></clientConfig>`, "names no server"},
		"many servers":     {`<clientConfig><emailProvider>` + strings.Repeat(`<incomingServer type="imap"><hostname>a.test</hostname><socketType>SSL</socketType></incomingServer>`, 30) + `</emailProvider></clientConfig>`, "more than"},
	} {
		if got, err := readAutoconfig([]byte(c.text), "lab.test"); err == nil || !strings.Contains(err.Error(), c.want) || len(got) > 0 {
			t.Errorf("%s: %v, %v; want %q", name, got, err, c.want)
		}
	}
	redirect := strings.Replace(outlook, "<AccountType>", "<RedirectAddr>a@b.test</RedirectAddr><AccountType>", 1)
	if _, err := readAutodiscover([]byte(redirect)); err == nil || !strings.Contains(err.Error(), "leads elsewhere") {
		t.Errorf("a redirection: %v", err)
	}
}

// web starts a web server for the places of lab.test.
func web(t *testing.T, handler http.HandlerFunc) map[string]string {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.TLS = &tls.Config{}
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	at := s.Listener.Addr().String()
	return map[string]string{"autoconfig.lab.test:443": at, "lab.test:443": at, "autodiscover.lab.test:443": at}
}

// names starts a name server with SRV records, "service port target".
func names(t *testing.T, records map[string]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	s := &dns.Server{PacketConn: conn, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		if text, ok := records[q.Question[0].Name]; ok && q.Question[0].Qtype == dns.TypeSRV {
			rr, err := dns.NewRR(q.Question[0].Name + " 1 IN SRV 0 0 " + text)
			if err != nil {
				t.Error(err)
			}
			m.Answer = append(m.Answer, rr)
		} else {
			m.Rcode = dns.RcodeNameError
		}
		_ = w.WriteMsg(m)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = s.Shutdown(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func TestFind(t *testing.T) {
	requests := make(chan string, 10)
	addresses := web(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- r.Method + " " + r.Host + r.URL.RequestURI() + " " + string(body) + fmt.Sprint(r.Header)
		switch {
		case r.Method == http.MethodPost && r.Host == "autodiscover.lab.test":
			_, _ = io.WriteString(w, outlook)
		case r.Host == "autoconfig.lab.test":
			_, _ = io.WriteString(w, healthy)
		default:
			http.NotFound(w, r)
		}
	})
	f := &Finder{Addresses: addresses, Resolver: names(t, map[string]string{
		"_imaps._tcp.lab.test.":       "993 imap.lab.test.",
		"_pop3s._tcp.lab.test.":       "0 .",
		"_submissions._tcp.lab.test.": "465 smtp.lab.test.",
	})}
	sources := f.Find(context.Background(), "lab.test")
	all := Settings(sources)
	if want := "imap on imap.lab.test:993 with implicit TLS; submission on smtp.lab.test:465 with implicit TLS; pop3 on mail.lab.test:110 with STARTTLS; " +
		"submission on smtp.lab.test:587 with STARTTLS; pop3 on pop.lab.test:995 with implicit TLS"; words(all) != want {
		t.Errorf("%s\n%+v", words(all), sources)
	}
	if all[0].Published != "_imaps._tcp.lab.test" || all[2].Published != "https://autoconfig.lab.test/mail/config-v1.1.xml" {
		t.Errorf("where they come from: %+v", all)
	}
	close(requests)
	for r := range requests {
		if strings.Contains(r, "emailaddress=") || strings.Contains(r, "Authorization") || strings.Contains(r, "@") && !strings.Contains(r, ">postmaster@lab.test<") {
			t.Errorf("too much is told: %s", r)
		}
	}
	for _, s := range sources {
		if (s.Error == "") == (len(s.Settings) == 0) {
			t.Errorf("%s has settings %v and the error %q", s.Place, s.Settings, s.Error)
		}
	}
}

// A hostile web server gets no memory, no second server, and no downgrade.
func TestHostileServers(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"10 MB": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "<clientConfig>"+strings.Repeat(" ", 10<<20)+"</clientConfig>")
		}, "larger than 256 KiB"},
		"plain http": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://lab.test/config", http.StatusFound)
		}, "only https"},
		"in circles": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "too many redirects"},
		"a header without end": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("a", 1<<20))
		}, "exceeded"},
		"escapes in the status": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, "HTTP/1.1 500 \x1b[2Jboo\r\n\r\n")
				_ = conn.Close()
			}
		}, `\x1b`},
	} {
		f := &Finder{Addresses: web(t, c.answer), Resolver: names(t, nil)}
		for _, s := range f.Documents(context.Background(), "lab.test") {
			if !strings.Contains(s.Error, c.want) || strings.Contains(s.Error, "\x1b") || len(s.Settings) > 0 || len(s.Error) > 400 {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}
