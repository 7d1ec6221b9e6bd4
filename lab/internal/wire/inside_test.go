package wire

import (
	"crypto/tls"
	"net"
	"slices"
	"strings"
	"testing"
)

func TestScanner(t *testing.T) {
	for _, c := range []struct {
		dialect Dialect
		dialog  []string // "> " from the client, "< " from the server
		want    string   // verbs that counted
	}{
		{IMAP, []string{"> a NOOP", "< a OK", "> b idle", "< + idling", "> DONE", "< b OK", "> c LOGOUT"}, "NOOP IDLE LOGOUT"},
		{IMAP, []string{"> a AUTHENTICATE PLAIN", "< + ", "> AHUAcA==", "< a NO", "> b NOOP"}, "AUTHENTICATE NOOP"},
		{IMAP, []string{"> a AUTHENTICATE PLAIN", "< a NO", "> b NOOP"}, "AUTHENTICATE NOOP"},
		{IMAP, []string{"> a SELECT {5}", "< a NO", "> b NOOP"}, "SELECT NOOP"},
		{SMTP, []string{"> EHLO x", "< 250 x", "> DATA", "< 354 go", "> PASS x", "> QUIT", "> .", "< 250 ok", "> QUIT"}, "EHLO DATA QUIT"},
		{SMTP, []string{"> DATA", "< 502 no", "> QUIT"}, "DATA QUIT"},
		{SMTP, []string{"> AUTH LOGIN", "< 334 VXNlcm5hbWU6", "> dXNlcg==", "< 334 UGFzc3dvcmQ6", "> cA==", "< 235 ok", "> NOOP"}, "AUTH NOOP"},
		{POP3, []string{"> AUTH PLAIN", "< + ", "> AHUAcA==", "< -ERR", "> QUIT"}, "AUTH QUIT"},
		{POP3, []string{"> ", "> quit"}, "QUIT"},
	} {
		s := scanner{dialect: c.dialect}
		var got []string
		for _, step := range c.dialog {
			text := step[2:] + "\r\n"
			if step[0] == '<' {
				s.reply([]byte(text))
			} else if cmd, ok := s.line([]byte(text)); ok {
				got = append(got, cmd.verb)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q: commands %q, want %s", c.dialog, got, c.want)
		}
	}
}

func TestHide(t *testing.T) {
	for _, c := range []struct {
		dialect  Dialect
		in, want string
	}{
		{IMAP, "* OK [CAPABILITY IMAP4rev1 STARTTLS ID] hi STARTTLS\r\n", "* OK [CAPABILITY IMAP4rev1 ID] hi STARTTLS\r\n"},
		{IMAP, "* CAPABILITY IMAP4rev1 starttls\r\na OK done\r\n", "* CAPABILITY IMAP4rev1\r\na OK done\r\n"},
		{IMAP, "* OK the CAPABILITY STARTTLS\r\n", "* OK the CAPABILITY STARTTLS\r\n"},
		{SMTP, "250-STARTTLS\r\n250-SIZE 1\r\n250 STARTTLS\r\n", "250-STARTTLS\r\n250 SIZE 1\r\n"},
		{SMTP, "250-x\r\n250-STARTTLS\r\n250 STARTTLS\r\n", "250 x\r\n"},
		{SMTP, "250 STARTTLS\r\n", "250 STARTTLS\r\n"},
		{POP3, "+OK\r\nSTARTTLS\r\nTOP\r\n.\r\n", "+OK\r\nTOP\r\n.\r\n"},
		{HTTP, "STARTTLS\r\n", "STARTTLS\r\n"},
	} {
		if got := string(hide(c.dialect, []byte(c.in), []string{"StartTLS"})); got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.dialect, c.in, got, c.want)
		}
	}
}

// hello returns the first bytes a Go client sends.
func hello(t testing.TB, cfg *tls.Config) []byte {
	t.Helper()
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		tls.Client(client, cfg).Handshake()
	}()
	buf := make([]byte, 8192)
	n, err := server.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	<-done
	client.Close()
	return buf[:n]
}

func TestObserver(t *testing.T) {
	whole := hello(t, &tls.Config{ServerName: "mail.lab.test", MinVersion: tls.VersionTLS11})
	old := hello(t, &tls.Config{ServerName: "mail.lab.test", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10})
	alert := []byte{21, 3, 3, 0, 2, 2, 48}
	for _, step := range []int{1, 7, 10000} {
		var o observer
		for part := range slices.Chunk(slices.Concat(whole, []byte{20, 3, 3, 0, 1, 1}, alert), step) {
			o.see(part)
		}
		if !o.complete || o.SNI != "mail.lab.test" || !slices.Equal(o.Versions, []uint16{0x304, 0x303, 0x302}) || o.alert == nil || *o.alert != 48 {
			t.Errorf("steps of %d: %+v", step, o)
		}
	}
	var o observer
	if o.see(old); o.SNI != "mail.lab.test" || !slices.Equal(o.Versions, []uint16{0x301}) {
		t.Errorf("TLS 1.0: %q %x", o.SNI, o.Versions)
	}
	o = observer{}
	o.see(slices.Concat(whole, []byte{21, 3, 3, 0, 2, 1, 0}))
	if o.alert != nil {
		t.Errorf("close_notify was taken for alert %d", *o.alert)
	}
}

func FuzzObserver(f *testing.F) {
	f.Add(hello(f, &tls.Config{ServerName: "mail.lab.test"}))
	f.Add([]byte{21, 3, 3, 0, 2, 2, 48})
	f.Fuzz(func(t *testing.T, b []byte) {
		var whole, split observer
		whole.see(b)
		for i := range b {
			split.see(b[i : i+1])
		}
		if whole.SNI != split.SNI || whole.complete != split.complete || (whole.alert == nil) != (split.alert == nil) {
			t.Errorf("%+v in one piece, %+v byte by byte", whole, split)
		}
	})
}
