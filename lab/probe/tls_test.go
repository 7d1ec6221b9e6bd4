package probe

import (
	"crypto"
	"crypto/tls"
	"net"
	"reflect"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

func TestImplicitOutcomes(t *testing.T) {
	cfg := goodTLS(t)
	many := goodTLS(t)
	for range 10_000 {
		many.Certificates[0].Certificate = append(many.Certificates[0].Certificate, many.Certificates[0].Certificate[1])
	}
	page := "HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n"
	for _, c := range []struct {
		name    string
		e       account.Endpoint
		script  func(net.Conn)
		stage   Stage
		outcome Outcome
		raw     string
	}{
		{"silent", account.IMAPS, silence, Handshaking, TimedOut, ""},
		{"closes", account.IMAPS, func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }, Handshaking, Closed, ""},
		{"plain", account.IMAPS, talking("* OK plain\r\n"), Handshaking, NotTLS, "* OK plain\r\n"},
		{"plain, no line end", account.IMAPS, talking("no"), Handshaking, NotTLS, "no"},
		{"portal cut off", account.Web, talking(page[:20]), Handshaking, NotTLS, page[:20]},
		{"portal whole", account.Web, talking(page), Handshaking, NotTLS, page},
		{"endless text", account.IMAPS, endless("x"), Handshaking, NotTLS, strings.Repeat("x", maxRaw)},
		{"alert", account.IMAPS, func(c net.Conn) { _, _ = c.Write([]byte{21, 3, 1, 0, 2, 2, 40}); wait(c) }, Handshaking, Alert, ""},
		{"no tls really", account.IMAPS, func(c net.Conn) { _, _ = c.Write([]byte("\x16\x03\x01\x00\x05hello")); wait(c) }, Handshaking, BadTLS, ""},
		{"10,000 certificates", account.IMAPS, inTLS(many, imapInside), Handshaking, BadTLS, ""},
		{"deaf inside", account.IMAPS, inTLS(cfg, silence), Reading, TimedOut, ""},
		{"closes inside", account.IMAPS, inTLS(cfg, func(net.Conn) {}), Reading, Closed, ""},
		{"bye inside", account.IMAPS, inTLS(cfg, talking("* BYE\r\n")), Reading, Declined, ""},
		{"pop3 inside", account.IMAPS, inTLS(cfg, talking("+OK\r\n")), Reading, Unexpected, ""},
		{"endless inside", account.POP3S, inTLS(cfg, endless("x")), Reading, TooLong, ""},
		{"imap for https", account.Web, inTLS(cfg, talking("* OK\r\n")), Reading, Unexpected, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := &Prober{}
			if c.outcome == TimedOut {
				p.Timeout = brief
			}
			o := p.Look(t.Context(), settings(c.e, serve(t, c.script)))
			expect(t, o, c.stage, c.outcome)
			if string(o.Raw) != c.raw {
				t.Errorf("raw %.80q", o.Raw)
			}
			if o.Outcome == Alert && (o.TLS.Alert == nil || *o.TLS.Alert != 40) {
				t.Errorf("alert %v", o.TLS.Alert)
			}
			roundTrip(t, o)
		})
	}
}

func TestBadSignature(t *testing.T) {
	keys := map[string][2]crypto.Signer{
		"ecdsa": {ecKey(t), ecKey(t)}, "rsa": {rsaKey(t), rsaKey(t)}, "mixed": {rsaKey(t), ecKey(t)},
	}
	for name, k := range keys {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			if name == "mixed" && version == tls.VersionTLS12 {
				continue // the cipher suite gives it away before there is a signature
			}
			cfg := &tls.Config{Certificates: []tls.Certificate{chain(t, k[0], k[1])}, MaxVersion: version}
			o := look(t, account.IMAPS, inTLS(cfg, imapInside))
			expect(t, o, Handshaking, BadSignature)
			if len(o.TLS.Chain) != 2 || o.TLS.Version != version || o.TLS.Complete {
				t.Errorf("%s %x: %d certificates, version %x", name, version, len(o.TLS.Chain), o.TLS.Version)
			}
		}
	}
}

func TestClientCertificate(t *testing.T) {
	for version, stage := range map[uint16]Stage{tls.VersionTLS12: Handshaking, tls.VersionTLS13: Reading} {
		cfg := goodTLS(t)
		cfg.ClientAuth, cfg.MaxVersion = tls.RequireAnyClientCert, version
		o := look(t, account.IMAPS, inTLS(cfg, imapInside))
		expect(t, o, stage, Alert)
		if !o.TLS.ClientCertificate || len(o.TLS.Chain) != 2 || o.TLS.Alert == nil || (version == tls.VersionTLS13) != o.TLS.Complete {
			t.Errorf("%x: %+v", version, o.TLS)
		}
		if version == tls.VersionTLS13 && o.TLS.Alert != nil && *o.TLS.Alert != 116 {
			t.Errorf("alert %d", *o.TLS.Alert)
		}
	}
}

func TestUnparsableLeaf(t *testing.T) {
	cfg := goodTLS(t)
	broken := append([]byte(nil), cfg.Certificates[0].Certificate[0]...)
	// INTEGER 2, the serial number, becomes -2.
	at := strings.Index(string(broken), "\x02\x01\x02")
	broken[at+2] = 0xfe
	cfg.Certificates[0].Certificate[0] = broken
	cfg.Certificates[0].Leaf = nil
	for _, e := range []account.Endpoint{account.IMAPS, account.SubmissionStart} {
		o := look(t, e, healthy(e, cfg))
		expect(t, o, Handshaking, BadTLS)
		if !o.TLS.FromRecords || !reflect.DeepEqual(o.TLS.Chain, cfg.Certificates[0].Certificate) {
			t.Errorf("from records %v: %d certificates; %s", o.TLS.FromRecords, len(o.TLS.Chain), o.Error)
		}
		if o.TLS.Version != tls.VersionTLS13 {
			t.Errorf("version %x: the first look is the one to tell", o.TLS.Version)
		}
		roundTrip(t, o)
	}
	cfg.MinVersion = tls.VersionTLS13 // then there is no second handshake to read it from
	o := look(t, account.IMAPS, inTLS(cfg, imapInside))
	expect(t, o, Handshaking, BadTLS)
}

// Offering the weak suites must not change what a healthy server picks.
func TestWeakSuitesChangeNothing(t *testing.T) {
	cfg := goodTLS(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		cfg.MaxVersion = version
		address := serve(t, inTLS(cfg, imapInside))
		o := (&Prober{}).Look(t.Context(), settings(account.IMAPS, address))
		c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.ConnectionState().CipherSuite; got != o.TLS.Cipher {
			t.Errorf("%x: %s, without the weak ones %s", version, tls.CipherSuiteName(o.TLS.Cipher), tls.CipherSuiteName(got))
		}
		c.Close()
	}
	weak := goodTLS(t)
	k := rsaKey(t)
	weak.Certificates[0] = chain(t, k, k)
	weak.MinVersion, weak.MaxVersion, weak.CipherSuites = tls.VersionTLS10, tls.VersionTLS10, []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}
	o := look(t, account.IMAPS, inTLS(weak, imapInside))
	expect(t, o, Done, Fine)
	if o.TLS.Version != tls.VersionTLS10 || len(o.TLS.Chain) != 2 {
		t.Errorf("%+v", o.TLS)
	}
}
