package remedy

import (
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// Advise returns what is to be done about a finding for which the diagnosis chose these actions:
// the sentences and the steps that go with them, filled with the facts, the steps for the server
// first where it is known ("" where not). False when the code is not of the vocabulary.
//
// Advice about one finding never contradicts itself: "set the server name" and "change nothing on
// the device" go with different actions.
func (b *Book) Advise(f finding.Finding, chosen []action.Action, server Server) (Advice, bool) {
	a, ok := b.For(f.Code)
	if !ok {
		return Advice{}, false
	}
	hidden := func(s Steps) bool { return !s.shown(chosen) }
	a.User, a.Admin = slices.DeleteFunc(a.User, hidden), slices.DeleteFunc(a.Admin, hidden)
	a.Admin = productFirst(a.Admin, server)
	a.Short = a.forms.pick(chosen)
	return a.fill(f.Facts, chosen), true
}

// A Server is the program that runs the service, as far as a log or a greeting tells.
type Server string

// The servers that there are steps for.
const (
	ServerPostfix  Server = "postfix"
	ServerDovecot  Server = "dovecot"
	ServerExim     Server = "exim"
	ServerNginx    Server = "nginx"
	ServerApache   Server = "apache"
	ServerExchange Server = "exchange"
)

// Servers returns every server.
func Servers() []Server {
	return []Server{ServerPostfix, ServerDovecot, ServerExim, ServerNginx, ServerApache, ServerExchange}
}

// ServerIn returns the server that a greeting or a product's name speaks of, and "" where it names
// none or more than one. A host name proves nothing: dovecot.example.com may run anything.
func ServerIn(words string) Server {
	words = strings.ToLower(words)
	var named []Server
	for _, w := range strings.FieldsFunc(words, func(r rune) bool { return strings.ContainsRune(" \t\r\n()[]/,;:", r) }) {
		if s := Server(strings.TrimRight(w, ".!")); slices.Contains(Servers(), s) && !slices.Contains(named, s) {
			named = append(named, s)
		}
	}
	if strings.Contains(words, "microsoft esmtp mail service") {
		named = append(named, ServerExchange)
	}
	if len(named) != 1 {
		return ""
	}
	return named[0]
}

// isFor reports whether steps are for a server, by the words that say for whom they are.
func (s Steps) isFor(server Server) bool {
	return slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(s.For), func(r rune) bool { return r == ' ' || r == ',' }),
		func(w string) bool { return w == string(server) })
}

// productFirst puts the steps for one server before all others, and those for other servers last.
func productFirst(all []Steps, server Server) []Steps {
	if server == "" {
		return all
	}
	rank := func(s Steps) int {
		switch {
		case s.isFor(server):
			return 0
		case slices.ContainsFunc(Servers(), s.isFor):
			return 2
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b Steps) int { return rank(a) - rank(b) })
	return all
}
