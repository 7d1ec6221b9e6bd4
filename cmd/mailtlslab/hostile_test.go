package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/cmd/internal/file"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
)

// Servers that mean harm, or are broken in ways that no scenario is.

// What a diagnosis may print at most, whatever a server sends, in bytes. A chain of the largest
// size that the handshake allows is a quarter of a megabyte, and JSON quotes its names.
const (
	maxText = 100 << 10
	maxJSON = 4 << 20
)

// step is the time limit of each step; a diagnosis takes at most three looks of six steps.
const (
	step       = 300 * time.Millisecond
	wholeLimit = 18*step + 5*time.Second // and what a busy machine with the race detector adds
)

func TestHostileServers(t *testing.T) {
	for _, c := range hostileServers(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, c.script)
			for _, flag := range []string{"", "--json"} {
				args := []string{"diagnose", "--timeout", step.String(), "--resolve", "mail.lab.test:4711:" + address, "mail.lab.test:4711"}
				if c.as != "" {
					args = append(args, "--as", c.as)
				}
				if flag != "" {
					args = append(args, flag)
				}
				start := time.Now()
				r := invoke(t, args...)
				if took := time.Since(start); took > wholeLimit {
					t.Errorf("%s took %s", flag, took)
				}
				if r.code != exitFindings {
					t.Errorf("%s: status %d, errors %.300q, output %.300q", flag, r.code, r.errors, r.out)
				}
				checkOutput(t, flag == "--json", r)
			}
		})
	}
}

func checkOutput(t *testing.T, asJSON bool, r result) {
	t.Helper()
	inert(t, r.out)
	inert(t, r.errors)
	if strings.Contains(r.out+r.errors, "goroutine ") {
		t.Errorf("a stack: %.500q", r.out+r.errors)
	}
	limit := maxText
	if asJSON {
		limit = maxJSON
		var a checkup.Answer
		if err := json.Unmarshal([]byte(r.out), &a); err != nil || a.Verdict != checkup.Fail || len(a.Places) != 1 || len(a.Places[0].Findings) == 0 {
			t.Errorf("%v: %.300q", err, r.out)
		}
	} else if !strings.HasPrefix(r.out, "✗ mail.lab.test: ") {
		t.Errorf("no headline: %.300q", r.out)
	}
	if len(r.out) > limit || len(r.errors) > 1000 {
		t.Errorf("%d bytes of output and %d of errors", len(r.out), len(r.errors))
	}
}

type hostileServer struct {
	name   string
	as     string // empty: the diagnosis finds out
	script func(net.Conn)
}

