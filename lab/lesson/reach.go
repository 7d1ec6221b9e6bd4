package lesson

import (
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// Reach says how a program that is not told so on its command line reaches the account's server, of
// which the presented certificates, DER, may name more than the account does.
func Reach(s scenarios.Scenario, at Place, presented [][]byte) string {
	place, _, _ := net.SplitHostPort(at.Address)
	host := s.AccountHost()
	if host == place || net.ParseIP(host) != nil {
		return fmt.Sprintf("The account's server is %s.", host)
	}
	said := fmt.Sprintf("The account's server is %s, which the lines below lead to %s.", host, place)
	if s.DNS != (scenarios.DNS{}) {
		return said
	}
	way := fmt.Sprintf("the line %q in its hosts file", place+" "+host)
	if net.ParseIP(place) == nil {
		way = fmt.Sprintf("the address of %s for %s in its hosts file", place, host)
	}
	other := "'up --dns'"
	if at.DNS != "" {
		other = "the name server at " + at.DNS
	}
	if named := alsoNamed(presented, place); named != "" {
		return fmt.Sprintf("%s Another program needs %s, %s or %s as the server, which is in the certificate too.", said, way, other, named)
	}
	return fmt.Sprintf("%s Another program needs %s or %s.", said, way, other)
}

// alsoNamed returns what can be entered as the server as well: of localhost and the place the first
// that the certificate names.
func alsoNamed(presented [][]byte, place string) string {
	if len(presented) == 0 {
		return ""
	}
	leaf, err := x509.ParseCertificate(presented[0])
	if err != nil {
		return "" // a fault of its own
	}
	names := []string{place}
	if ip := net.ParseIP(place); ip != nil && ip.IsLoopback() {
		names = []string{"localhost", place}
	}
	for _, n := range names {
		if leaf.VerifyHostname(n) == nil {
			return n
		}
	}
	return ""
}

// Whole returns the line that has the whole account diagnosed, by somebody who knows no more than
// the CAs in a file, or one connection of it where the rest is no part of the scenario; empty where
// the fault is on the device or in DNS, which has lines of its own. A device's clock is in the line.
func Whole(s scenarios.Scenario, known string, now time.Time, address func(account.Endpoint) string) string {
	set := s
	set.Device.Clock = 0
	if len(Settings(set, time.Time{})) > 0 {
		return ""
	}
	host := s.AccountHost()
	words := []string{"mailtlslab diagnose --ca", Quoted(known)}
	if s.Device.Clock != 0 {
		words = append(words, "--time", now.AddDate(0, 0, s.Device.Clock).UTC().Format(time.RFC3339))
	}
	on, target := s.On(), host
	if len(on) < len(account.Endpoints()) {
		target = account.For(on[0], host).Target()
	} else {
		on = account.Endpoints()
	}
	for _, e := range on {
		words = append(words, "--resolve", Quoted(account.For(e, host).Target()+":"+address(e)))
	}
	return strings.Join(append(words, Quoted(target)), " ")
}
