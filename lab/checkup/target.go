package checkup

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/discover"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// A Target is one server to look at.
type Target struct {
	Host string
	Port int              // 0: the seven standard ports
	As   account.Endpoint // what the port is; empty finds out
	// Addresses says where to dial instead of asking DNS, as in account.Settings.
	Addresses map[string]string
	Clock     time.Time // what the device believes the time to be; zero: now
}

// settings returns the connections to look at: one, or the seven of a host. Where nothing says
// what a port speaks, it is asked; unclear tells why it did not say, and imaps is taken then, so
// that there is a diagnosis of whatever is there.
func (t Target) settings(ctx context.Context, p *probe.Prober) (all []account.Settings, unclear error) {
	endpoints := account.Endpoints()
	switch e, ok := account.EndpointOnPort(t.Port); {
	case t.As != "":
		endpoints = []account.Endpoint{t.As}
	case t.Port == account.RelayPort:
		endpoints = []account.Endpoint{account.SubmissionStart}
	case ok:
		endpoints = []account.Endpoint{e}
	case t.Port != 0:
		if e, unclear = p.FindOut(ctx, t.Host, t.Port, t.Addresses); unclear != nil {
			e = account.IMAPS
		}
		endpoints = []account.Endpoint{e}
	}
	for _, e := range endpoints {
		s := account.For(e, t.Host)
		if t.Port != 0 {
			s.Port = t.Port
		}
		s.Addresses, s.Clock = t.Addresses, t.Clock
		all = append(all, s)
	}
	return all, unclear
}

// published asks what the domain publishes, and returns the connections that follow from it: those
// of its servers, and those to the web servers that gave a document, because a mail program takes
// it only if their certificate is in order.
func (x *examination) published() []account.Settings {
	d := x.evidence.Domain
	x.answer.About = d.Name
	x.say("asking what " + d.Name + " publishes …")
	finder := x.Finder
	if finder == nil {
		finder = &discover.Finder{}
	}
	sources := finder.Find(x.ctx, d.Name)
	x.answer.Published = sources
	x.prober = x.Prober.Published(discover.Publisher(sources))
	for _, s := range sources {
		if s.Refused {
			x.answer.Refused = append(x.answer.Refused, s.Place+" was not followed: "+finding.Clip(s.Error))
		}
	}
	all := discover.Settings(sources)
	if len(all) == 0 {
		x.nothingPublished(d.Name, sources)
		return nil
	}
	for _, s := range sources {
		if s.Unanswered && !strings.HasPrefix(s.Place, "https://") { // a mail program would have asked for it
			x.open = append(x.open, s.Place+": DNS gave no answer ("+finding.Clip(s.Error)+")")
		}
	}
	all = append(all, webServers(sources)...)
	for i := range all {
		all[i].Addresses, all[i].Clock = d.Addresses, d.Clock
	}
	x.say("looking at the servers of " + d.Name + " …")
	return all
}

func webServers(sources []discover.Source) []account.Settings {
	var out []account.Settings
	for _, s := range sources {
		rest, ok := strings.CutPrefix(s.Place, "https://")
		if !ok || len(s.Settings) == 0 {
			continue
		}
		host, _, _ := strings.Cut(rest, "/")
		out = append(out, account.For(account.Web, host))
	}
	return out
}

// nothingPublished says where a mail program would have looked in vain, or that nobody could tell:
// a resolver that does not answer has not said that there is nothing.
func (x *examination) nothingPublished(domain string, sources []discover.Source) {
	if i := slices.IndexFunc(sources, func(s discover.Source) bool { return s.Unanswered }); i >= 0 {
		x.answer.NotJudged = append(x.answer.NotJudged, "what "+domain+" publishes: DNS gave no answer ("+finding.Clip(sources[i].Error)+")")
		return
	}
	if slices.ContainsFunc(sources, func(s discover.Source) bool { return s.Refused }) {
		x.answer.NotJudged = append(x.answer.NotJudged, "what "+domain+" publishes: a page of it leads where it was not followed")
		return
	}
	var why []string
	for _, s := range sources {
		if strings.HasPrefix(s.Place, "https://") {
			why = append(why, s.Place+": "+finding.Clip(s.Error))
		}
	}
	x.answer.Problems = append(x.answer.Problems, domain+" publishes no settings for mail programs: there are no SRV records, and "+
		strings.Join(why, "; ")+"; the server can be looked at by its own name instead")
}

// DomainOf returns the domain of a mail address: what stands behind its @, and false when it is none. What stands before
// is of no use here and goes nowhere.
func DomainOf(address string) (domain string, ok bool) {
	at := strings.LastIndexByte(address, '@')
	return address[at+1:], at >= 0 && !strings.Contains(address, "/")
}

// CheckDomain refuses what is no domain of a mail address.
func CheckDomain(domain string) error {
	if net.ParseIP(domain) != nil || strings.ContainsAny(domain, ":[]") {
		return errors.New("an address or a port is no domain of a mail address")
	}
	return account.CheckHost(strings.TrimSuffix(domain, "."))
}