func hostileServers(t *testing.T) []hostileServer {
	t.Helper()
	key := newKey(t)
	named := leaf(t, key, "mail\x1b[2J\u009b2J\u202egnp.\nexample", "a\x1b]0;owned\x07.example", "b\n\r\x00.example")
	many := [][]byte{leaf(t, key, "many")}
	tiny := [][]byte{many[0]}
	for i := range 10_000 {
		many = append(many, numbered(t, key, int64(i+2), "many"))
		tiny = append(tiny, []byte{0x30, 0x03, 0x02, 0x01, byte(i)})
	}
	names := make([]string, 8000)
	for i := range names {
		names[i] = fmt.Sprintf("host-%d.example", i)
	}
	banner := "* OK \x1b[2J\u009b31m\u202e evil \x07\xff\r\n"
	starttls := []string{"* OK \x1b[2J\r\n", "* CAPABILITY STARTTLS \x1b[2J\r\na1 OK\r\n", "a2 OK go\r\n"}
	return []hostileServer{
		{"nothing at all", "imap", silence},
		{"nothing at all, find out", "", silence},
		{"nothing in tls", "imaps", silence},
		{"closes", "", func(net.Conn) {}},
		{"endless greeting", "submission", endless("220-more\r\n")},
		{"endless greeting, find out", "", endless("220-more\r\n")},
		{"endless line", "imap", endless("x")},
		{"megabyte line", "imap", says("* OK " + strings.Repeat("x", 1<<20) + "\r\n")},
		{"megabyte line in tls", "imaps", says("* OK " + strings.Repeat("x", 1<<20) + "\r\n")},
		{"escapes in the banner", "pop3", says(banner)},
		{"escapes in the banner in tls", "pop3s", inTLS(says(banner), named, key)},
		{"escapes in the banner, find out", "", says("\x1b[2J\u009b\u202e\r\n")},
		{"escapes in the refusal", "submission", says("554 \x1b[2J\u009b31m\u202e go away\r\n")},
		{"junk after starttls", "imap", func(c net.Conn) {
			says(starttls...)(c)
			_, _ = c.Read(make([]byte, 1)) // of the ClientHello
			_, _ = io.WriteString(c, "\x1b[2J junk \u009b\u202e\r\n")
			wait(c)
		}},
		{"junk before tls", "imap", func(c net.Conn) { says(starttls[0], starttls[1], "a2 OK go\r\n\x1b[2J\u009b\r\n")(c); wait(c) }},
		{"endless junk after starttls", "imap", func(c net.Conn) { says(starttls...)(c); endless("\x16\x03junk")(c) }},
		{"escapes in the names", "imaps", inTLS(says("* OK\r\n"), named, key)},
		{"thousands of names", "imaps", inTLS(says("* OK\r\n"), leaf(t, key, "x", names...), key)},
		{"10,000 certificates", "imaps", inTLSChain(says("* OK\r\n"), many, key)},
		{"10,000 tiny certificates", "imaps", inTLSChain(says("* OK\r\n"), tiny, key)},
		{"a leaf that is none", "imaps", inTLS(says("* OK\r\n"), []byte("\x30\x82\xff\xff\x1b[2J"), key)},
		{"an empty leaf", "imaps", inTLS(says("* OK\r\n"), nil, key)},
		{"half a handshake", "imaps", func(c net.Conn) { _, _ = c.Write([]byte{22, 3, 3, 0x40, 0, 2, 0, 0x3f}); wait(c) }},
		{"alerts for ever", "imaps", endless("\x15\x03\x03\x00\x02\x01\x5a")},
	}
}

// TestDiagnoseInterrupt ends a diagnosis that waits for a silent server.
func TestDiagnoseInterrupt(t *testing.T) {
	for _, as := range [][]string{{"--as", "imap"}, {"--as", "imaps"}, nil} {
		ctx, cancel := context.WithCancel(t.Context())
		// The connection has come about: now it waits.
		address := serve(t, func(c net.Conn) { cancel(); wait(c) })
		var out, errs strings.Builder
		start := time.Now()
		args := append([]string{"diagnose", "--timeout", "1m", "--resolve", "mail.lab.test:4711:" + address, "mail.lab.test:4711"}, as...)
		if code := run(ctx, args, nil, &out, &errs); code != exitEnvironment {
			t.Errorf("%v: status %d", as, code)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%v: took %s", as, took)
		}
		if out.Len() > 0 || errs.String() != "mailtlslab: interrupted before there was an answer\n" {
			t.Errorf("%v: %q %q", as, out.String(), errs.String())
		}
	}
}

// TestVerifyInterrupt ends before there is a report.
func TestVerifyInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs strings.Builder
	if code := run(ctx, []string{"verify", "ok-full-chain"}, nil, &out, &errs); code != exitEnvironment || out.Len() > 0 || !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("%d %q %q", code, out.String(), errs.String())
	}
}

// brokenOutput is an output that cannot be written.
type brokenOutput struct{ err error }

func (b brokenOutput) Write([]byte) (int, error) { return 0, b.err }

