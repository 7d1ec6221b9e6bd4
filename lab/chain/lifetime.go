package chain

import (
	"fmt"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A lifetimeLimit is how long a certificate may be valid that was issued at or after a date.
type lifetimeLimit struct {
	from     time.Time
	days     int
	severity finding.Severity
	source   string
}

// publicLimits bind chains to roots that devices come with. Those of 398 and 825 days are
// checked by devices; the later ones bind the CAs, and no client was found yet that checks them.
func publicLimits() []lifetimeLimit {
	const sc081 = "CA/Browser Forum ballot SC-081v3: https://cabforum.org/2025/04/11/ballot-sc081v3-introduce-schedule-of-reducing-validity-and-data-reuse-periods/"
	return []lifetimeLimit{
		{date(2029, 3, 15), 47, finding.Warning, sc081},
		{date(2027, 3, 15), 100, finding.Warning, sc081},
		{date(2026, 3, 15), 200, finding.Warning, sc081},
		{date(2020, 9, 1), 398, finding.Error, "Apple, since September 2020: https://support.apple.com/en-us/102028"},
		{date(2018, 3, 1), 825, finding.Error, "Apple, iOS 13 and macOS 10.15 requirements: https://support.apple.com/en-za/103769"},
	}
}

// privateLimits bind all others, but a certificate that is itself trusted by hand.
func privateLimits() []lifetimeLimit {
	return []lifetimeLimit{{date(2019, 7, 1), 825, finding.Error, "Apple, iOS 13 and macOS 10.15 requirements: https://support.apple.com/en-za/103769"}}
}

func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// slip is what Apple's code forgives at 825 days (SecPolicyServer.c), and more than the one
// second by which RFC 5280 counts a window longer than its difference.
const slip = time.Hour

// lifetime judges how long the leaf is valid altogether. Which rule holds depends on the kind of
// root; of an unknown one at least the mildest is true.
func lifetime(ev *evidence) []fault {
	leaf := ev.path.leaf()
	if len(ev.path.certs) == 1 && ev.path.end != Dangling {
		return nil // trusted by hand, or not at all
	}
	kind, limits := finding.DetailPrivate, privateLimits()
	if ev.path.end == Trusted && ev.know.preinstalled[string(ev.path.top().Raw)] {
		kind, limits = finding.DetailPublic, publicLimits()
	}
	for _, l := range limits {
		if leaf.NotBefore.Before(l.from) {
			continue
		}
		whole := leaf.NotAfter.Sub(leaf.NotBefore)
		if whole <= time.Duration(l.days)*24*time.Hour+slip {
			return nil
		}
		f := finding.New(finding.LifetimeTooLong, fmt.Sprintf("the certificate for %s is valid for %d days, and at most %d are accepted", Name(leaf), int(whole.Hours()/24), l.days))
		f.Severity = l.severity
		f.Evidence = []string{fmt.Sprintf("it was issued on %s under a %s root, where this holds: %s", finding.Day(leaf.NotBefore), kind, l.source)}
		f.Facts.About, f.Facts.Subject, f.Facts.At, f.Facts.Detail = ev.about(leaf), Name(leaf), leaf.NotAfter, kind
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditWindow, Text: fmt.Sprintf("valid for %d days it would be accepted", l.days)}
		return []fault{{Finding: f}}
	}
	return nil
}
