package remedy

import (
	"net"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/chain"
)

// offerable leaves of actions what somebody may be told to do: the names in a certificate are chosen
// by whoever made it. Only the account's own name, and names of the same domain, are proposed; no
// port that there is none of, and no connection without encryption. An action of which nothing is
// left goes. own are the names that the account has besides.
func offerable(all []action.Action, s account.Settings, own ...string) []action.Action {
	var out []action.Action
	for _, a := range all {
		if a, ok := proper(a, s, own); ok && !relayed(a, s) {
			out = append(out, a)
		}
	}
	return out
}

func proper(a action.Action, s account.Settings, own []string) (action.Action, bool) {
	ours := func(n string) bool { return mine(n, s.Host) || slices.Contains(own, n) && dotted(n) }
	switch a.Kind {
	case action.UseHost:
		// An address is of no domain: whose it is, the certificate alone tells.
		return a, usable(a.Host) && (ours(a.Host) || net.ParseIP(s.Host) != nil) && !strings.EqualFold(a.Host, s.Host)
	case action.ServeName, action.FixName:
		return a, mine(a.Host, s.Host)
	case action.UseServer:
		return a, a.Port > 0 && a.Port < 1<<16 && (a.Mode == account.ImplicitTLS || a.Mode == account.StartTLS)
	case action.SharePair:
		return a, a.Port > 0 && a.Port < 1<<16 && a.Port != s.Port
	case action.ReissueForNames, action.CoverName:
		a.Names = slices.DeleteFunc(slices.Clone(a.Names), func(n string) bool { return !ours(n) })
		return a, len(a.Names) > 0
	case action.InstallReal:
		a.Names = slices.DeleteFunc(slices.Clone(a.Names), func(n string) bool { return !ours(n) })
		if len(a.Names) == 0 { // for whom is not known
			return action.Action{Kind: action.ReissueTrusted}, true
		}
		return a, true
	}
	return a, true
}

// relayed reports whether an action is for the person with a device where there is none: between
// servers, on port 25, nobody has an account.
func relayed(a action.Action, s account.Settings) bool {
	return s.Relayed() && a.Party() == action.User
}

// usable reports whether a certificate's name can be an account's server name.
func usable(name string) bool {
	return dotted(name) && !strings.HasPrefix(name, "*.") && net.ParseIP(name) == nil && !chain.Placeholder(name)
}

// mine reports whether name is host, or a name of the same domain, so that whoever runs host can
// have a certificate for it. What a product ships is nobody's, unless the account has that very name.
func mine(name, host string) bool {
	if !dotted(name) {
		return false
	}
	if strings.EqualFold(name, host) {
		return true
	}
	return net.ParseIP(name) == nil && net.ParseIP(host) == nil && dotted(host) && !chain.Placeholder(name) && strings.EqualFold(domain(name), domain(host))
}

// dotted reports whether a name can be one in public DNS, or of a wildcard there, or is an address.
func dotted(name string) bool {
	if net.ParseIP(name) != nil {
		return true
	}
	plain := strings.TrimSuffix(strings.TrimPrefix(name, "*."), ".")
	return account.CheckHost(plain) == nil && strings.Contains(plain, ".") && !strings.HasPrefix(plain, ".") && !strings.HasPrefix(plain, "-") && !strings.Contains(plain, "..")
}

// domain returns what of a name somebody registered: its last two labels, or three below the likes of
// co.uk. Where it guesses wrong, one suggestion less is made.
func domain(name string) string {
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(name), "."), ".")
	n := 2
	if len(labels) >= 2 && len(labels[len(labels)-1]) == 2 && slices.Contains(registries(), labels[len(labels)-2]) {
		n = 3
	}
	return strings.Join(labels[max(0, len(labels)-n):], ".")
}

// registries are second labels under which the registries of countries let others register, such as
// the co of co.uk: publicsuffix.org has thousands of them, and these are most of those with mail.
func registries() []string {
	return []string{"ac", "ad", "asn", "co", "com", "ed", "edu", "firm", "gen", "go", "gob", "gov", "gr", "gub", "gv", "id", "info", "k12", "lg", "ltd",
		"me", "mil", "ne", "net", "nhs", "nom", "or", "org", "plc", "priv", "res", "sch", "school", "web"}
}
