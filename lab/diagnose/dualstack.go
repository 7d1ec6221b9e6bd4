package diagnose

import (
	"fmt"
	"maps"
	"net/netip"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// addressFamilies compares IPv4 and IPv6 where the name has addresses of both: a device takes
// either, so both have to lead to the same service. The one that was not connected to gets a look of
// its own, and what then is bad one more: two looks that end alike are no hiccup.
func addressFamilies(c *connection) []finding.Finding {
	used, ok := family(c.Address)
	if !ok || len(c.Resolved) < 2 || c.Stage == probe.Resolving || c.Stage == probe.Connecting {
		return nil
	}
	other, failed := c.otherFamily(used)
	if other == "" {
		return nil
	}
	set := c.Settings
	set.Addresses = maps.Clone(set.Addresses)
	if set.Addresses == nil {
		set.Addresses = map[string]string{}
	}
	set.Addresses[set.Target()] = other
	o := c.look(set)
	if o == nil {
		return nil
	}
	mine, there := c.trouble(c.Observation), c.trouble(*o)
	switch {
	case o.Outcome == probe.Unreachable || mine != "" && there != "":
		return nil // no route from here says nothing of the server; both bad is another matter
	case mine != "":
		if again := c.again(probe.LookAgain); again == nil || c.trouble(*again) == "" {
			return nil
		}
		return different(c, c.Address, mine, c.Error)
	case there != "" && failed == nil:
		f := c.ask(probe.Ask{Kind: probe.LookAgain, Settings: set})
		switch {
		case f == nil || f.Observation == nil || f.Observation.Outcome == probe.LocalFault:
			return nil
		case c.trouble(*f.Observation) == "":
			return []finding.Finding{c.passing(fmt.Sprintf("1 of 2 connections to %s failed: %s", other, there), causeOf(o), f.Observation)}
		}
		return different(c, other, there, o.Error)
	case there != "":
		return different(c, other, "it is "+string(failed.Outcome), failed.Error)
	case failed != nil:
		return []finding.Finding{c.passing(fmt.Sprintf("1 of 2 connections to %s failed: %s", other, failed.Outcome), finding.PortClosed, o)}
	}
	return nil
}

// otherFamily returns an address of the family that was not connected to, and how it went if it was
// tried; "" where there is none, or where it was tried in vain for a reason of this machine's.
func (c *connection) otherFamily(used finding.IPFamily) (string, *probe.Attempt) {
	for i, a := range c.Attempts {
		if fam, ok := family(a.Address); ok && fam != used && unanswered(a.Outcome) {
			return a.Address, &c.Attempts[i]
		}
	}
	for _, a := range c.Resolved {
		if fam, ok := family(a); ok && fam != used {
			if tried(c, a) {
				return "", nil
			}
			return a, nil
		}
	}
	return "", nil
}

// unanswered reports whether the server, or what stands before it, did not take a connection.
// That this network has no way there says nothing of the server.
func unanswered(o probe.Outcome) bool {
	return o == probe.Refused || o == probe.TimedOut || o == probe.WasReset
}

func tried(c *connection, address string) bool {
	for _, a := range c.Attempts {
		if a.Address == address {
			return true
		}
	}
	return false
}

// trouble says in a few words why a connection is not in order, "" when it is.
func (s *session) trouble(o probe.Observation) string {
	if found, ok := s.certified(o); ok && len(found) > 0 {
		return "its certificate is refused: " + found[0].Summary
	}
	if o.Outcome != probe.Fine {
		return fmt.Sprintf("the connection ends while %s: %s", o.Stage, o.Outcome)
	}
	return ""
}

// different tells of the address that is not like the one of the other family.
func different(c *connection, bad, why, library string) []finding.Finding {
	fam, _ := family(bad)
	fs := blocked(finding.AddressFamilyDifference, fmt.Sprintf("%s is in order over %s and not over %s", c.target(), fam.Other().Words(), fam.Words()),
		finding.EditAddress, fmt.Sprintf("without the address %s in DNS every device would take one that works", bad),
		fmt.Sprintf("%s resolves to %s", c.Settings.Host, strings.Join(c.Resolved, ", ")), fmt.Sprintf("%s: %s", bad, why), library)
	fs[0].Facts.Host, fs[0].Facts.Address, fs[0].Facts.IPFamily = c.Settings.Host, bad, fam
	return fs
}

// family returns the family of an address with a port.
func family(address string) (finding.IPFamily, bool) {
	a, err := netip.ParseAddrPort(address)
	switch {
	case err != nil:
		return "", false
	case a.Addr().Unmap().Is4():
		return finding.IPv4, true
	}
	return finding.IPv6, true
}
