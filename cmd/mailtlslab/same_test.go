package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// TestUpThenDiagnoseSaysWhatVerifySays: a user who has what "up" exports, and no more, is told of
// each scenario and each of its endpoints what verify finds. A fault on the device, or in the DNS that
// it asks, is set there by the flags that up prints; where there is no flag for it, unlike says why,
// and what the user is told in its place.
func TestUpThenDiagnoseSaysWhatVerifySays(t *testing.T) {
	l, err := lab.New(lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var servers []*lab.Server
	for _, s := range scenarios.All() {
		if lab.Unavailable(s) != "" {
			t.Logf("%s: %s", s.ID, lab.Unavailable(s))
			continue
		}
		server, err := l.Serve(s)
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, server)
	}
	ca := filepath.Join(t.TempDir(), "lab.pem")
	if err := os.WriteFile(ca, append(l.RootPEM(), l.IntermediatePEM()...), 0o600); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	slots := make(chan struct{}, 4)
	for _, server := range servers {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			user{l, ca, server}.compare(t)
		})
	}
	wait.Wait()
	for id := range unlike {
		if _, ok := scenarios.Lookup(id); !ok {
			t.Errorf("%s is no scenario", id)
		}
	}
}

// unlike are the scenarios of which a user of diagnose is told something else than verify finds: why,
// and what: on some endpoints, or on all.
var unlike = map[string]struct {
	why string
	on  map[account.Endpoint]finding.Code
	all []finding.Code
}{
	"root-absent-in-old-store":     {why: "which root the device lacks, no flag says"},
	"sni-absent-default-cert":      {why: "diagnose sends the server name, as every mail program of today does"},
	"bad-password-control":         {why: "diagnose never logs in"},
	"corporate-proxy-trusted":      {why: "without the proxy's root, which up does not export, the proxy is not trusted", all: []finding.Code{finding.Interception}},
	"cert-changed-after-exception": {why: "what was once trusted by hand, no flag says", all: []finding.Code{finding.SelfSigned}},
	"resumption-hides-fault":       {why: "diagnose keeps no session, so that nothing is hidden", all: []finding.Code{finding.Expired}},
	"wrong-outgoing-host": {why: "diagnose looks at one host, and that the account has another one only its owner knows",
		on: map[account.Endpoint]finding.Code{account.Submissions: finding.NameMismatch, account.SubmissionStart: finding.NameMismatch}},
	"slow-greeting": {why: "it takes its twelve seconds several times over: the rule about time has tests of its own"},
}

// A user has what up exports, and one scenario.
type user struct {
	*lab.Lab
	ca     string
	server *lab.Server
}

func (u user) compare(t *testing.T) {
	s := u.server.Scenario
	other, is := unlike[s.ID]
	if s.ID == "slow-greeting" {
		return
	}
	var whole map[account.Endpoint][]finding.Code
	if plain(u.server) && s.DNS == (scenarios.DNS{}) && s.Family != scenarios.Published || is {
		whole = u.told(t, "", u.server.Host())
	}
	for _, e := range s.On() {
		want := slices.Sorted(slices.Values(s.Expected(e)))
		if is {
			if want = other.all; other.on[e] != "" {
				want = []finding.Code{other.on[e]}
			}
		}
		got := whole[e]
		if !slices.Equal(got, want) { // whoever asks for one port wants it to be there
			got = u.told(t, e, u.target(e), u.flags(e)...)[e]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s on %s: a user is told %v, and it should be %v", s.ID, e, got, want)
		}
	}
}

// target is what to have diagnosed for one endpoint.
func (u user) target(e account.Endpoint) string {
	set := u.server.Device(e).Settings
	switch {
	case u.server.Scenario.ID == "ipv6-broken-v4-ok": // both of its addresses have the port of up
		_, port, _ := net.SplitHostPort(u.server.Addr(e))
		return net.JoinHostPort(set.Host, port)
	case u.server.Device(e).Published:
		return "anna@" + u.server.Domain()
	}
	return net.JoinHostPort(set.Host, strconv.Itoa(set.Port))
}

// flags say of the device and of DNS what up says is to be set there.
func (u user) flags(e account.Endpoint) []string {
	s, d := u.server.Scenario, u.server.Device(e)
	var out []string
	if !d.Settings.Clock.IsZero() {
		out = append(out, "--time", d.Settings.Clock.Format(time.RFC3339))
	}
	if s.DNS != (scenarios.DNS{}) || d.Published {
		out = append(out, "--dns", u.DNS())
	}
	if d.Settings.Mode != e.Mode() {
		as, _ := account.EndpointOf(e.Protocol(), d.Settings.Mode)
		out = append(out, "--as", string(as))
	}
	if s.ID == "ipv6-broken-v4-ok" {
		out = append(out, "--as", string(e))
	}
	return out
}

// told has a host or one of its ports diagnosed, and returns what was found on each. What is said of
// the one place that was asked for is said of e.
func (u user) told(t *testing.T, e account.Endpoint, target string, flags ...string) map[account.Endpoint][]finding.Code {
	args := append([]string{"diagnose", "--json", "--ca", u.ca}, flags...)
	if u.server.Scenario.Waits() { // it is not the time that is asked about
		args = append(args, "--timeout", "2s")
	}
	host := u.server.Host()
	if e != "" {
		host = u.server.Device(e).Settings.Host
	}
	if !slices.Contains(flags, "--dns") {
		for _, x := range account.Endpoints() {
			args = append(args, "--resolve", net.JoinHostPort(host, strconv.Itoa(x.Port()))+":"+u.server.Addr(x))
		}
	}
	r := invoke(t, append(args, target)...)
	var a checkup.Answer
	if err := json.Unmarshal([]byte(r.out), &a); err != nil {
		t.Errorf("%s: %v, %s", u.server.Scenario.ID, err, r.errors)
		return nil
	}
	out := map[account.Endpoint][]finding.Code{}
	for _, p := range a.Places {
		at := p.Endpoint
		if e != "" && len(a.Places) == 1 {
			at = e
		}
		out[at] = slices.Sorted(slices.Values(finding.Codes(p.Findings)))
	}
	return out
}

// plain reports whether the device is one that anybody has, with the account's own settings.
func plain(server *lab.Server) bool {
	for _, e := range server.Scenario.On() {
		set, ordinary := server.Device(e).Settings, account.For(e, server.Host())
		set.Addresses = nil
		if !reflect.DeepEqual(set, ordinary) || server.Device(e).Credentials.Password != lab.Password {
			return false
		}
	}
	return true
}
