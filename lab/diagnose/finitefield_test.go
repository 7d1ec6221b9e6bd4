package diagnose_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

const dheSuite = 0x009F // TLS_DHE_RSA_WITH_AES_256_GCM_SHA384

// field has the server answer an offer with DHE, a prime of so many bits, and a chain.
func field(bits uint, chain ...[]byte) edit {
	return func(o *probe.Observation) {
		prime := new(big.Int).Lsh(big.NewInt(1), bits-1)
		o.Outcome, o.TLS = probe.Fine, &probe.TLS{Version: 0x0303, Cipher: dheSuite, Chain: chain, FromRecords: true, Prime: prime.Bytes()}
	}
}

func inGroup(number uint16) edit {
	return func(o *probe.Observation) {
		o.Outcome, o.TLS = probe.Fine, &probe.TLS{Version: 0x0304, Cipher: 0x1301, Group: number}
	}
}

func finiteRows(t testing.TB) []connRow {
	const rule, other = "ciphers", "no-common-cipher"
	a := newAuthority(t)
	old := a.Chain(t, certs.Expired(certs.Leaf, 3))
	start, newer := withoutNewest(smtp, 70), withoutNewest(smtp, 40)
	rows := []connRow{
		say(rule, "DHE alone, 2048 bits", other, "", offered(start, alert(0, 40), field(2048), alert(0, 40))),
		say(rule, "DHE alone, 2047 bits", "weak-dh", "", offered(start, alert(0, 40), field(2047), alert(0, 40))),
		say(rule, "DHE alone, 512 bits", "weak-dh", "", offered(start, alert(0, 40), field(512), alert(0, 40))),
		say(rule, "DHE alone, and a set of TLS 1.3 that crypto/tls has none of", other, "", offered(newer, field(3072), alert(0, 40))),
		say(rule, "TLS 1.3 with a group of RFC 7919 alone", other, "", offered(newer, alert(0, 40), inGroup(257))),
		miss(rule, "TLS 1.3 with a curve, in answer to an offer of none", "handshake-refused", "", offered(newer, alert(0, 40), inGroup(29))),
		miss(rule, "refused whatever is offered", "handshake-refused", "", offered(newer, alert(0, 40), alert(0, 40))),
	}
	judged := say(rule, "DHE alone, and an expired certificate", "no-common-cipher expired", "", offered(start, alert(0, 40), field(2048, old...), alert(0, 40)))
	weak := say(rule, "a small prime, and an expired certificate", "weak-dh expired", "", offered(start, alert(0, 40), field(1024, old...), alert(0, 40)))
	judged.know, weak.know = a.Knowledge(false), a.Knowledge(false)
	return append(rows, judged, weak)
}

// group2 is the prime of 1024 bits of RFC 2409 section 6.2, as a file for OpenSSL.
func group2(t *testing.T) string {
	t.Helper()
	prime, _ := new(big.Int).SetString("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF", 16)
	der, err := asn1.Marshal(struct{ P, G *big.Int }{prime, big.NewInt(2)})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "dh.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "DH PARAMETERS", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// rfc7919 is a file with a group of RFC 7919.
func rfc7919(t *testing.T, openssl, group string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "dh.pem")
	if out, err := exec.Command(openssl, "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:"+group, "-out", name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return name
}

// keyPair writes a certificate and its key, as arguments for s_server.
func keyPair(t *testing.T, c *forged) []string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.Key)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "pair.pem")
	data := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"-cert", name, "-key", name}
}

// shakes returns what OpenSSL as a client says of a server, and whether it went through.
func shakes(t *testing.T, openssl, address string, args ...string) (string, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, openssl, append([]string{"s_client", "-connect", address, "-servername", host}, args...)...).CombinedOutput()
	return string(out), err == nil && !bytes.Contains(out, []byte("Cipher is (NONE)"))
}

