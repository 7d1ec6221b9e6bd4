package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// TestUpThenDiagnoseSaysWhatVerifySays: a user who has what "up" exports, and no more, is told of
// each scenario what verify finds. A fault on the device, or in the DNS that it asks, has to be set
// there first; what a domain publishes is asked for by its name; and a server that lets everybody
// wait is for the tests of the rules about time.
func TestUpThenDiagnoseSaysWhatVerifySays(t *testing.T) {
	l, err := lab.New(lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var servers []*lab.Server
	for _, s := range scenarios.All() {
		if lab.Unavailable(s) != "" || s.Waits() || s.DNS != (scenarios.DNS{}) || s.Family == scenarios.Published {
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
	tried := 0
	for _, server := range servers {
		if !plain(server) {
			continue
		}
		tried++
		whole := diagnosedCodes(t, ca, server, server.Host())
		for _, e := range server.Scenario.On() {
			want := slices.Sorted(slices.Values(server.Scenario.Expected(e)))
			got := whole[e]
			if !slices.Equal(got, want) { // whoever asks for one port wants it to be there
				got = diagnosedCodes(t, ca, server, net.JoinHostPort(server.Host(), strconv.Itoa(e.Port())))[e]
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s on %s: a user is told %v, and verify finds %v", server.Scenario.ID, e, got, want)
			}
		}
	}
	if tried < 75 {
		t.Errorf("only %d scenarios have nothing on the device", tried)
	}
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

// diagnosedCodes has a host or one of its ports diagnosed, and returns what was found on each.
func diagnosedCodes(t *testing.T, ca string, server *lab.Server, target string) map[account.Endpoint][]finding.Code {
	t.Helper()
	args := []string{"diagnose", "--json", "--ca", ca}
	for _, e := range account.Endpoints() {
		args = append(args, "--resolve", net.JoinHostPort(server.Host(), strconv.Itoa(e.Port()))+":"+server.Addr(e))
	}
	r := invoke(t, append(args, target)...)
	var a checkup.Answer
	if err := json.Unmarshal([]byte(r.out), &a); err != nil {
		t.Fatalf("%s: %v, %s", server.Scenario.ID, err, r.errors)
	}
	out := map[account.Endpoint][]finding.Code{}
	for _, p := range a.Places {
		out[p.Endpoint] = slices.Sorted(slices.Values(finding.Codes(p.Findings)))
	}
	return out
}
