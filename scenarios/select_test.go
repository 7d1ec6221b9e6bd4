package scenarios_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

func TestFind(t *testing.T) {
	for word, want := range map[string][]string{
		"expired-leaf": {"expired-leaf"}, "31": {"expired-leaf"}, "expired-l*": {"expired-leaf"}, "expired-*": {"expired-cross-sign", "expired-leaf", "expired-intermediate", "expired-root"},
		"expired-???t": {"expired-root"}, "*-leaf-only": {"private-ca-leaf-only"}, "31+19": {"expired-leaf+wrong-host-single"},
	} {
		got, err := scenarios.Find(word)
		var ids []string
		for _, s := range got {
			ids = append(ids, s.ID)
		}
		slices.Sort(ids)
		slices.Sort(want)
		if err != nil || !slices.Equal(ids, want) {
			t.Errorf("%s: %v, %v, want %v", word, ids, err, want)
		}
	}
	for _, word := range []string{"", "0", "-1", "999", "expird-leaf", "no-such-*", "[", "expired-leaf+", "+", "expird-leaf+cn-only-no-san"} {
		if _, err := scenarios.Find(word); !errors.As(err, new(*scenarios.UnknownError)) {
			t.Errorf("%q: %v", word, err)
		}
	}
	var unknown *scenarios.UnknownError
	if _, err := scenarios.Find("expird-leaf"); !errors.As(err, &unknown) || !slices.Contains(unknown.Nearest, "expired-leaf") {
		t.Errorf("%v", err)
	}
}

func TestFilter(t *testing.T) {
	s, _ := scenarios.Lookup("expired-leaf")
	s.Endpoints = []account.Endpoint{account.IMAPS}
	for _, c := range []struct {
		f    scenarios.Filter
		want bool
	}{
		{scenarios.Filter{}, true},
		{scenarios.Filter{Family: scenarios.Time, Cause: finding.Expired, Endpoint: account.IMAPS}, true},
		{scenarios.Filter{Family: scenarios.Trust}, false}, {scenarios.Filter{Cause: finding.NameMismatch}, false}, {scenarios.Filter{Endpoint: account.Web}, false},
	} {
		if got := c.f.Lets(s); got != c.want {
			t.Errorf("%+v: %v", c.f, got)
		}
	}
}

func TestShard(t *testing.T) {
	all := scenarios.All()
	seen := map[string]int{}
	for i := 1; i <= 4; i++ {
		part := scenarios.Shard(all, i, 4)
		if n := len(part); n < len(all)/4 || n > len(all)/4+1 {
			t.Errorf("part %d of 4 has %d of %d", i, n, len(all))
		}
		for _, s := range part {
			seen[s.ID]++
		}
	}
	for _, s := range all {
		if seen[s.ID] != 1 {
			t.Errorf("%s is in %d parts", s.ID, seen[s.ID])
		}
	}
	if got := scenarios.Shard(all[:1], 2, 4); len(got) != 0 {
		t.Errorf("the second part of one: %v", got)
	}
}

func TestCombine(t *testing.T) {
	one := func(id string) scenarios.Scenario {
		s, ok := scenarios.Lookup(id)
		if !ok {
			t.Fatalf("there is no %s", id)
		}
		return s
	}
	s, err := scenarios.Combine(one("expired-leaf"), one("wrong-host-single"))
	if err != nil || s.ID != "expired-leaf+wrong-host-single" || s.Number != 0 || len(s.Services) != 1 || len(s.Services[0].On) != 0 || len(s.Services[0].Chain) != 2 ||
		fmt.Sprint(s.Expect) != "[{[] [expired name-mismatch]}]" {
		t.Errorf("%+v, %v", s, err)
	}
	if err := s.CheckFile(); err == nil || !strings.Contains(err.Error(), "id: ") {
		t.Errorf("only its id is none for a file: %v", err)
	}
	// A third one, which runs on some endpoints only and is about the wire: what is found then takes a look.
	s, err = scenarios.Combine(s, one("starttls-not-offered"))
	if err != nil || s.Expects() || !slices.Equal(s.On(), []account.Endpoint{account.IMAPStartTLS, account.POP3StartTLS, account.SubmissionStart}) {
		t.Errorf("%+v, %v", s, err)
	}
	// All machines behind a name have the other fault too.
	s, err = scenarios.Combine(one("one-of-two-backends-expired"), one("rsa-1024-leaf"))
	if err != nil || len(s.Service(account.IMAPS).Backends) != 1 || s.Service(account.IMAPS).Backends[0][len(s.Service(account.IMAPS).Backends[0])-1].Kind != "small-rsa" {
		t.Errorf("%+v, %v", s.Services, err)
	}
	for _, c := range []struct{ a, b, want string }{
		{"expired-leaf", "expired-leaf", "expired-leaf+expired-leaf cannot be one server: on imaps fault expired: it would undo the fault expired before it"},
		{"ok-ip-san", "idn-ulabel-san", "both say something of host"},
		{"client-clock-behind", "client-clock-ahead", "both say something of device.clock"},
		{"connection-refused", "starttls-not-offered", ""},
		{"hang-after-accept", "reset-before-greeting", "both say something of wire.accept"},
		{"starttls-not-offered", "autodiscover-host-mismatch", "there is no endpoint that both run on"},
	} {
		_, err := scenarios.Combine(one(c.a), one(c.b))
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, new(*scenarios.CombineError)) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s and %s: %v, want %q", c.a, c.b, err, c.want)
		}
	}
}

func TestHosts(t *testing.T) {
	all, err := scenarios.Decode([]byte(`{"host": "imap.shop.example", "services": [{"chain": [{"kind": "names", "names": ["*.other.example", "mail.lab.test", "127.0.0.1", "192.0.2.7", "IMAP.shop.example"]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(all[0].Hosts()); got != "[imap.shop.example other.example 192.0.2.7 IMAP.shop.example]" {
		t.Error(got)
	}
	for _, s := range scenarios.All() {
		if len(s.Hosts()) > 0 {
			t.Errorf("%s needs a root for %v", s.ID, s.Hosts())
		}
	}
}