// TestFiniteFieldByOpenSSL: servers that exchange keys over a finite field alone are told for what
// they are, with the certificate that they show; and OpenSSL as a client agrees on who connects.
func TestFiniteFieldByOpenSSL(t *testing.T) {
	openssl := program(t, "openssl")
	root := forge(t, "Root", "", nil)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pair := func(more ...func(*x509.Certificate)) []string {
		return keyPair(t, forgeWith(t, key, host, host, root, more...))
	}
	sound := pair()
	for _, c := range []struct {
		name, want, words string
		args              []string
		connects          bool // by OpenSSL at the level that Debian has
	}{
		{"2048", "no-common-cipher", "a prime of 2048 bits", []string{"-tls1_2", "-cipher", "DHE"}, true},
		{"ffdhe3072", "no-common-cipher", "ffdhe3072 of RFC 7919", []string{"-tls1_2", "-cipher", "DHE", "-dhparam", rfc7919(t, openssl, "ffdhe3072")}, true},
		{"1024", "weak-dh", "1024 bits", []string{"-tls1_2", "-cipher", "DHE:@SECLEVEL=0", "-dhparam", group2(t)}, false},
		{"TLS 1.3", "no-common-cipher", "ffdhe2048 of RFC 7919", []string{"-tls1_3", "-groups", "ffdhe2048"}, true},
		{"both", "no-common-cipher", "RFC 7919", []string{"-groups", "ffdhe2048"}, true},
		{"with curves", "", "", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for codes, more := range map[string][]string{"": sound, "expired": pair(window(-100*24*time.Hour, -time.Hour))} {
				args := slices.Concat([]string{"s_server", "-www", "-accept", "127.0.0.1:0"}, more, c.args)
				address := strings.TrimPrefix(run(t, "ACCEPT ", openssl, args...), "ACCEPT ")
				set := account.For(account.Web, host)
				set.Addresses, set.Clock = map[string]string{set.Target(): address}, now()
				p := &probe.Prober{}
				r, s := diagnose.Judge{Knowledge: trusting(root)}.Examine(
					p.Survey(t.Context(), []account.Settings{set}, true), func(asks []probe.Ask) []probe.Further { return p.Answer(t.Context(), asks) })
				if strings.Contains(c.name, "1.3") { // the certificate of TLS 1.3 is sent to those only who go on
					codes = ""
				}
				if got, want := said(r), strings.TrimSpace(c.want+" "+codes)+" | "; got != want {
					t.Fatalf("says %q, want %q: %+v", got, want, r.Endpoints[0].Findings)
				}
				sane(t, r)
				if c.want != "" && !strings.Contains(strings.Join(r.Endpoints[0].Findings[0].Evidence, " "), c.words) {
					t.Errorf("evidence %q, want %q", r.Endpoints[0].Findings[0].Evidence, c.words)
				}
				if j := diagnose.Judged(s, 0); codes != "" && len(j.TLS.Chain) == 0 {
					t.Error("judged by a certificate that is not to be had")
				}
				out, ok := shakes(t, openssl, address, "-cipher", "DEFAULT:@SECLEVEL=2")
				if ok != c.connects || !ok && !strings.Contains(out, "dh key too small") {
					t.Errorf("OpenSSL connects: %v: %s", ok, out)
				}
			}
		})
	}
}

// TestPartOfTheClients: where only some connect, nothing says that nobody does.
func TestPartOfTheClients(t *testing.T) {
	s := offered(withoutNewest(smtp, 70), alert(0, 40), field(2048), alert(0, 40))
	f := diagnose.Judge{Knowledge: nothing()}.Report(s).Endpoints[0].Findings[0]
	all := f.Summary + strings.Join(f.Evidence, " ")
	if f.Code != finding.NoCommonCipher || !strings.Contains(all, "Thunderbird") || !strings.Contains(all, "OpenSSL") || strings.Contains(all, "no cipher that the clients") {
		t.Errorf("%+v", f)
	}
}

// TestALPNByOpenSSL: a server that knows only other protocols than the client's says so.
func TestALPNByOpenSSL(t *testing.T) {
	openssl := program(t, "openssl")
	root := forge(t, "Root", "", nil)
	args := append([]string{"s_server", "-www", "-accept", "127.0.0.1:0", "-alpn", "ftp"}, keyPair(t, forge(t, host, host, root))...)
	address := strings.TrimPrefix(run(t, "ACCEPT ", openssl, args...), "ACCEPT ")
	set := account.For(account.Web, host)
	set.Addresses, set.Clock = map[string]string{set.Target(): address}, now()
	p := &probe.Prober{}
	r, _ := diagnose.Judge{Knowledge: trusting(root)}.Examine(
		p.Survey(t.Context(), []account.Settings{set}, true), func(asks []probe.Ask) []probe.Further { return p.Answer(t.Context(), asks) })
	if said(r) != "handshake-refused | " || !strings.Contains(r.Endpoints[0].Findings[0].Summary, "ALPN") || r.Endpoints[0].Findings[0].Facts.Alert != 120 {
		t.Errorf("%+v", r.Endpoints[0].Findings)
	}
	if out, ok := shakes(t, openssl, address, "-alpn", "http/1.1"); ok || !strings.Contains(out, "no application protocol") {
		t.Errorf("OpenSSL says %s", out)
	}
	if out, ok := shakes(t, openssl, address); !ok {
		t.Errorf("without a protocol OpenSSL says %s", out)
	}
}
