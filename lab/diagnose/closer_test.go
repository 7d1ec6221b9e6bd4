package diagnose_test

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// alsoOffered adds the answer to the offer with other clients' eyes that a closer judge asks for, and
// then to the one that it asks for after that.
func alsoOffered(s probe.Survey, know row, edits ...edit) probe.Survey {
	for _, e := range edits {
		for _, a := range (diagnose.Judge{Knowledge: know.know, Closer: true}).Report(s).Asks {
			if a.Kind != probe.Offer {
				continue
			}
			o := seen(a.Settings.Endpoint, probe.Handshaking, probe.Alert, unlisted(), e)
			o.Settings = a.Settings
			s.Further = append(slices.Clone(s.Further), probe.Further{Ask: a, Observation: &o})
			break
		}
	}
	return s
}

func closerRows(t testing.TB) []connRow {
	const rule = "other-clients"
	a := newAuthority(t)
	know := row{know: a.Knowledge(false)}
	start := served(a.Chain(t), host, now())
	older := served(a.Chain(t), host, now())
	older.Observations[0].TLS.Version = 0x0303
	rows := []connRow{
		say(rule, "TLS 1.3 alone", "client-too-old", "", alsoOffered(start, know, alert(0, 70))),
		say(rule, "refuses the name of the protocol", "handshake-refused", "", alsoOffered(start, know, alert(0, 120), alert(0, 40))),
		say(rule, "refuses the name, and older devices", "client-too-old", "", alsoOffered(start, know, alert(0, 120), alert(0, 70))),
		miss(rule, "nobody has looked", "", "", start),
		miss(rule, "one certificate", "", "", alsoOffered(start, know, alert(0, 40))),
		miss(rule, "an alert of TLS 1.2 that is about something else", "", "", alsoOffered(older, know, alert(0, 70))),
		miss(rule, "no answer", "", "", alsoOffered(start, know, ending(probe.TimedOut))),
	}
	for i := range rows {
		rows[i].know = know.know
	}
	return rows
}

// greeter serves IMAP inside TLS until the test ends, and returns its address and how often it was
// connected to.
func greeter(t *testing.T, cfg *tls.Config) (address string, connections func() int) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	n := 0
	wait.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			n++
			mu.Unlock()
			wait.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(time.Minute))
				c := tls.Server(conn, cfg)
				_, _ = io.WriteString(c, "* OK [CAPABILITY IMAP4rev1] ready\r\n")
				_, _ = io.Copy(io.Discard, c)
			})
		}
	})
	t.Cleanup(func() { ln.Close(); wait.Wait() })
	return ln.Addr().String(), func() int { mu.Lock(); defer mu.Unlock(); return n }
}

