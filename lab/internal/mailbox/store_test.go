package mailbox_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

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

func TestDeliver(t *testing.T) {
	s := newStore()
	deliver := func(text string) {
		t.Helper()
		if err := s.Deliver("a@lab.test", []string{"user@lab.test"}, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	deliver("Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\n\none\r\n")
	var seen []uint32
	s.OnDeliver(func(m mailbox.Message) { seen = append(seen, m.UID) })
	deliver("not a message")
	got := s.Messages()
	if got[0].Subject() != "grüße" || !strings.HasSuffix(string(got[0].Raw), "\r\n\r\none\r\n") || got[1].Subject() != "" {
		t.Errorf("messages %+v", got)
	}
	if len(seen) != 2 || seen[0] != 1 || seen[1] != 2 {
		t.Errorf("hook saw %v", seen)
	}
	s.Remove(map[uint32]bool{1: true})
	if got := s.Messages(); len(got) != 1 || got[0].UID != 2 {
		t.Errorf("after Remove: %v", got)
	}
	deliver("Subject: x\n\n")
	if got := s.Messages(); got[1].UID != 3 {
		t.Errorf("a UID was used again: %d", got[1].UID)
	}
}

func TestBounds(t *testing.T) {
	s := newStore()
	if err := s.Deliver("", nil, make([]byte, mailbox.MaxSize+1)); !errors.Is(err, mailbox.ErrTooBig) {
		t.Errorf("too big: %v", err)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range mailbox.MaxMessages / 10 {
				s.Deliver("", nil, []byte("Subject: x\r\n\r\n"))
				s.Messages()
			}
		})
	}
	wg.Wait()
	if err := s.Deliver("", nil, nil); !errors.Is(err, mailbox.ErrFull) || len(s.Messages()) != mailbox.MaxMessages {
		t.Errorf("full: %v with %d messages", err, len(s.Messages()))
	}
}
