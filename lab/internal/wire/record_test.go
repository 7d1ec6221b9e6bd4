package wire_test

import (
	"crypto/tls"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire/wiretest"
)

// TestAlertOfOpenSSL: under TLS 1.3 such clients send the alert in the clear.
func TestAlertOfOpenSSL(t *testing.T) {
	a := newAccount(t)
	expired := wiretest.NewPair(t, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
	for _, c := range []struct {
		name     string
		implicit bool
		args     []string
	}{
		{"1.3 implicit", true, []string{"-tls1_3"}},
		{"1.3 starttls", false, []string{"-tls1_3", "-starttls", "imap"}},
		{"1.2 implicit", true, []string{"-tls1_2"}},
		{"1.2 starttls", false, []string{"-tls1_2", "-starttls", "imap"}},
	} {
		cfg := a.config(wire.IMAP, c.implicit)
		cfg.TLS = expired.Server
		l, records := wiretest.Listen(t, cfg)
		args := append([]string{"s_client", "-connect", l.Addr().String(), "-servername", "mail.lab.test",
			"-verify_return_error", "-CAfile", expired.CAFile}, c.args...)
		out, err := wiretest.Run(t, "", "openssl", args...)
		if err == nil {
			t.Errorf("%s: openssl accepted an expired certificate\n%s", c.name, out)
		}
		r := wiretest.Next(t, records)
		if r.Alert == nil || *r.Alert != 45 || r.Stage != wire.Hello || !strings.Contains(r.HandshakeError, "expired") {
			t.Errorf("%s: record %+v", c.name, r)
		}
	}
}

// TestAlertOfGo: the alert is encrypted under TLS 1.3 and must come from the error instead.
func TestAlertOfGo(t *testing.T) {
	a := newAccount(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		l, records := wiretest.Listen(t, a.config(wire.IMAP, true))
		client := tls.Client(wiretest.Dial(t, l), &tls.Config{ServerName: "other.test", RootCAs: a.pair.Client.RootCAs, MaxVersion: version})
		if err := client.Handshake(); err == nil {
			t.Fatal("wrong name accepted")
		}
		client.Close()
		r := wiretest.Next(t, records)
		if r.Alert == nil || *r.Alert != 42 || r.SNI != "other.test" || !slices.Contains(r.Versions, version) {
			t.Errorf("version %x: record %+v", version, r)
		}
	}
}

// TestHandshakeWithoutCommand: some clients reject a certificate after the handshake, by leaving.
func TestHandshakeWithoutCommand(t *testing.T) {
	a := newAccount(t)
	for _, d := range []wire.Dialect{wire.IMAP, wire.SMTP, wire.POP3, wire.HTTP} {
		l, records := wiretest.Listen(t, a.config(d, true))
		client := tls.Client(wiretest.Dial(t, l), a.pair.Client)
		if err := client.Handshake(); err != nil {
			t.Fatal(err)
		}
		client.Close()
		if r := wiretest.Next(t, records); r.Stage != wire.Handshake || r.Commands != 0 || r.Alert != nil || r.HandshakeError != "" {
			t.Errorf("%s: record %+v", d, r)
		}
	}
}

// TestPlaintextOnImplicitPort: a client set to no encryption speaks first on a TLS port.
func TestPlaintextOnImplicitPort(t *testing.T) {
	a := newAccount(t)
	l, records := wiretest.Listen(t, a.config(wire.IMAP, true))
	c := wiretest.Dial(t, l)
	io.WriteString(c, "a CAPABILITY\r\n")
	io.ReadAll(c)
	c.Close()
	if r := wiretest.Next(t, records); r.Stage != wire.Connected || !strings.Contains(r.HandshakeError, "does not look like a TLS handshake") {
		t.Errorf("record %+v", r)
	}
}

// TestFailedStartTLS: nothing is said in the clear after a handshake that failed.
func TestFailedStartTLS(t *testing.T) {
	a := newAccount(t)
	l, records := wiretest.Listen(t, a.config(wire.SMTP, false))
	c := wiretest.Dial(t, l)
	buf := make([]byte, 1000)
	c.Read(buf)
	io.WriteString(c, "STARTTLS\r\n")
	n, _ := c.Read(buf)
	if !strings.HasPrefix(string(buf[:n]), "220 ") {
		t.Fatalf("answer %q", buf[:n])
	}
	io.WriteString(c, "EHLO again\r\n")
	rest, _ := io.ReadAll(c)
	if strings.Contains(string(rest), "550") || strings.Contains(string(rest), "250") {
		t.Errorf("the server went on in the clear: %q", rest)
	}
	if r := wiretest.Next(t, records); r.HandshakeError == "" || r.Stage != wire.Asked {
		t.Errorf("record %+v", r)
	}
}

// TestNoResumption: a resumed session would carry no certificate.
func TestNoResumption(t *testing.T) {
	a := newAccount(t)
	l, _ := wiretest.Listen(t, a.config(wire.POP3, true))
	cfg := a.pair.Client.Clone()
	cfg.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for range 2 {
		client := tls.Client(wiretest.Dial(t, l), cfg)
		io.WriteString(client, "QUIT\r\n")
		if _, err := io.ReadAll(client); err != nil {
			t.Fatal(err)
		}
		if client.ConnectionState().DidResume {
			t.Error("session was resumed")
		}
	}
}