// TestBrokenOutput: a full disk is the environment's fault, and a reader that has gone nobody's.
func TestBrokenOutput(t *testing.T) {
	for _, args := range [][]string{
		{"list"}, {"list", "--json"}, {"show", "expired-leaf"}, {"version"}, {"--help"}, {},
		{"verify", "ok-full-chain"}, {"verify", "--json", "ok-full-chain"},
		{"diagnose", "--timeout", "1s", "127.0.0.1:1"}, {"diagnose", "--json", "--timeout", "1s", "127.0.0.1:1"},
		{"up", "--base-port", "0", "ok-full-chain"}, {"up", "--json", "--base-port", "0", "ok-full-chain"},
	} {
		for _, want := range []struct {
			err  syscall.Errno
			code int
			says string
		}{{syscall.EPIPE, exitUnread, ""}, {syscall.ENOSPC, exitEnvironment, "mailtlslab: cannot write the output: no space left on device\n"}} {
			var errs strings.Builder
			if code := run(t.Context(), args, nil, brokenOutput{want.err}, &errs); code != want.code || errs.String() != want.says {
				t.Errorf("%v with %v: status %d, %q", args, want.err, code, errs.String())
			}
		}
	}
}

// TestLargeSurvey is refused before it is all in memory.
func TestLargeSurvey(t *testing.T) {
	var errs strings.Builder
	in := io.LimitReader(zeros{}, file.Max+100)
	if code := run(t.Context(), []string{"diagnose", "--survey", "-"}, in, io.Discard, &errs); code != exitUsage || !strings.Contains(errs.String(), "larger than 16 MiB") {
		t.Errorf("%d %q", code, errs.String())
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestLongHost(t *testing.T) {
	for _, host := range []string{strings.Repeat("x", 10_000), strings.Repeat("x", 10_000) + ":993", "u@" + strings.Repeat("\x1b", 10_000), strings.Repeat("/", 10_000)} {
		r := invoke(t, "diagnose", host)
		if r.code != exitUsage || r.out != "" || len(r.errors) > 400 || strings.Count(r.errors, "\n") != 1 {
			t.Errorf("%+v", r)
		}
		inert(t, r.errors)
	}
}

// serve runs one script per connection until the test ends, and returns its address.
func serve(t testing.TB, script func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue
			}
			all.Go(func() {
				defer context.AfterFunc(ctx, func() { conn.Close() })()
				defer conn.Close()
				script(conn)
			})
		}
	})
	t.Cleanup(func() { cancel(); ln.Close(); all.Wait() })
	return ln.Addr().String()
}

func wait(r io.Reader) { _, _ = io.Copy(io.Discard, r) }

func silence(c net.Conn) { wait(c) }

func endless(text string) func(net.Conn) {
	return func(c net.Conn) {
		for chunk := []byte(strings.Repeat(text, 1000)); ; {
			if _, err := c.Write(chunk); err != nil {
				return
			}
		}
	}
}

// says sends the first text, then one for each line received, and waits for the other end.
func says(texts ...string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for i, text := range texts {
			if i > 0 {
				if _, err := r.ReadString('\n'); err != nil {
					return
				}
			}
			_, _ = io.WriteString(c, text)
		}
		if len(texts) < 3 { // else what comes next is a ClientHello, and another script's
			wait(r)
		}
	}
}

func inTLS(script func(net.Conn), leaf []byte, key *ecdsa.PrivateKey) func(net.Conn) {
	return inTLSChain(script, [][]byte{leaf}, key)
}

func inTLSChain(script func(net.Conn), chain [][]byte, key *ecdsa.PrivateKey) func(net.Conn) {
	cfg := &tls.Config{Certificates: []tls.Certificate{{Certificate: chain, PrivateKey: key}}}
	return func(c net.Conn) {
		conn := tls.Server(c, cfg)
		if conn.Handshake() == nil {
			script(conn)
		}
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func leaf(t *testing.T, key *ecdsa.PrivateKey, cn string, names ...string) []byte {
	t.Helper()
	return numbered(t, key, 1, cn, names...)
}

// numbered makes a self-signed certificate with whatever is in its names.
func numbered(t *testing.T, key *ecdsa.PrivateKey, serial int64, cn string, names ...string) []byte {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: cn, Organization: []string{cn}}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
