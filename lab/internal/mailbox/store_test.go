package mailbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

func newStore() *mailbox.Store {
	return mailbox.New(mailbox.Options{User: "user", Password: "secret", Address: "user@lab.test"})
}

func TestLogin(t *testing.T) {
	s := newStore()
	for _, c := range []struct {
		user, password string
		want           bool
	}{{"user", "secret", true}, {"USER@lab.test", "secret", true}, {"user", "Secret", false}, {"other", "secret", false}, {"", "", false}} {
		if s.Login(c.user, c.password) != c.want {
			t.Errorf("login of %s with %q: want %v", c.user, c.password, c.want)
		}
	}
}

func TestAccepts(t *testing.T) {
	s := newStore()
	for address, want := range map[string]bool{
		"user@lab.test": true, "any@LAB.test": true, "user@example.org": false, "user": false, "@lab.test": false, "a@sub.lab.test": false,
	} {
		if s.Accepts(address) != want {
			t.Errorf("%s: want %v", address, want)
		}
	}
}

// messages returns what is in a folder.
func messages(t *testing.T, s *mailbox.Store, f *mailbox.Folder) (out []mailbox.Message) {
	t.Helper()
	for _, size := range s.Sizes(f) {
		m, release, err := s.Open(f, size.UID)
		if err != nil {
			t.Fatal(err)
		}
		release()
		out = append(out, m)
	}
	return out
}

func TestDeliver(t *testing.T) {
	s := newStore()
	deliver := func(text string) {
		t.Helper()
		changed := s.Changed()
		if err := s.Deliver([]byte(text)); err != nil {
			t.Fatal(err)
		}
		<-changed
	}
	deliver("Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\n\none\r\n")
	deliver("not a message")
	got := messages(t, s, s.Inbox())
	if got[0].Subject() != "grüße" || !strings.HasSuffix(string(got[0].Raw), "\r\n\r\none\r\n") || got[1].Subject() != "" {
		t.Errorf("messages %+v", got)
	}
	s.Remove(s.Inbox(), func(uid uint32, _ mailbox.Flags) bool { return uid == 1 })
	if got := messages(t, s, s.Inbox()); len(got) != 1 || got[0].UID != 2 {
		t.Errorf("after Remove: %v", got)
	}
	deliver("Subject: x\n\n")
	if got := messages(t, s, s.Inbox()); got[1].UID != 3 {
		t.Errorf("a UID was used again: %d", got[1].UID)
	}
}

// TestLineEnds: mail has CRLF, whatever it came with.
func TestLineEnds(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a": "a", "a\r\nb": "a\r\nb", "a\nb\r\n\nc": "a\r\nb\r\n\r\nc", "\n": "\r\n", "a\rb\n": "a\rb\r\n", "\r\n\r\n": "\r\n\r\n", "x\n": "x\r\n",
	} {
		s := newStore()
		if err := s.Deliver([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := messages(t, s, s.Inbox()); string(got[0].Raw) != want {
			t.Errorf("%q: %q, want %q", text, got[0].Raw, want)
		}
	}
}

// TestCount: there are so many messages at most, in all folders, whichever way they come.
func TestCount(t *testing.T) {
	s := newStore()
	if err := s.Deliver(make([]byte, mailbox.MaxSize+1)); !errors.Is(err, mailbox.ErrTooBig) {
		t.Errorf("too big: %v", err)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range mailbox.MaxMessages / 10 {
				if err := s.Deliver([]byte("Subject: x\r\n\r\n")); err != nil {
					t.Error(err)
				}
				s.State(s.Inbox())
			}
		})
	}
	wg.Wait()
	if err := s.Deliver(nil); !errors.Is(err, mailbox.ErrFull) || len(s.Sizes(s.Inbox())) != mailbox.MaxMessages {
		t.Errorf("full: %v with %d messages", err, len(s.Sizes(s.Inbox())))
	}
	if _, err := s.Copy(s.Inbox(), []uint32{1}, "Sent"); !errors.Is(err, mailbox.ErrFull) {
		t.Errorf("copy: %v", err)
	}
	if _, err := s.Move(s.Inbox(), []uint32{1, 2}, "Sent"); err != nil {
		t.Errorf("move needs no room: %v", err)
	}
}

// TestBytes: so many bytes at most, and a message that somebody reads counts although it was removed.
func TestBytes(t *testing.T) {
	s := newStore()
	big := make([]byte, mailbox.MaxSize)
	fill := func() (n int) {
		for s.Deliver(big) == nil {
			n++
		}
		return n
	}
	if n := fill(); n != mailbox.MaxTotal/mailbox.MaxSize {
		t.Errorf("%d messages fit", n)
	}
	if p, err := s.Copy(s.Inbox(), []uint32{1, 2}, "Sent"); !errors.Is(err, mailbox.ErrFull) || len(p.To) != 0 {
		t.Errorf("copy of what does not fit: %v %v", p, err)
	}
	_, release, err := s.Open(s.Inbox(), 1)
	if err != nil {
		t.Fatal(err)
	}
	all := func(uint32, mailbox.Flags) bool { return true }
	s.Remove(s.Inbox(), all)
	if n := fill(); n != mailbox.MaxTotal/mailbox.MaxSize-1 {
		t.Errorf("%d messages fit beside one that is read", n)
	}
	release()
	if n := fill(); n != 1 {
		t.Errorf("%d messages fit when it was read", n)
	}
}

