package probe

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

const (
	anonymousSuite = 0x00A7 // TLS_DH_anon_WITH_AES_256_GCM_SHA384
	scsv           = 0x5600 // TLS_FALLBACK_SCSV
)

// serverHello is a record with a ServerHello of TLS 1.2 that chose this suite.
func serverHello(suite uint16) []byte {
	out := append([]byte{22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3}, make([]byte, 33)...)
	return append(out, byte(suite>>8), byte(suite), 0)
}

// offered is what comes of an offer to one script.
func offered(t *testing.T, p *Prober, set account.Settings, suites ...uint16) Observation {
	t.Helper()
	got := p.Answer(t.Context(), []Ask{{Kind: Offer, Settings: set, Suites: suites}})[0]
	if got.Observation == nil {
		t.Fatalf("no observation: %s", got.Error)
	}
	if got.Observation.Listed {
		t.Error("nobody's account asked for it")
	}
	roundTrip(t, *got.Observation)
	return *got.Observation
}

// replying reads the ClientHello and sends these pieces, each in a write of its own.
func replying(pieces ...[]byte) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		for _, piece := range pieces {
			_, _ = c.Write(piece)
		}
		wait(c)
	}
}

func TestOffer(t *testing.T) {
	hello, warning := serverHello(anonymousSuite), []byte{21, 3, 3, 0, 2, 1, 112}
	var bytewise, twoRecords [][]byte
	for _, b := range hello {
		bytewise = append(bytewise, []byte{b})
	}
	twoRecords = [][]byte{append([]byte{22, 3, 3, 0, 3}, hello[5:8]...), append([]byte{22, 3, 3, 0, 39}, hello[8:]...)}
	for _, c := range []struct {
		name    string
		script  func(net.Conn)
		outcome Outcome
		alert   uint8
		suite   uint16
	}{
		{"chosen", replying(hello), Fine, 0, anonymousSuite},
		{"byte by byte", replying(bytewise...), Fine, 0, anonymousSuite},
		{"in two records", replying(twoRecords...), Fine, 0, anonymousSuite},
		{"with more behind it", replying(append(bytes.Clone(hello), hello...)), Fine, 0, anonymousSuite},
		{"after a warning", replying(warning, hello), Fine, 0, anonymousSuite},
		{"refused", replying([]byte{21, 3, 3, 0, 2, 2, 40}), Alert, 40, 0},
		{"refused and closed", func(c net.Conn) { _, _ = c.Write([]byte{21, 3, 3, 0, 2, 2, 86}) }, Alert, 86, 0},
		{"good bye", replying([]byte{21, 3, 3, 0, 2, 1, 0}), Closed, 0, 0},
		{"closed", func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }, Closed, 0, 0},
		{"cut off", func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)); _, _ = c.Write(hello[:20]) }, Closed, 0, 0},
		{"silent", silence, TimedOut, 0, 0},
		{"half a record", replying(hello[:20]), TimedOut, 0, 0},
		{"text", replying([]byte("* BYE no\r\n")), NotTLS, 0, 0},
		{"endless warnings", endless(string(warning)), TooLong, 0, 0},
		{"endless empty records", endless("\x16\x03\x03\x00\x00"), BadTLS, 0, 0},
		{"another message", replying([]byte{22, 3, 3, 0, 4, 11, 0, 0, 0}), BadTLS, 0, 0},
		{"a message of 16 MB", replying([]byte{22, 3, 3, 0, 4, 2, 255, 255, 255}), BadTLS, 0, 0},
		{"a record of 64 KB", replying([]byte{22, 3, 3, 255, 255, 2}), BadTLS, 0, 0},
		{"a short ServerHello", replying([]byte{22, 3, 3, 0, 6, 2, 0, 0, 2, 3, 3}), BadTLS, 0, 0},
		{"application data", replying([]byte{23, 3, 3, 0, 1, 0}), BadTLS, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := &Prober{}
			if c.outcome == TimedOut {
				p.Timeout = brief
			}
			o := offered(t, p, settings(account.IMAPS, serve(t, c.script)), anonymousSuite)
			expect(t, o, Handshaking, c.outcome)
			if o.TLS == nil || o.TLS.Cipher != c.suite || (o.TLS.Version == tls.VersionTLS12) != (c.suite != 0) || o.TLS.Complete {
				t.Fatalf("tls %+v", o.TLS)
			}
			if (o.TLS.Alert != nil) != (c.alert != 0) || c.alert != 0 && *o.TLS.Alert != c.alert {
				t.Errorf("alert %v, want %d", o.TLS.Alert, c.alert)
			}
		})
	}
}

