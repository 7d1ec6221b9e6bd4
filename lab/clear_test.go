package lab_test

import (
	"bufio"
	"encoding/base64"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
)

// TestJournalTellsOfALoginInTheClear logs in without TLS where the server allows it.
func TestJournalTellsOfALoginInTheClear(t *testing.T) {
	srv := lab.Start(t, "auth-offered-before-tls", nil)
	plain := base64.StdEncoding.EncodeToString([]byte("\x00" + lab.User + "\x00" + lab.Password))
	for e, lines := range map[account.Endpoint][]string{
		account.IMAPStartTLS:    {"a LOGIN " + lab.User + " " + lab.Password, "b LOGOUT"},
		account.POP3StartTLS:    {"USER " + lab.User, "PASS " + lab.Password, "QUIT"},
		account.SubmissionStart: {"EHLO x", "AUTH PLAIN " + plain, "QUIT"},
	} {
		conn, err := net.Dial("tcp", srv.Addr(e))
		if err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(conn)
		say(t, conn, r, "")
		if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n"); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, r) // until the server closes
		conn.Close()
		entry := wait(t, srv, func(x lab.Entry) bool { return x.Endpoint == e })
		if entry.Password != "clear" || !entry.LoggedIn {
			t.Errorf("%s: a password came in the clear and was right: %+v", e, entry)
		}
	}
}
