package lab_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// TestCloseDespiteRudeClients: none of them reads, answers or leaves, and all are in the middle of
// something.
func TestCloseDespiteRudeClients(t *testing.T) {
	l, err := lab.New(lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	healthy, _ := scenarios.Lookup("ok-full-chain")
	srv, err := l.Serve(healthy)
	if err != nil {
		t.Fatal(err)
	}
	big := "Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 76)+"\r\n", 100_000)
	login := "a LOGIN " + lab.User + " " + lab.Password + "\r\n"
	for _, c := range []struct {
		endpoint account.Endpoint
		say      string
		until    string // what the server says when it is in the middle
	}{
		{account.IMAPS, login + fmt.Sprintf("b APPEND INBOX {%d}\r\n", len(big)), "+ "},
		{account.IMAPS, login + "b SELECT INBOX\r\nc IDLE\r\n", "+ "},
		{account.IMAPS, login + "b SELECT INBOX\r\nc FETCH 2 BODY[]\r\nd FETCH 1:* BODY[]\r\n", "* 2 FETCH"},
		{account.IMAPS, "a AUTHENTICATE PLAIN\r\n", "+ "},
		{account.POP3S, "USER " + lab.User + "\r\nPASS " + lab.Password + "\r\nRETR 2\r\n", "+OK message"},
		{account.Submissions, "EHLO x\r\nAUTH LOGIN\r\n", "334 "},
		{account.Web, "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /", "HTTP/1.1 200"},
		{account.IMAPStartTLS, "a STARTTLS\r\n", "a OK"},
		{account.POP3StartTLS, "STLS\r\n\x16\x03\x01", "+OK Begin"},
		{account.SubmissionStart, "", "220 "},
	} {
		conn, err := net.Dial("tcp", srv.Addr(c.endpoint))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		if c.endpoint.Mode() == account.ImplicitTLS {
			conn = tls.Client(conn, srv.ClientConfig())
		}
		r := bufio.NewReader(conn)
		if c.until == "* 2 FETCH" {
			sendMail(t, srv, big)
		}
		if c.endpoint != account.Web {
			if _, err := r.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		io.WriteString(conn, c.say)
		for c.until != "220 " {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatalf("%s: waiting for %q: %v", c.endpoint, c.until, err)
			}
			if strings.HasPrefix(line, c.until) {
				break
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if open := srv.Journal().Open(); len(open) > 0 {
		t.Errorf("still open: %+v", open)
	}
}

// sendMail submits a message and waits until it was taken.
func sendMail(t *testing.T, srv *lab.Server, mail string) {
	t.Helper()
	conn, err := tls.Dial("tcp", srv.Addr(account.Submissions), srv.ClientConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	// AUTH PLAIN of the lab's user
	io.WriteString(conn, "EHLO x\r\nAUTH PLAIN AGFubmEAY29ycmVjdC1ob3JzZS03\r\nMAIL FROM:<a@lab.test>\r\nRCPT TO:<anna@lab.test>\r\nDATA\r\n")
	for line := ""; !strings.HasPrefix(line, "354"); {
		if line, err = r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	io.WriteString(conn, mail+".\r\n")
	if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, "250") {
		t.Fatalf("%q %v", line, err)
	}
}