// TestOfferOnEachEndpoint: crypto/tls as a server understands the hello, after STARTTLS too, and
// not a byte follows it.
func TestOfferOnEachEndpoint(t *testing.T) {
	for _, e := range account.Endpoints() {
		seen := make(chan []uint16, 1)
		after := make(chan []byte, 1)
		cfg := goodTLS(t)
		cfg.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			if h.ServerName != host || len(h.SupportedCurves) < 20 || len(h.SignatureSchemes) < 20 {
				t.Errorf("%s: hello %+v", e, h)
			}
			seen <- h.CipherSuites
			return nil, nil
		}
		address := serve(t, func(c net.Conn) {
			healthy(e, cfg)(c)
			rest, _ := io.ReadAll(c)
			after <- rest
		})
		o := offered(t, &Prober{}, settings(e, address), tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, scsv)
		// The server goes up to TLS 1.3, so that the second value has it refuse.
		expect(t, o, Handshaking, Alert)
		if o.TLS.Alert == nil || *o.TLS.Alert != 86 {
			t.Errorf("%s: tls %+v", e, o.TLS)
		}
		if got := <-seen; len(got) != 2 || got[1] != scsv {
			t.Errorf("%s: offered %x", e, got)
		}
		if rest := <-after; len(rest) > 0 {
			t.Errorf("%s: %x was sent after the hello", e, rest)
		}
		o = offered(t, &Prober{}, settings(e, serve(t, healthy(e, goodTLS(t)))), tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
		expect(t, o, Handshaking, Fine)
		if o.TLS.Cipher != tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 || len(o.TLS.Chain) > 0 {
			t.Errorf("%s: tls %+v", e, o.TLS)
		}
	}
}

// TestNothingToOffer: asks that make no hello say so.
func TestNothingToOffer(t *testing.T) {
	clear := account.For(account.IMAPS, host)
	clear.Mode = account.Plaintext
	for _, a := range []Ask{
		{Kind: Offer, Settings: account.For(account.IMAPS, host)},
		{Kind: Offer, Settings: clear, Suites: []uint16{anonymousSuite}},
	} {
		if got := (&Prober{}).Answer(t.Context(), []Ask{a})[0]; got.Error == "" || got.Observation != nil {
			t.Errorf("%+v", got)
		}
	}
}

// TestOfferIsBounded: however many suites are asked for, and whatever the name.
func TestOfferIsBounded(t *testing.T) {
	size := make(chan int, 1)
	set := settings(account.IMAPS, serve(t, func(c net.Conn) {
		b, _ := io.ReadAll(io.LimitReader(c, 5))
		size <- int(b[3])<<8 | int(b[4])
	}))
	offered(t, &Prober{}, set, make([]uint16, 30_000)...)
	if n := <-size; n > 1200 {
		t.Errorf("a hello of %d bytes", n)
	}
	if _, err := clientHello(strings.Repeat("x", 70_000), []uint16{anonymousSuite}, ""); err == nil {
		t.Error("a name that fits no hello went in")
	}
}

// TestOfferToOpenSSL: with and without a certificate, and what each says to TLS_FALLBACK_SCSV.
func TestOfferToOpenSSL(t *testing.T) {
	openssl := program(t, "openssl")
	cert, key := files(t, goodTLS(t).Certificates[0])
	none := []string{"-nocert", "-cipher", "ALL:@SECLEVEL=0"}
	some := []string{"-cert", cert, "-key", key, "-cipher", "ECDSA:!aNULL"}
	const ecdsa = tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
	for _, c := range []struct {
		name   string
		args   []string
		suites []uint16
		alert  uint8 // or the first of suites is chosen
	}{
		{"none, one that needs none", none, []uint16{anonymousSuite}, 0},
		{"none, one that needs it", none, []uint16{ecdsa}, 40},
		{"none, set to TLS 1.3", none, []uint16{anonymousSuite, scsv}, 86},
		{"none, not set to TLS 1.3", append([]string{"-tls1_2"}, none...), []uint16{anonymousSuite, scsv}, 0},
		{"one, one that needs none", some, []uint16{anonymousSuite}, 40},
		{"one, one that needs it", some, []uint16{ecdsa}, 0},
		{"one, set to TLS 1.3", some, []uint16{ecdsa, scsv}, 86},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"s_server", "-accept", "127.0.0.1:0"}, c.args...)
			address := strings.TrimPrefix(run(t, "ACCEPT ", openssl, args...), "ACCEPT ")
			o := offered(t, &Prober{}, settings(account.Web, address), c.suites...)
			if c.alert == 0 {
				expect(t, o, Handshaking, Fine)
				if o.TLS.Cipher != c.suites[0] || o.TLS.Version != tls.VersionTLS12 {
					t.Errorf("tls %+v", o.TLS)
				}
				return
			}
			expect(t, o, Handshaking, Alert)
			if o.TLS.Alert == nil || *o.TLS.Alert != c.alert {
				t.Errorf("tls %+v", o.TLS)
			}
		})
	}
}

// FuzzServerHello reads the answer to an offer out of anything.
func FuzzServerHello(f *testing.F) {
	f.Add(serverHello(anonymousSuite))
	f.Add([]byte("\x15\x03\x03\x00\x02\x01\x70\x15\x03\x03\x00\x02\x02\x28"))
	f.Add([]byte("\x16\x03\x03\x00\x04\x02\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, said []byte) {
		r := bytes.NewReader(said)
		var seen TLS
		rest, err := readServerHello(r, &seen)
		if err != nil && (seen.Version != 0 || seen.Cipher != 0) {
			t.Errorf("%+v with %v", seen, err)
		}
		if read := len(said) - r.Len(); read > 2*maxAnswer+10 {
			t.Errorf("%d bytes read", read)
		}
		readFlight(r, rest, &seen)
		if read := len(said) - r.Len(); read > maxTape+3*maxAnswer || len(seen.Prime) > maxPrime {
			t.Errorf("%d bytes read, a prime of %d", read, len(seen.Prime))
		}
	})
}