// TestOtherClients: two certificates by the type of key, a server of TLS 1.3 alone, and one that
// refuses the protocol's name, with what OpenSSL sees of each.
func TestOtherClients(t *testing.T) {
	root := forge(t, "Root", "", nil)
	ecGood, ecOld := forge(t, host, host, root), forge(t, host, host, root, window(-100*24*time.Hour, -time.Hour))
	key := rsaKey(t)
	rsaGood := forgeWith(t, key, host, host, root)
	rsaOld := forgeWith(t, key, host, host, root, window(-100*24*time.Hour, -time.Hour))
	rsaOther := forgeWith(t, key, host, host, forge(t, "Nobody", "", nil))
	pair := func(all ...*forged) *tls.Config {
		cfg := &tls.Config{}
		for _, f := range all {
			cfg.Certificates = append(cfg.Certificates, tls.Certificate{Certificate: raws(f), PrivateKey: f.Key})
		}
		return cfg
	}
	newest, named := pair(ecGood), pair(ecGood)
	newest.MinVersion, named.NextProtos = tls.VersionTLS13, []string{"smtp"}
	for _, c := range []struct {
		name, want, words string
		cfg               *tls.Config
		connections       int
		args              []string // of s_client, and what it must say
		says              string
	}{
		{"one ECDSA", "", "", pair(ecGood), 2, []string{"-tls1_2", "-cipher", "aRSA"}, "handshake failure"},
		{"one RSA", "", "", pair(rsaGood), 2, []string{"-tls1_2", "-cipher", "aECDSA"}, "handshake failure"},
		{"two good ones", "", "", pair(ecGood, rsaGood), 2, []string{"-tls1_2", "-cipher", "aRSA"}, "Verify return code: 0 (ok)"},
		{"ECDSA good, RSA old", "expired", "with an RSA key", pair(ecGood, rsaOld), 2, []string{"-tls1_2", "-cipher", "aRSA"}, "certificate has expired"},
		{"RSA good, ECDSA old", "expired", "with an ECDSA key", pair(rsaGood, ecOld), 2, []string{"-tls1_2", "-cipher", "aECDSA"}, "certificate has expired"},
		{"RSA old, ECDSA good", "expired", "shown another one, which is in order", pair(rsaOld, ecGood), 3, []string{"-tls1_2", "-cipher", "aECDSA"}, "Verify return code: 0 (ok)"},
		{"both old", "expired", "has the same fault", pair(ecOld, rsaOld), 3, []string{"-tls1_2", "-cipher", "aRSA"}, "certificate has expired"},
		{"ECDSA old, RSA of nobody", "issuer-unknown expired", "a fault of its own", pair(ecOld, rsaOther), 3, []string{"-tls1_2", "-cipher", "aRSA"}, "unable to get local issuer certificate"},
		{"TLS 1.3 alone", "client-too-old", "Windows 10", newest, 2, []string{"-tls1_2"}, "protocol version"},
		{"another protocol's name", "handshake-refused", "go-imap", named, 3, []string{"-alpn", "imap"}, "no application protocol"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			c.cfg.Time = now
			address, connections := greeter(t, c.cfg)
			set := account.For(account.IMAPS, host)
			set.Addresses, set.Clock = map[string]string{set.Target(): address}, now()
			p := &probe.Prober{}
			first := p.Survey(t.Context(), []account.Settings{set}, true)
			look := func(asks []probe.Ask) []probe.Further {
				return p.Answer(t.Context(), slices.DeleteFunc(slices.Clone(asks), func(a probe.Ask) bool { return a.Settings.Endpoint == account.Web }))
			}
			if r, _ := (diagnose.Judge{Knowledge: trusting(root)}).Examine(first, look); strings.Contains(said(r), "client-too-old") || connections() > 2 {
				t.Errorf("who does not look closer says %s after %d connections", said(r), connections())
			}
			before := connections()
			r, _ := diagnose.Judge{Knowledge: trusting(root), Closer: true}.Examine(first, look)
			sane(t, r)
			if got := said(r); got != c.want+" | " {
				t.Fatalf("says %q, want %q: %+v", got, c.want, r.Endpoints[0].Findings)
			}
			if more := connections() - before; more > max(1, c.connections-1) {
				t.Errorf("%d more connections", more)
			}
			var all []string
			for _, f := range r.Endpoints[0].Findings {
				all = append(append(all, f.Summary), f.Evidence...)
				if (f.Code == finding.ClientTooOld || f.Code == finding.HandshakeRefused) && f.Severity != finding.Warning {
					t.Errorf("%s is of severity %s, and most clients connect", f.Code, f.Severity)
				}
			}
			if !strings.Contains(strings.Join(all, " "), c.words) {
				t.Errorf("%q, want %q", all, c.words)
			}
			ca := filepath.Join(t.TempDir(), "ca.pem")
			if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}), 0o600); err != nil {
				t.Fatal(err)
			}
			args := append([]string{"-CAfile", ca, "-attime", "1781524800"}, c.args...)
			if out, _ := shakes(t, program(t, "openssl"), address, args...); !strings.Contains(out, c.says) {
				t.Errorf("OpenSSL says %s, want %q", out, c.says)
			}
		})
	}
}

// TestOneOfferForEachProgram: seven ports of a server in order have three offers made, and no more.
func TestOneOfferForEachProgram(t *testing.T) {
	a := newAuthority(t)
	chain := a.Chain(t)
	var all []probe.Observation
	for _, e := range account.Endpoints() {
		all = append(all, seen(e, probe.Done, probe.Fine, func(o *probe.Observation) { o.TLS = &probe.TLS{Version: 0x0304, Chain: chain, Complete: true} }))
	}
	offered := func(s probe.Survey) (out []string) {
		for _, a := range (diagnose.Judge{Knowledge: a.Knowledge(false), Closer: true}).Report(s).Asks {
			out = append(out, string(a.Settings.Endpoint))
		}
		return out
	}
	if got := offered(survey(all...)); !slices.Equal(got, []string{"imaps", "submissions", "https"}) {
		t.Errorf("offers to %v", got)
	}
	know := row{know: a.Knowledge(false)}
	if got := offered(alsoOffered(survey(all...), know, alert(0, 40))); !slices.Equal(got, []string{"submissions", "https"}) {
		t.Errorf("after one that shows nothing, offers to %v", got)
	}
	if got := offered(alsoOffered(survey(all...), know, alert(0, 70))); !slices.Equal(got, []string{"imap", "pop3s", "pop3", "submissions", "https"}) {
		t.Errorf("after one that shows something, offers to %v", got)
	}
}
