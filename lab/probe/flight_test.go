package probe

import (
	"bytes"
	"crypto/tls"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// message is a handshake message.
func message(kind byte, body []byte) []byte {
	return append([]byte{kind, 0, byte(len(body) >> 8), byte(len(body))}, body...)
}

// record is a record of the handshake.
func record(body []byte) []byte {
	return append([]byte{22, 3, 3, byte(len(body) >> 8), byte(len(body))}, body...)
}

// through is what comes of an offer that is read on.
func through(t *testing.T, script func([]byte) []byte, suite uint16) *TLS {
	t.Helper()
	p := &Prober{Timeout: brief}
	set := settings(account.IMAPS, serve(t, replying(script(serverHello(suite)))))
	got := p.Answer(t.Context(), []Ask{{Kind: Offer, Settings: set, Suites: []uint16{suite}, Through: true}})[0].Observation
	expect(t, *got, Handshaking, Fine)
	roundTrip(t, *got)
	return got.TLS
}

// TestThrough: what comes behind the ServerHello is read as far as it is there.
func TestThrough(t *testing.T) {
	const dhe, ecdhe = 0x009F, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
	leaf := []byte("a leaf")
	certificates := message(messageCertificate, append([]byte{0, 0, 9, 0, 0, 6}, leaf...))
	prime := append([]byte{0, 4}, 0xf1, 2, 3, 5)
	exchange := message(messageKeyExchange, append(bytes.Clone(prime), 0, 1, 2, 0, 1, 9))
	done := message(messageHelloDone, nil)
	for _, c := range []struct {
		name  string
		suite uint16
		after []byte
		chain bool
		prime int
		group uint16
	}{
		{"all in a record", dhe, record(bytes.Join([][]byte{certificates, exchange, done}, nil)), true, 4, 0},
		{"a record each", dhe, bytes.Join([][]byte{record(certificates), record(exchange), record(done)}, nil), true, 4, 0},
		{"a message in two records", dhe, append(record(certificates[:7]), record(append(bytes.Clone(certificates[7:]), exchange...))...), true, 4, 0},
		{"a curve", ecdhe, record(append(bytes.Clone(certificates), message(messageKeyExchange, []byte{3, 0, 29, 0})...)), true, 0, 29},
		{"a curve that is spelt out", ecdhe, record(message(messageKeyExchange, []byte{1, 0, 29, 0})), false, 0, 0},
		{"nothing to exchange", dhe, record(append(bytes.Clone(certificates), done...)), true, 0, 0},
		{"nothing at all", dhe, nil, false, 0, 0},
		{"cut off in the certificate", dhe, record(certificates[:9]), false, 0, 0},
		{"an alert", dhe, append(record(certificates), 21, 3, 3, 0, 2, 2, 80), true, 0, 0},
		{"a prime that is cut off", dhe, record(message(messageKeyExchange, []byte{0, 9, 1})), false, 0, 0},
		{"a prime of 4 KB", dhe, record(message(messageKeyExchange, append([]byte{16, 0}, make([]byte, 4096)...))), false, 0, 0},
		{"a message of 16 MB", dhe, record([]byte{messageCertificate, 255, 255, 255, 0}), false, 0, 0},
		{"no record", dhe, []byte("* BYE\r\n"), false, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := through(t, func(hello []byte) []byte { return append(hello, c.after...) }, c.suite)
			if got.Cipher != c.suite || (len(got.Chain) == 1 && bytes.Equal(got.Chain[0], leaf)) != c.chain || len(got.Prime) != c.prime || got.Group != c.group {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestThroughOnEachEndpoint: crypto/tls as a server shows its chain and its curve.
func TestThroughOnEachEndpoint(t *testing.T) {
	for _, e := range account.Endpoints() {
		cfg := goodTLS(t)
		set := settings(e, serve(t, healthy(e, cfg)))
		got := (&Prober{}).Answer(t.Context(), []Ask{{Kind: Offer, Settings: set, Through: true, Suites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}})[0].Observation
		expect(t, *got, Handshaking, Fine)
		if len(got.TLS.Chain) != 2 || !bytes.Equal(got.TLS.Chain[0], cfg.Certificates[0].Certificate[0]) || got.TLS.Group == 0 || !got.TLS.FromRecords {
			t.Errorf("%s: %+v", e, got.TLS)
		}
	}
}

// TestFiniteFieldSuites: OpenSSL sorts its suites in the same way.
func TestFiniteFieldSuites(t *testing.T) {
	out, err := exec.Command(program(t, "openssl"), "ciphers", "-V", "-tls1_2", "ALL:@SECLEVEL=0").Output()
	if err != nil {
		t.Fatal(err)
	}
	finite := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line) // 0x00,0x9F - DHE-RSA-AES256-GCM-SHA384 TLSv1.2 Kx=DH Au=RSA ...
		if len(f) < 6 {
			continue
		}
		n, err := strconv.ParseUint(strings.ReplaceAll(strings.ReplaceAll(f[0], ",0x", ""), "0x", ""), 16, 16)
		if err != nil {
			continue // of TLS 1.3
		}
		want := f[4] == "Kx=DH" && f[5] != "Au=None"
		if FiniteField(uint16(n)) != want {
			t.Errorf("%s %s %s: %v", f[2], f[4], f[5], FiniteField(uint16(n)))
		}
		if want {
			finite++
		}
	}
	if finite < 15 {
		t.Errorf("only %d suites were compared", finite)
	}
}
