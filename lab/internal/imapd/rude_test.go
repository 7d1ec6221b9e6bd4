package imapd_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire/wiretest"
)

// TestClientLeavesDuringFetch: what served it ends.
func TestClientLeavesDuringFetch(t *testing.T) {
	s := serve(t)
	s.deliver("Subject: x\r\n\r\n" + strings.Repeat("x\r\n", 1<<20))
	const clients = 5
	for range clients {
		c := s.client()
		c.do("SELECT INBOX")
		io.WriteString(c, "x FETCH 1 (ENVELOPE BODY[])\r\ny NOOP\r\nz FETCH 1 BODY[]\r\n")
		if _, err := c.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	s.ended(clients)
	if err := s.store.Delete("Sent"); err != nil {
		t.Error(err)
	}
}

// TestClientLeavesDuringIdle: so does what waits for news.
func TestClientLeavesDuringIdle(t *testing.T) {
	s := serve(t)
	for _, last := range []string{"", "DO", "DONE\r\n", strings.Repeat("x", 100_000)} {
		c := s.client()
		c.do("SELECT INBOX")
		io.WriteString(c, "x IDLE\r\n")
		if line, err := c.r.ReadString('\n'); err != nil || !strings.HasPrefix(line, "+") {
			t.Fatalf("%q %v", line, err)
		}
		io.WriteString(c, last)
		c.Close()
		s.deliver("Subject: x\r\n\r\n")
	}
	s.ended(4)
}

// TestSlowReader: a client that reads nothing stalls nobody, and closing does not wait for it.
func TestSlowReader(t *testing.T) {
	s := serve(t)
	s.deliver("Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 76)+"\r\n", 9<<20/78))
	slow := s.client()
	slow.do("SELECT INBOX")
	io.WriteString(slow, "x FETCH 1 BODY[]\r\n")
	if _, err := slow.r.ReadString('\n'); err != nil { // it is being written
		t.Fatal(err)
	}
	s.deliver("Subject: news\r\n\r\n")
	c := s.client()
	c.do("SELECT INBOX")
	c.says("STORE 1 +FLAGS.SILENT (\\Deleted)", "OK")
	c.says("EXPUNGE", "* 1 EXPUNGE", "OK")
	c.says("UID FETCH 1:* FLAGS", "* 1 FETCH (UID 2 FLAGS ())", "OK")
	if err := s.l.Close(); err != nil {
		t.Error(err)
	}
	s.ended(2)
}

// TestOverQuota: each way to make the mailbox grow has its end.
func TestOverQuota(t *testing.T) {
	s := serve(t)
	c := s.client()
	mail := "Subject: x\r\n\r\n" + strings.Repeat("x", 9<<20)
	for range mailbox.MaxTotal / len(mail) {
		c.append("INBOX", mail, "OK [APPENDUID ")
	}
	c.append("INBOX", mail, "NO [OVERQUOTA] ")
	c.append("INBOX", "Subject: small\r\n\r\n", "OK ")
	c.append("Nowhere", mail, "NO [TRYCREATE] ")
	c.append("INBOX", strings.Repeat("x", mailbox.MaxSize+1), "NO [TOOBIG] ")
	c.do("SELECT INBOX")
	c.says("COPY 1:* Sent", "NO [OVERQUOTA] ")
	c.says("STATUS Sent (MESSAGES)", `* STATUS "Sent" (MESSAGES 0)`, "OK")
	c.says("COPY 1 Nowhere", "NO [TRYCREATE] ")
	c.says("MOVE 1:* Trash", "* OK [COPYUID ", "* 1 EXPUNGE", "* 1 EXPUNGE", "* 1 EXPUNGE", "* 1 EXPUNGE", "* 1 EXPUNGE", "* 1 EXPUNGE", "* 1 EXPUNGE", "* 1 EXPUNGE", "OK")
}

// TestTooMuchAtOnce: what one command asks for is bounded, and the refusal says so.
func TestTooMuchAtOnce(t *testing.T) {
	s := serve(t)
	s.deliver("Subject: x\r\n\r\nx")
	c := s.client()
	c.do("SELECT INBOX")
	for _, command := range []string{
		`LIST "" "` + strings.Repeat("*a", 2000) + `"`,
		"FETCH 1 (" + strings.Repeat("BODY[1] ", 100) + "FLAGS)",
		"FETCH 1 BODY[" + strings.Repeat("1.", 100) + "1]",
		"FETCH 1 BODY[HEADER.FIELDS (" + strings.Repeat("a ", 300) + "b)]",
		"SEARCH " + strings.Repeat("TEXT x ", 100) + "ALL",
		"SEARCH " + strings.Repeat("NOT ", 2000) + "ALL",
		"SEARCH " + strings.Repeat("UID 1 ", 2000) + "ALL",
		"STORE 1 +FLAGS (" + strings.Repeat("k", 100) + ")",
	} {
		if got := c.do(command); len(got) != 1 || !strings.HasPrefix(got[0], "NO [LIMIT] ") {
			t.Errorf("%.40s: %q", command, got)
		}
	}
	for i := 0; ; i++ {
		got := c.do(fmt.Sprint("CREATE f", i))
		if strings.HasPrefix(got[0], "NO [LIMIT] ") {
			break
		}
		if i > mailbox.MaxFolders {
			t.Fatal("folders have no bound")
		}
	}
	c.says(`LIST "" "`+strings.Repeat("*a", 12)+`*b"`, "OK")
}

// TestDeepMessages: parts within parts within parts are read as far as is sensible.
func TestDeepMessages(t *testing.T) {
	s := serve(t)
	const levels = 20_000
	s.deliver(strings.Repeat("Content-Type: message/rfc822\r\n\r\n", levels) + "deep")
	var b strings.Builder
	for i := range levels {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	s.deliver(b.String())
	s.deliver("Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\n\r\n", levels))
	s.deliver("Content-Type: multipart/mixed; boundary=b\r\n\r\nno part")
	s.deliver("Content-Type: multipart/mixed\r\n\r\nno boundary")
	s.deliver("")
	s.deliver("\r\n")
	s.deliver(strings.Repeat("x", 1<<20))
	s.deliver("Subject: " + strings.Repeat("s", 9<<20))
	c := s.client()
	c.do("SELECT INBOX")
	if got := c.do("FETCH 1:* (BODY BODYSTRUCTURE ENVELOPE BODY.PEEK[1.1.1.1.1.1] BODY.PEEK[1.MIME] BODY.PEEK[2.HEADER])"); !strings.HasPrefix(got[len(got)-1], "OK") {
		t.Errorf("%q", got[len(got)-1])
	}
	c.says("SEARCH TEXT unseen", "* SEARCH", "OK")
	c.says("FETCH 8 RFC822.SIZE", fmt.Sprintf("* 8 FETCH (UID 8 RFC822.SIZE %d)", 1<<20), "OK")
}

// TestEndlessLine: before the login a line has an end, and the refusal says so.
func TestEndlessLine(t *testing.T) {
	s := serve(t)
	for _, begin := range []string{"", "a ", "a LOGIN user ", "a AUTHENTICATE PLAIN "} {
		conn := tls.Client(wiretest.Dial(t, s.l), s.pair.Client)
		r := bufio.NewReader(conn)
		if _, err := r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, begin+strings.Repeat("x", 64<<10))
		if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, "* BYE [LIMIT] ") {
			t.Errorf("%q: %q %v", begin, line, err)
		}
		if line, err := r.ReadString('\n'); err == nil {
			t.Errorf("%q: %q after the end", begin, line)
		}
		conn.Close()
		s.ended(1)
	}
	c := s.client() // who is logged in may send what the commands need
	c.says("CREATE "+strings.Repeat("x", 45<<10), "NO [CANNOT] ")
}
