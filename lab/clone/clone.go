// Package clone makes a scenario of what was seen of somebody's server, or of a chain: one that serves
// the like, with keys of the lab's own, in which the same is found. It looks at nothing and makes no
// key: what it returns is a value, to be saved, changed and served.
//
// What a scenario cannot have it says in Case.NotCloned, a sentence each; nothing is left out in
// silence. What was seen comes from strangers: it is bounded, and taken for data alone.
package clone

import (
	"fmt"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// Options of a clone. The zero value counts dates from the start of the lab, so that what is found
// stays the same.
type Options struct {
	// Fixed has the dates of the calendar.
	Fixed bool
	// Exact serves the certificates themselves, whose private keys nobody here has: every handshake then
	// ends for that.
	Exact bool
}

// Judged is what was found on one connection.
type Judged struct {
	Findings []finding.Finding
	Path     *chain.Path // as it was judged; nil where no chain was
}

// Survey returns a scenario that serves what a survey saw. judged has what was found on each of its
// observations, in their order. The error says that there is nothing to serve.
func Survey(s probe.Survey, judged []Judged, o Options) (scenarios.Scenario, error) {
	b := &builder{options: o, survey: s}
	return b.clone(s, judged)
}

func (b *builder) clone(s probe.Survey, judged []Judged) (scenarios.Scenario, error) {
	for i, obs := range s.Observations {
		if i < len(judged) {
			b.add(obs, judged[i])
		}
	}
	if len(b.ports) == 0 {
		return scenarios.Scenario{}, errNothing
	}
	b.begin()
	for i := range b.ports {
		b.serve(&b.ports[i])
	}
	return b.scenario()
}

// Chain returns a scenario that presents a chain, as it was judged.
func Chain(e chain.Evidence, j chain.Judgement, o Options) (scenarios.Scenario, error) {
	sent := e.Certificates
	if len(sent) == 0 {
		return scenarios.Scenario{}, errNothing
	}
	host := e.Host
	if host == "" {
		host = hostIn(sent[0])
	}
	b := &builder{options: o, host: host, seen: e.At, everywhere: true}
	obs := probe.Observation{Settings: account.For(account.IMAPS, host), At: e.At, Stage: probe.Done, Outcome: probe.Fine, TLS: &probe.TLS{Chain: sent, Complete: true}}
	b.ports = []port{{Observation: obs, Judged: Judged{j.Findings, &j.Path}, codes: finding.Codes(j.Findings)}}
	b.serve(&b.ports[0])
	b.ports[0].service.On = nil
	if b.any(finding.LocalInterception, finding.Interception, finding.InterceptedButValid) {
		b.noExpect = true
		b.note("Something in between signed the chain, and the clone has it as the server's own: leaving the network takes nothing away there, and nothing is expected.")
	}
	if e.Usage != "" && e.Usage != chain.Server {
		b.noExpect = true
		b.note("The chain was judged for another purpose than a server's, and the roots of the lab vouch for servers alone: nothing is expected.")
	}
	if e.Host == "" && !named(sent[0], host) {
		b.noExpect = true
		b.note("No host name was given, and the certificate is not for %s, which the clone has: whether its names are right was not judged, and nothing is expected.", quoted(host))
	}
	return b.scenario()
}

// builder is the work on one clone.
type builder struct {
	options Options
	survey  probe.Survey

	host  string    // of the account
	seen  time.Time // when, by a clock that is right
	ports []port
	out   scenarios.Case
	notes []string

	everywhere bool // what there is is served on all endpoints
	noExpect   bool // nothing is known of what will be found
}

// A port is one connection that is cloned.
type port struct {
	probe.Observation
	Judged
	codes   []finding.Code
	later   []finding.Code // of them, those that another look than that of an account finds
	service scenarios.Service
}

func (p *port) endpoint() account.Endpoint { return p.Settings.Endpoint }

func (p *port) has(codes ...finding.Code) bool {
	return slices.ContainsFunc(codes, func(c finding.Code) bool { return slices.Contains(p.codes, c) })
}

// of returns the first finding of a code; the zero Finding where there is none.
func (p *port) of(c finding.Code) finding.Finding {
	for _, f := range p.Findings {
		if f.Code == c {
			return f
		}
	}
	return finding.Finding{}
}

// implicit reports whether TLS was due from the first byte.
func (p *port) implicit() bool { return p.Settings.Mode == account.ImplicitTLS }

// add takes an observation, unless there is nothing at it that could be served.
func (b *builder) add(o probe.Observation, j Judged) {
	where := quoted(o.Settings.Target())
	p := port{Observation: o, Judged: j}
	b.otherClients(&p)
	p.codes = finding.Codes(p.Findings)
	switch {
	case !o.Settings.Endpoint.Valid():
	case p.has(finding.NotOffered):
		b.note("%s: the server does not offer %s, and it is left out. The lab serves it all the same, in order.", where, o.Settings.Endpoint)
	case o.Outcome == probe.Unresolved || o.Outcome == probe.LocalFault || o.Outcome == probe.NotTried:
		b.note("%s is left out: nobody knows what is there (%s).", where, quoted(o.Error))
	case slices.ContainsFunc(b.ports, func(q port) bool { return q.endpoint() == o.Settings.Endpoint }):
		b.note("%s is left out: the lab serves %s once.", where, o.Settings.Endpoint)
	default:
		if e := o.Settings.Endpoint; o.Settings.Port != e.Port() {
			b.note("%s: the clone has %s on port %d, as accounts have it.", where, e, e.Port())
		}
		b.ports = append(b.ports, p)
	}
}

// begin settles what is the same for all ports.
func (b *builder) begin() {
	first := b.ports[0]
	b.host, b.seen = first.Settings.Host, first.At
	for _, p := range b.ports { // the clock of a device may be wrong
		if at := p.of(finding.ClientClock).Facts.At; !at.IsZero() {
			b.seen = at.Add(first.At.Sub(p.At))
			break
		}
	}
	for _, p := range b.ports { // that for sending may be another
		if p.endpoint().Protocol() != account.Submission {
			b.host = p.Settings.Host
			break
		}
	}
	for _, p := range b.ports { // what is published may be wrong, and the certificate right
		if p.has(finding.PublishedSettingsWrong) && p.TLS != nil && len(p.TLS.Chain) > 0 && !named(p.TLS.Chain[0], p.Settings.Host) {
			b.host = hostIn(p.TLS.Chain[0])
			break
		}
	}
	b.device()
	b.network()
}

// note says something that is not in the clone, once.
func (b *builder) note(format string, args ...any) {
	const most = 100
	sentence := fmt.Sprintf(format, args...)
	if len(b.notes) < most && !slices.Contains(b.notes, sentence) {
		b.notes = append(b.notes, sentence)
	}
}

// scenario puts together what was found out.
func (b *builder) scenario() (scenarios.Scenario, error) {
	out := scenarios.Scenario{Case: b.out}
	if b.host != scenarios.DefaultHost {
		out.Host = b.host
	}
	for i := range b.ports {
		p := &b.ports[i]
		b.unheard(p)
		if !b.everywhere {
			out.Endpoints = append(out.Endpoints, p.endpoint())
		}
		out.Services = add(out.Services, p.service)
	}
	slices.SortFunc(out.Endpoints, func(x, y account.Endpoint) int {
		return slices.Index(account.Endpoints(), x) - slices.Index(account.Endpoints(), y)
	})
	if len(out.Endpoints) == len(account.Endpoints()) {
		out.Endpoints = nil
	}
	out.Services = slices.DeleteFunc(out.Services, healthy)
	if len(out.Services) == 1 && (b.everywhere || len(out.Services[0].On) == len(account.Endpoints()) || b.oneChain(out.Services[0])) {
		out.Services[0].On = nil
	}
	out.Title = "A clone of " + titled(b.host) + ", as it was on " + b.seen.UTC().Format("2 January 2006")
	if !b.noExpect && !b.options.Exact {
		out.Expect = b.expect()
	}
	out.NotCloned = b.notes
	err := out.CheckFile()
	if err != nil && len(out.Expect) > 0 {
		out.Expect = nil
		out.NotCloned = append(out.NotCloned, "What must be found is left out: "+quoted(err.Error())+".")
		err = out.CheckFile()
	}
	return out, err
}

// oneChain reports whether a chain is all that is known of a server, which then has it on those ports
// too at which nobody looked: a healthy one there would be a cure that it does not have.
func (b *builder) oneChain(s scenarios.Service) bool {
	all := len(s.On) == len(b.ports)
	s.On, s.Chain, s.Outline = nil, nil, certs.Outline{}
	return all && healthy(s)
}

// add joins a service to an equal one.
func add(all []scenarios.Service, s scenarios.Service) []scenarios.Service {
	for i, other := range all {
		other.On = s.On
		if equal(other, s) {
			all[i].On = append(all[i].On, s.On...)
			return all
		}
	}
	return append(all, s)
}

// expect returns what must be found: what was.
func (b *builder) expect() []scenarios.Expectation {
	var out []scenarios.Expectation
	for i := range b.ports {
		p := &b.ports[i]
		codes := slices.DeleteFunc(slices.Clone(p.codes), func(c finding.Code) bool { return c == finding.Unexplained || slices.Contains(p.later, c) })
		slices.Sort(codes)
		codes = append([]finding.Code{}, slices.Compact(codes)...)
		if at := slices.IndexFunc(out, func(x scenarios.Expectation) bool { return slices.Equal(x.Findings, codes) }); at >= 0 {
			out[at].On = append(out[at].On, p.endpoint())
			continue
		}
		out = append(out, scenarios.Expectation{On: []account.Endpoint{p.endpoint()}, Findings: codes})
	}
	if len(out) == 1 {
		out[0].On = nil
	}
	return out
}

// dates says how the dates of certificates are written.
func (b *builder) dates() certs.Dates { return certs.Dates{Seen: b.seen, Fixed: b.options.Fixed} }
