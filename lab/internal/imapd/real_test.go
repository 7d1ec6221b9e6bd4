package imapd_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

const parts = "From: A <a@lab.test>\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\nDate: Thu, 01 Oct 2026 09:00:00 +0000\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nVW5zZWVuIHdvcmRz\r\n--b\r\n" +
	"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner body\r\n--b--\r\nepilogue\r\n"

// TestTwoClients: what one does, the other is told, with the numbers that it knows.
func TestTwoClients(t *testing.T) {
	s := serve(t)
	for i := range 4 {
		s.deliver(fmt.Sprintf("Subject: number %d\r\n\r\n", i+1))
	}
	a, b := s.client(), s.client()
	a.do("SELECT INBOX")
	b.do("SELECT inbox")
	a.says(`STORE 2,4 +FLAGS (\deleted)`, `* 2 FETCH (UID 2 FLAGS (\Deleted))`, `* 4 FETCH (UID 4 FLAGS (\Deleted))`, "OK")
	a.says("NOOP", "OK")
	a.says("EXPUNGE", "* 2 EXPUNGE", "* 3 EXPUNGE", "OK")
	// The numbers of b stay until it may be told.
	b.says("FETCH 3 (UID)", "* 3 FETCH (UID 3)", "OK")
	b.says("FETCH 2 (UID)", "NO [EXPUNGEISSUED]")
	s.deliver("Subject: five\r\n\r\n")
	b.says("SEARCH SUBJECT number", "* SEARCH 1 3", "* 5 EXISTS", "OK")
	b.says("FETCH 5 (UID)", "* 5 FETCH (UID 5)", "OK")
	b.says("NOOP", "* 2 EXPUNGE", "* 3 EXPUNGE", "OK")
	b.says("UID MOVE 3 Trash", "* OK [COPYUID ", "* 2 EXPUNGE", "OK")
	a.says("UID SEARCH ALL", "* SEARCH 1", "* 2 EXPUNGE", "* 2 EXISTS", "OK")
	a.says("FETCH * (UID)", "* 2 FETCH (UID 5)", "OK")
	a.says("UID FETCH 9:* (UID)", "* 2 FETCH (UID 5)", "OK")
	a.says("FETCH 1:99 (UID)", "* 1 FETCH (UID 1)", "* 2 FETCH (UID 5)", "OK")
	a.says("MOVE 99 Trash", "OK")
	a.says("COPY 99 Trash", "OK")
	b.says("STORE 1 FLAGS.SILENT (\\Seen keyword)", "OK")
	a.says("NOOP", `* 1 FETCH (UID 1 FLAGS (\Seen keyword))`, "OK")
	b.says("STORE 1 -FLAGS (\\Seen)", `* 1 FETCH (UID 1 FLAGS (keyword))`, "OK")
	// POP3 and the page remove from the same mailbox.
	s.store.Remove(s.store.Inbox(), func(uid uint32, _ mailbox.Flags) bool { return uid == 1 })
	a.says("NOOP", "* 1 EXPUNGE", "OK")
}

// TestSelect says the system's flags in their own case, and does not change what is only examined.
func TestSelect(t *testing.T) {
	s := serve(t)
	s.deliver("Subject: one\r\n\r\n")
	c := s.client()
	c.says("SELECT INBOX", "* 1 EXISTS", "* 0 RECENT", "* OK [UNSEEN 1]", "* OK [UIDVALIDITY ", "* OK [UIDNEXT 2]",
		`* FLAGS (\Seen \Answered \Flagged \Deleted \Draft)`, `* OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)]`, "OK [READ-WRITE]")
	c.says(`STORE 1 +FLAGS (\DELETED \flagged \Recent)`, `* 1 FETCH (UID 1 FLAGS (\Flagged \Deleted))`, "OK")
	if got := c.do("EXAMINE INBOX"); got[0] != "* OK [CLOSED] Previous mailbox is now closed" || !slices.Contains(got, "* OK [PERMANENTFLAGS ()] Permanent flags") || !strings.HasPrefix(got[len(got)-1], "OK [READ-ONLY]") {
		t.Errorf("%q", got)
	}
	for _, command := range []string{"STORE 1 FLAGS (\\Seen)", "EXPUNGE", "UID EXPUNGE 1", "MOVE 1 Trash"} {
		c.says(command, "NO [READ-ONLY] ")
	}
	c.says("FETCH 1 BODY[TEXT]", "* 1 FETCH (UID 1 BODY[TEXT] {0}", ")", "OK")
	c.says("CLOSE", "OK")
	c.says("STATUS INBOX (MESSAGES UNSEEN DELETED)", "* STATUS INBOX (MESSAGES 1 UNSEEN 1 DELETED 1)", "OK")
	c.do("SELECT INBOX")
	c.says("FETCH 1 BODY[TEXT]", `* 1 FETCH (UID 1 FLAGS (\Seen \Flagged \Deleted) BODY[TEXT] {0}`, ")", "OK")
	c.says("CLOSE", "OK")
	c.says("STATUS INBOX (MESSAGES)", "* STATUS INBOX (MESSAGES 0)", "OK")
	c.says("SELECT Nowhere", "NO [NONEXISTENT] ")
}