// TestReceive: what is arriving is bounded in all, and given back.
func TestReceive(t *testing.T) {
	s := newStore()
	if _, _, err := s.Receive(bytes.NewReader(make([]byte, mailbox.MaxSize+1))); !errors.Is(err, mailbox.ErrTooBig) {
		t.Errorf("too big: %v", err)
	}
	if _, _, err := s.Receive(iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut off: %v", err)
	}
	left := io.MultiReader(strings.NewReader("half a message"), iotest.ErrReader(io.ErrUnexpectedEOF))
	if _, _, err := s.Receive(left); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a client that left: %v", err)
	}
	if data, done, err := s.Receive(iotest.OneByteReader(strings.NewReader("a message"))); err != nil || string(data) != "a message" {
		t.Errorf("%q %v", data, err)
	} else {
		done()
	}
	for range 3 {
		var all []func()
		for {
			data, done, err := s.Receive(bytes.NewReader(make([]byte, mailbox.MaxSize)))
			if err != nil {
				if !errors.Is(err, mailbox.ErrFull) {
					t.Error(err)
				}
				break
			}
			if len(data) != mailbox.MaxSize {
				t.Errorf("%d bytes", len(data))
			}
			all = append(all, done)
		}
		if len(all) != mailbox.MaxTotal/mailbox.MaxSize {
			t.Errorf("%d at once", len(all))
		}
		for _, done := range all {
			done()
			done() // twice is once
		}
	}
}

func TestFolders(t *testing.T) {
	s := newStore()
	for _, c := range []struct {
		what string
		do   error
		want error
	}{
		{"create", s.Create("A/B/", ""), nil},
		{"create its parent", s.Create("A", ""), mailbox.ErrExists},
		{"create INBOX", s.Create("inBox", ""), mailbox.ErrExists},
		{"create below INBOX", s.Create("inbox/x", ""), nil},
		{"no name", s.Create("", ""), mailbox.ErrFolderName},
		{"empty level", s.Create("a//b", ""), mailbox.ErrFolderName},
		{"wildcard", s.Create("a*", ""), mailbox.ErrFolderName},
		{"control", s.Create("a\nb", ""), mailbox.ErrFolderName},
		{"deep", s.Create(strings.Repeat("a/", 10)+"a", ""), mailbox.ErrFolderName},
		{"long", s.Create(strings.Repeat("a", 256), ""), mailbox.ErrFolderName},
		{"delete INBOX", s.Delete("inbox"), mailbox.ErrInbox},
		{"rename INBOX", s.Rename("inbox", "y"), mailbox.ErrInbox},
		{"delete parent", s.Delete("A"), mailbox.ErrChildren},
		{"delete none", s.Delete("none"), mailbox.ErrNoFolder},
		{"subscribe none", s.Subscribe("none", true), mailbox.ErrNoFolder},
		{"subscribe", s.Subscribe("A/B", true), nil},
		{"rename into itself", s.Rename("A", "A/C"), mailbox.ErrFolderName},
		{"rename onto one", s.Rename("A", "Sent"), mailbox.ErrExists},
		{"rename", s.Rename("A", "Z/Y"), nil},
		{"keep use", s.Create("All", `\All`), nil},
	} {
		if !errors.Is(c.do, c.want) {
			t.Errorf("%s: %v, want %v", c.what, c.do, c.want)
		}
	}
	var names []string
	for _, i := range s.Infos() {
		names = append(names, i.Name)
		if i.Name == "Z/Y/B" && !i.Subscribed || i.Name == "Z" && !i.Children {
			t.Errorf("%+v", i)
		}
	}
	if got := strings.Join(names, " "); got != "INBOX All Drafts INBOX/x Sent Trash Z Z/Y Z/Y/B" {
		t.Errorf("folders %q", got)
	}
	for i := 0; ; i++ {
		if err := s.Create(fmt.Sprint("more", i), ""); err != nil {
			if !errors.Is(err, mailbox.ErrManyFolders) || len(s.Infos()) != mailbox.MaxFolders {
				t.Errorf("%d folders: %v", len(s.Infos()), err)
			}
			break
		}
	}
}

// TestValidity: a folder made again, or by the next start, has a greater UIDVALIDITY.
func TestValidity(t *testing.T) {
	last := uint32(0)
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for range 2 {
		s := mailbox.New(mailbox.Options{Now: func() time.Time { return now }})
		for range 2 {
			if err := s.Create("x", ""); err != nil {
				t.Fatal(err)
			}
			f, _ := s.Folder("x")
			if v := s.Info(f).Validity; v <= last {
				t.Errorf("validity %d after %d", v, last)
			} else {
				last = v
			}
			if err := s.Delete("x"); err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(time.Second)
	}
}

func TestFlags(t *testing.T) {
	s := newStore()
	flags, err := s.Flags([]string{`\seen`, "$Junk", `\Recent`, "$junk"})
	if err != nil || strings.Join(s.Names(flags), " ") != `\Seen $Junk` {
		t.Errorf("%v %v", s.Names(flags), err)
	}
	if s.Known("$JUNK") != flags&^mailbox.Seen || s.Known("other") != 0 {
		t.Error("a keyword is not known")
	}
	for i := 0; ; i++ {
		if _, err := s.Flags([]string{fmt.Sprint("k", i)}); err != nil {
			if i < 40 || i > 58 {
				t.Errorf("%d keywords: %v", i, err)
			}
			break
		}
	}
	if _, err := s.Flags([]string{strings.Repeat("k", 1000)}); !errors.Is(err, mailbox.ErrKeywords) {
		t.Errorf("a long keyword: %v", err)
	}
}
