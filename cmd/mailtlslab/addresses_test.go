package main

import (
	"crypto/tls"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// TestAddresses: every scenario on an address of its own, all with the standard ports or all with
// those behind the offset.
func TestAddresses(t *testing.T) {
	if runtime.GOOS != "linux" {
		if r := invoke(t, "up", "--addresses", "ok-full-chain"); r.code != exitUsage || !strings.Contains(r.errors, "--addresses needs Linux") {
			t.Errorf("%+v", r)
		}
		t.Skip("only Linux has all of 127.0.0.0/8")
	}
	l := serveLab(t, "--addresses", "ok-full-chain", "expired-leaf", "connection-refused")
	ports := map[string]string{}
	for i, want := range []string{"127.77.0.1", "127.77.0.31", "127.77.0.81"} {
		for _, e := range l.Scenarios[i].Endpoints {
			host, port, err := net.SplitHostPort(e.Address)
			if err != nil || host != want {
				t.Errorf("%s is at %s, want %s", l.Scenarios[i].ID, e.Address, want)
			}
			if before, ok := ports[string(e.Name)]; ok && before != port {
				t.Errorf("%s has the ports %s and %s", e.Name, before, port)
			}
			ports[string(e.Name)] = port
		}
	}
	if p := ports[string(account.IMAPS)]; p != "993" && p != "10993" {
		t.Errorf("imaps has port %s", p)
	}
	healthy, err := tls.Dial("tcp", l.at(t, "ok-full-chain", "imaps"), &tls.Config{ServerName: "127.77.0.1", RootCAs: rootsIn(t, l.Root)})
	if err != nil {
		t.Errorf("a client that connects by the address is refused: %v", err)
	} else {
		healthy.Close()
	}
	conn, err := tls.Dial("tcp", l.at(t, "expired-leaf", "imaps"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	refused(t, l.at(t, "connection-refused", "imaps"))
	if r := l.stop(); r.code != exitOK || r.errors != "" {
		t.Errorf("ended with %+v", r)
	}
}

func TestOwnAddress(t *testing.T) {
	for number, want := range map[int]string{1: "127.77.0.1", 255: "127.77.0.255", 256: "127.77.1.0", 3000: "127.77.11.184"} {
		if got := ownAddress(number); got != want {
			t.Errorf("scenario %d is at %s, want %s", number, got, want)
		}
	}
}