func TestSections(t *testing.T) {
	s := serve(t)
	s.deliver(parts)
	c := s.client()
	c.do("SELECT INBOX")
	for item, want := range map[string]string{
		"BODY.PEEK[]":                                 parts,
		"BODY.PEEK[HEADER]":                           parts[:strings.Index(parts, "preamble")],
		"BODY.PEEK[TEXT]":                             parts[strings.Index(parts, "preamble"):],
		"BODY.PEEK[1]":                                "VW5zZWVuIHdvcmRz",
		"BODY.PEEK[1.MIME]":                           "Content-Transfer-Encoding: base64\r\n\r\n",
		"BODY.PEEK[1.1]":                              "",
		"BODY.PEEK[2]":                                "Subject: inner\r\n\r\ninner body",
		"BODY.PEEK[2.HEADER]":                         "Subject: inner\r\n\r\n",
		"BODY.PEEK[2.TEXT]":                           "inner body",
		"BODY.PEEK[2.1]":                              "inner body",
		"BODY.PEEK[3]":                                "",
		"BODY.PEEK[HEADER.FIELDS (date X)]":           "Date: Thu, 01 Oct 2026 09:00:00 +0000\r\n\r\n",
		"BODY.PEEK[2.HEADER.FIELDS.NOT (Date)]":       "Subject: inner\r\n\r\n",
		"BODY.PEEK[2.TEXT]<6.100>":                    "body",
		"BODY.PEEK[2.TEXT]<100.4>":                    "",
		"BODY.PEEK[TEXT]<0.9223372036854775807>":      parts[strings.Index(parts, "preamble"):],
		"BODY.PEEK[TEXT]<9223372036854775807.999999>": "",
	} {
		c.n++
		fmt.Fprintf(c, "t%d FETCH 1 %s\r\n", c.n, item)
		line, err := c.r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		var size int
		if _, err := fmt.Sscanf(line[strings.LastIndex(line, "{"):], "{%d}", &size); err != nil {
			t.Fatalf("%s: %q", item, line)
		}
		got := make([]byte, size)
		if _, err := io.ReadFull(c.r, got); err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s: %q, want %q", item, got, want)
		}
		for range 2 {
			if _, err := c.r.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.says("FETCH 1 BODYSTRUCTURE", `* 1 FETCH (UID 1 BODYSTRUCTURE (("text" "plain" NIL NIL NIL "base64" 16 0 NIL NIL NIL NIL)("message" "rfc822" NIL NIL NIL "7bit" 28 `, "OK")
	c.says("FETCH 1 BINARY[1]", "BAD ")
}

func TestSearch(t *testing.T) {
	s := serve(t)
	s.deliver(parts)
	s.deliver("Subject: two\r\nTo: b@lab.test\r\nDate: Fri, 02 Oct 2026 09:00:00 +0000\r\n\r\nbody=\r\n two")
	c := s.client()
	c.do("SELECT INBOX")
	c.do("STORE 2 FLAGS.SILENT (\\Flagged $Junk)")
	for query, want := range map[string]string{
		"ALL": " 1 2", `SUBJECT "GRÜßE"`: " 1", `SUBJECT "grosse"`: "", "FROM a@lab": " 1", "TO b@": " 2", "HEADER Date \"\"": " 1 2", "HEADER X \"\"": "",
		"BODY unseen": " 1", "BODY inner": " 1", "TEXT two": " 2", "FLAGGED": " 2", "UNFLAGGED": " 1", "KEYWORD $junk": " 2", "UNKEYWORD other": " 1 2",
		"KEYWORD other": "", "NOT FLAGGED": " 1", "OR FLAGGED SUBJECT inner": " 2", "SENTON 1-Oct-2026": " 1", "SENTSINCE 2-Oct-2026": " 2", "BEFORE 1-Jan-2001": "",
		"SMALLER 200": " 2", "LARGER 200": " 1", "2": " 2", "*": " 2", "UID 2:*": " 2", "1:* NOT 1": " 2", "(OR 1 2) FLAGGED": " 2", "NEW": "", "RECENT": "",
	} {
		c.says("SEARCH CHARSET UTF-8 "+query, "* SEARCH"+want, "OK")
		if got := c.do("SEARCH " + query); got[0] != "* SEARCH"+want {
			t.Errorf("%s: %q", query, got)
		}
	}
	c.says("SEARCH RETURN (MIN MAX COUNT SAVE) FLAGGED", `* ESEARCH (TAG "t`, "OK")
	c.says("FETCH $ (UID)", "* 2 FETCH (UID 2)", "OK")
}

func TestFoldersOfClients(t *testing.T) {
	c := serve(t).client()
	c.says("CREATE a/b/", "OK")
	c.says("CREATE Spam (USE (\\Junk))", "OK")
	c.says("CREATE x (USE (\\Mine))", "NO [USEATTR] ")
	c.says("CREATE Sent", "NO [ALREADYEXISTS] ")
	c.says(`CREATE "a*"`, "NO [CANNOT] ")
	c.says("DELETE a", "NO [HASCHILDREN] ")
	c.says("DELETE INBOX", "NO [CANNOT] INBOX can neither be deleted nor renamed")
	c.says("RENAME a z", "OK")
	c.says("SUBSCRIBE z/b", "OK")
	c.says("SUBSCRIBE nowhere", "NO [NONEXISTENT] ")
	c.says("UNSUBSCRIBE Trash", "OK")
	c.says(`LIST "" "z*"`, `* LIST (\HasChildren) "/" "z"`, `* LIST (\HasNoChildren) "/" "z/b"`, "OK")
	c.says(`LIST "z/" "%"`, `* LIST (\HasNoChildren) "/" "z/b"`, "OK")
	c.says(`LIST "" ""`, `* LIST (\Noselect) "/" ""`, "OK")
	c.says(`LIST (SPECIAL-USE) "" "*" RETURN (STATUS (MESSAGES))`, `* LIST (\HasNoChildren \Drafts) "/" "Drafts"`, `* STATUS "Drafts" (MESSAGES 0)`,
		`* LIST (\HasNoChildren \Sent) "/" "Sent"`, `* STATUS "Sent" `, `* LIST (\HasNoChildren \Junk) "/" "Spam"`, `* STATUS "Spam" `, `* LIST (\HasNoChildren \Trash) "/" "Trash"`, `* STATUS "Trash" `, "OK")
	c.says(`LSUB "" "*"`, `* LSUB (\Subscribed \HasNoChildren) "/" INBOX`, `* LSUB`, `* LSUB`, `* LSUB (\Subscribed \HasNoChildren) "/" "z/b"`, "OK")
	c.says(`LIST "" (inbox "z/%")`, `* LIST (\HasNoChildren) "/" INBOX`, `* LIST (\HasNoChildren) "/" "z/b"`, "OK")
	// A mailbox that is removed while it is selected is empty.
	d := c
	d.append("z/b", "Subject: x\r\n\r\n", "OK")
	d.do("SELECT z/b")
	d.says("DELETE z/b", "* 1 EXPUNGE", "OK")
	d.says("FETCH 1:* (UID)", "OK")
}
