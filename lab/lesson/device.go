package lesson

import (
	"fmt"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// Settings says what is to be set on the device, or in DNS, for a scenario whose fault is not on the
// server, a sentence each; none when the server has all of it. The lines to try have it set.
func Settings(s scenarios.Scenario, now time.Time) []string {
	var out []string
	set := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	d := s.Device
	if d.Clock != 0 {
		set("On the device, set the clock to %s.", now.AddDate(0, 0, d.Clock).Format("2 January 2006"))
	}
	if d.Password != "" {
		set("On the device, enter the password %s.", d.Password)
	}
	if d.NoSNI {
		set("On the device, use a mail program that sends no server name (SNI).")
	}
	if d.LacksRoot {
		set("On the device, do not install the lab's root.")
	}
	if d.TrustsProxy {
		set("On the device, install the proxy's root as well.")
	}
	if d.MaxVersion != 0 {
		set("On the device, allow no TLS newer than %s.", strings.TrimPrefix(strings.ReplaceAll(versionFlag(d.MaxVersion), "_", "."), "-tls"))
	}
	if d.Mode != "" {
		set("On the device, choose %s as encryption.", map[account.Mode]string{account.ImplicitTLS: "SSL/TLS", account.StartTLS: "STARTTLS", account.Plaintext: "none"}[d.Mode])
	}
	if d.OutgoingHost != "" {
		set("On the device, enter %s as the server for sending.", d.OutgoingHost)
	}
	if d.OldException {
		set("On the device, trust the certificate by hand, and start this lab again: it comes back with another one.")
	}
	if d.OldSession {
		set("Nothing can be set on the device: only a program that was connected before the certificate ran out has such a session. The lines show the certificate that it hides.")
	}
	if d.Published {
		set("On the device, have the account found by its mail address, with the lab as the name server ('up --dns').")
	}
	if s.DNS.Missing {
		set("In DNS, or in the hosts file, leave %s out.", s.AccountHost())
	}
	if s.DNS.IPv6 {
		set("In DNS, or in the hosts file, give %s the address ::1 too.", s.AccountHost())
	}
	return out
}
