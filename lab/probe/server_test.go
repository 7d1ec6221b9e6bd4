package probe

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

const (
	host  = "mail.lab.test"
	brief = 300 * time.Millisecond // for what must run into its limit
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs one script per connection until the test ends, and returns its address.
func serve(t testing.TB, script func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				stop := make(chan struct{})
				wg.Go(func() {
					select {
					case <-done:
						conn.Close()
					case <-stop:
					}
				})
				script(conn)
				close(stop)
			})
		}
	})
	t.Cleanup(func() { close(done); ln.Close(); wg.Wait() })
	return ln.Addr().String()
}

func settings(e account.Endpoint, address string) account.Settings {
	s := account.For(e, host)
	s.Addresses = map[string]string{s.Target(): address}
	return s
}

func look(t testing.TB, e account.Endpoint, script func(net.Conn)) Observation {
	t.Helper()
	return (&Prober{}).Look(context.Background(), settings(e, serve(t, script)))
}

// talk sends the first text, then one for each line received, and then waits for the other end.
func talk(c net.Conn, texts ...string) *bufio.Reader {
	r := bufio.NewReader(c)
	for i, text := range texts {
		if i > 0 {
			if _, err := r.ReadString('\n'); err != nil {
				return r
			}
		}
		_, _ = io.WriteString(c, text)
	}
	return r
}

func talking(texts ...string) func(net.Conn) {
	return func(c net.Conn) { wait(talk(c, texts...)) }
}

func wait(r io.Reader) { _, _ = io.Copy(io.Discard, r) }

// inTLS runs a script inside TLS.
func inTLS(cfg *tls.Config, script func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		t := tls.Server(c, cfg)
		if t.Handshake() != nil {
			return
		}
		script(t)
	}
}

// chain makes a root and a leaf for key, and serves both. signer is what the server signs with.
func chain(t testing.TB, key, signer crypto.Signer) tls.Certificate {
	t.Helper()
	rootKey := ecKey(t)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	rootDER := mustCreate(t, root, root, rootKey.Public(), rootKey)
	leafDER := mustCreate(t, leaf, root, key.Public(), rootKey)
	return tls.Certificate{Certificate: [][]byte{leafDER, rootDER}, PrivateKey: signer, OCSPStaple: []byte("staple")}
}

func mustCreate(t testing.TB, c, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func goodTLS(t testing.TB) *tls.Config {
	k := ecKey(t)
	return &tls.Config{Certificates: []tls.Certificate{chain(t, k, k)}}
}

func expect(t *testing.T, o Observation, stage Stage, outcome Outcome) {
	t.Helper()
	if o.Stage != stage || o.Outcome != outcome {
		t.Errorf("got %s %s (%s), want %s %s; greeting %.40q first %.40q raw %.40q",
			o.Stage, o.Outcome, o.Error, stage, outcome, o.Greeting, o.First, o.Raw)
	}
}

// healthy returns the script of a working server of e.
func healthy(e account.Endpoint, cfg *tls.Config) func(net.Conn) {
	switch e {
	case account.IMAPS:
		return inTLS(cfg, imapInside)
	case account.POP3S:
		return inTLS(cfg, pop3Inside)
	case account.Submissions:
		return inTLS(cfg, func(c net.Conn) { _, _ = io.WriteString(c, "220-hello\r\n220 there\r\n"); smtpInside(c) })
	case account.Web:
		return inTLS(cfg, talking("", "HTTP/1.1 200 OK\r\nDate: Tue, 02 Jan 2024 03:04:05 GMT\r\n\r\nbody"))
	case account.IMAPStartTLS:
		return upgrading(cfg, imapAnswers, "* OK hi\r\n", "* CAPABILITY IMAP4rev1 StartTLS LOGINDISABLED\r\na1 OK\r\n", "a2 OK go\r\n")
	case account.POP3StartTLS:
		return upgrading(cfg, pop3Answers, "+OK hi\r\n", "+OK\r\nUSER\r\nSTLS\r\n.\r\n", "+OK go\r\n")
	default:
		return upgrading(cfg, smtpInside, "220 hi\r\n", "250-hi\r\n250-SIZE 10\r\n250 STARTTLS\r\n", "220 go\r\n")
	}
}

func upgrading(cfg *tls.Config, inside func(net.Conn), texts ...string) func(net.Conn) {
	return func(c net.Conn) {
		talk(c, texts[:len(texts)-1]...)
		b := bufio.NewReader(c)
		_, _ = b.ReadString('\n')
		_, _ = io.WriteString(c, texts[len(texts)-1])
		inTLS(cfg, inside)(c)
	}
}

func imapInside(c net.Conn) { _, _ = io.WriteString(c, "* OK inside\r\n"); imapAnswers(c) }
func pop3Inside(c net.Conn) { _, _ = io.WriteString(c, "+OK inside\r\n"); pop3Answers(c) }

// The password of every server here is "right", and quoted where the protocol quotes.
func imapAnswers(c net.Conn) {
	answers(c, func(line string) string {
		tag, rest, _ := strings.Cut(line, " ")
		switch {
		case rest == "CAPABILITY":
			return "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + tag + " OK\r\n"
		case rest == `LOGIN "u\"x" "right"`:
			return tag + " OK welcome\r\n"
		case strings.HasSuffix(rest, "}"):
			return "+ go on\r\n"
		case tag == "rïght":
			return "a1 OK literal\r\n"
		default:
			return tag + " NO [AUTHENTICATIONFAILED] no " + rest + "\r\n"
		}
	})
}

func pop3Answers(c net.Conn) {
	answers(c, func(line string) string {
		switch {
		case line == "CAPA":
			return "+OK inside\r\nUSER\r\n.\r\n"
		case strings.HasPrefix(line, "USER "), line == "PASS right":
			return "+OK\r\n"
		default:
			return "-ERR no\r\n"
		}
	})
}

func smtpInside(c net.Conn) {
	answers(c, func(line string) string {
		switch {
		case strings.HasPrefix(line, "EHLO"):
			return "250-inside\r\n250 AUTH PLAIN LOGIN\r\n"
		case line == `AUTH PLAIN AHUieAByaWdodA==`:
			return "235 ok\r\n"
		default:
			return "535 5.7.8 no\r\n"
		}
	})
}

func answers(c net.Conn, answer func(string) string) {
	for r := bufio.NewReader(c); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, answer(strings.TrimRight(line, "\r\n")))
	}
}
