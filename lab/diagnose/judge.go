// Package diagnose turns what was seen of a mail server into findings: it judges connections, and
// what several of them show together. The chain that each shows is judged by package chain. It is
// pure: no network, no clock; the same survey and knowledge give the same report, here or at a
// customer's.
//
// A [Judge] with the Knowledge of package roots judges a survey: Report judges what is there, and
// Examine also has looked at what would settle a question. Package checkup does both, with all else
// that can be evidence.
package diagnose

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// maxRounds is how often a diagnosis may ask for further looks.
const maxRounds = 2

// A Judge judges surveys. It is safe for concurrent use.
type Judge struct {
	Knowledge *chain.Knowledge
	// Without names rules that are switched off, to show that something then goes unnoticed. As a
	// guard a silenced rule says no: what relies on its answer goes on as if it had found nothing.
	// "rule<before" silences before as a guard of that rule alone.
	Without []string
	// Trace, when set, is told what each rule finds, before causes are folded. It may be called
	// from several goroutines where the Judge is used by several.
	Trace func(rule string, found []finding.Code)
	// Slow is how long a server may take to say its first byte; 0 means SlowAfter.
	Slow time.Duration
	// Repeat is how often every connection is to be looked at again, for faults that come and
	// go. 0 repeats only what seems worth it.
	Repeat int
	// Closer also looks where nothing is wrong with the eyes of other clients, once for each program
	// of a server: as one of TLS 1.2 that asks for a certificate with a key of another type.
	Closer bool
}

// A Report is the diagnosis of one survey.
type Report struct {
	Endpoints []Endpoint `json:"endpoints"`
	// Asks are the looks that would settle what the report leaves open.
	Asks []probe.Ask `json:"asks,omitempty"`
}

// An Endpoint is the diagnosis of one connection.
type Endpoint struct {
	Endpoint account.Endpoint  `json:"endpoint"`
	Findings []finding.Finding `json:"findings"`
	// Complete says that the findings explain everything: for a chain as package chain
	// has it, for a connection that the stage at which it failed is explained.
	Complete bool `json:"complete"`
	// Unjudged says why nothing is known of the connection, in a phrase: a resolver that gives no
	// answer says neither that there is a server nor that there is none. Empty otherwise.
	Unjudged string `json:"unjudged,omitempty"`
	// Also says what was judged beside the chain that Path is about, a phrase each.
	Also []string `json:"also,omitempty"`
	// Path is the way that was judged of the chain, nil where none was shown.
	Path *chain.Path `json:"path,omitempty"`
}

// Failed reports whether any finding is an error.
func (r Report) Failed() bool { return r.Worst() == finding.Error }

// Worst returns the gravest severity of the report.
func (r Report) Worst() finding.Severity {
	var all []finding.Finding
	for _, e := range r.Endpoints {
		all = append(all, e.Findings...)
	}
	return finding.Worst(all)
}

// Report judges a survey as it stands.
func (j Judge) Report(s probe.Survey) Report {
	issuers, answers := fetched(s)
	issuers = append(issuers, sentElsewhere(s)...)
	session := &session{
		judge: j, survey: s, answers: answers, verdicts: map[string]chain.Judgement{},
		authority: chain.Judge{Knowledge: j.Knowledge.Fetching(issuers), Without: j.Without, Trace: j.Trace},
	}
	var r Report
	for _, o := range s.Observations {
		r.Endpoints = append(r.Endpoints, session.judgeConnection(o))
	}
	r.Asks = session.asks
	return r
}

// Examine judges a survey and has further looks taken where they would settle something, at
// most twice. It returns the survey extended by them, so that the report can be made again
// from what was seen.
func (j Judge) Examine(s probe.Survey, look func([]probe.Ask) []probe.Further) (Report, probe.Survey) {
	r := j.Report(s)
	for range maxRounds {
		if len(r.Asks) == 0 {
			break
		}
		s.Further = append(slices.Clone(s.Further), look(r.Asks)...)
		r = j.Report(s)
	}
	r.Asks = nil
	return r, s
}

// session is the work on one survey: what was asked, and the chains judged already. The seven
// endpoints of a server mostly present one chain.
type session struct {
	judge     Judge
	survey    probe.Survey
	authority chain.Judge    // of chains, with what was fetched
	answers   []chain.Answer // of their CAs
	asks      []probe.Ask
	verdicts  map[string]chain.Judgement
}

func (s *session) judgeConnection(o probe.Observation) Endpoint {
	c := s.connection(o)
	out := Endpoint{Endpoint: o.Settings.Endpoint, Findings: []finding.Finding{}}
	explained := false
	for _, rule := range connectionRules {
		found := rule.ask(c)
		if !rule.aside && len(found) > 0 && c.endedAgain() {
			found[0].Evidence = append(found[0].Evidence, "one more look ended there too")
		}
		out.Findings = append(out.Findings, found...)
		explained = explained || len(found) > 0 && !rule.aside
	}
	o = c.Observation // which is a later one where the first met a hiccup
	unjudged := o.Outcome == probe.Unresolved || o.Outcome == probe.LocalFault || o.Outcome == probe.NotTried
	pending := o.Outcome != probe.Fine && !unjudged && !explained // the ending is still to be explained
	if o.TLS != nil && len(o.TLS.Chain) > 0 {
		found, path := s.certificates(c)
		out.Path = &path
		found, also := c.second(c.beside(found))
		if also != "" {
			out.Also = append(out.Also, also)
		}
		out.Findings = append(out.Findings, found...)
		// crypto/tls gives up on a certificate that it cannot read.
		pending = pending && (o.Outcome != probe.BadTLS || !has(found, finding.MalformedCertificate) && !has(found, finding.IDNEncoding))
	}
	if pending {
		out.Findings = append(out.Findings, c.unexplained())
	}
	out.Findings = c.fold(out.Findings)
	if o.Settings.Relayed() {
		out.Findings = betweenServers(out.Findings)
	}
	finding.Sort(out.Findings)
	out.Complete = !has(out.Findings, finding.Unexplained)
	if unjudged && len(out.Findings) == 0 {
		out.Unjudged = unknown(o)
	}
	return out
}

// unknown says why nothing is known of a connection.
func unknown(o probe.Observation) string {
	switch o.Outcome {
	case probe.NotTried:
		return fmt.Sprintf("what is at %s: it was not looked at, because %s", finding.Clip(o.Settings.Target()), finding.Clip(o.Error))
	case probe.LocalFault:
		return fmt.Sprintf("the connection: this machine could not make it (%s)", finding.Clip(o.Error))
	}
	return fmt.Sprintf("whether there is a server: DNS gave no answer for %s (%s)", finding.Clip(o.Settings.Host), finding.Clip(o.Error))
}

// chain returns what is wrong with the chain of o.
func (s *session) chain(o probe.Observation) []finding.Finding { return s.judged(o).Findings }

// judged judges the chain of o, once for all connections that presented it alike.
func (s *session) judged(o probe.Observation) chain.Judgement {
	// Certificates know whole seconds, and the looks at seven ports share most of them.
	at := o.At.UTC().Truncate(time.Second)
	if at.IsZero() {
		at = time.Unix(0, 0).UTC() // crypto/x509 would take the zero time for the time of the call
	}
	var key strings.Builder
	fmt.Fprintf(&key, "%q%t", o.Settings.MissingRoots, staticRSA(o.TLS.Cipher))
	for _, list := range [][][]byte{{[]byte(o.Settings.Host), []byte(at.Format(time.RFC3339))}, o.TLS.Chain, o.Settings.Roots, {o.TLS.Staple}} {
		fmt.Fprintf(&key, "%d;", len(list))
		for _, part := range list {
			fmt.Fprintf(&key, "%d:%s", len(part), part)
		}
	}
	fmt.Fprintf(&key, "%t", o.TLS.FromRecords)
	if v, ok := s.verdicts[key.String()]; ok {
		s.askFor(v, o)
		return v
	}
	v := s.authority.Judge(chain.Evidence{
		Certificates: o.TLS.Chain, Host: o.Settings.Host, At: at, Usage: chain.Server,
		Roots: o.Settings.Roots, MissingRoots: o.Settings.MissingRoots,
		Handshake: &chain.Handshake{Staple: o.TLS.Staple, Deaf: o.TLS.FromRecords, StaticRSA: staticRSA(o.TLS.Cipher)},
		Answers:   s.answers,
	})
	s.verdicts[key.String()] = v
	s.askFor(v, o)
	return v
}

// askFor has fetched what would settle a verdict, on behalf of the server that presented the chain.
func (s *session) askFor(v chain.Judgement, o probe.Observation) {
	for _, a := range v.Asks {
		s.ask(probe.Ask{Kind: probe.AskKind(a.Kind), URL: a.URL, Request: a.Request, From: []string{o.Address}})
	}
}

// ask notes a further look, unless it was taken or is asked for already.
func (s *session) ask(a probe.Ask) *probe.Further {
	for i := range s.survey.Further {
		if sameAsk(s.survey.Further[i].Ask, a) {
			return &s.survey.Further[i]
		}
	}
	for i := range s.asks {
		if !sameAsk(a, s.asks[i]) {
			continue
		}
		for _, from := range a.From {
			if !slices.Contains(s.asks[i].From, from) {
				s.asks[i].From = append(slices.Clone(s.asks[i].From), from)
			}
		}
		return nil
	}
	s.asks = append(s.asks, a)
	return nil
}

func sameAsk(a, b probe.Ask) bool {
	return a.Kind == b.Kind && a.URL == b.URL && bytes.Equal(a.Request, b.Request) && slices.Equal(a.Suites, b.Suites) && a.Through == b.Through && a.ALPN == b.ALPN && sameLook(a.Settings, b.Settings)
}

func sameLook(a, b account.Settings) bool {
	return a.Host == b.Host && a.Port == b.Port && a.Address() == b.Address() && a.Mode == b.Mode && a.Endpoint.Protocol() == b.Endpoint.Protocol() &&
		a.SNI() == b.SNI() && a.MinVersion == b.MinVersion && a.MaxVersion == b.MaxVersion && a.SmallHello == b.SmallHello && a.Clock.Equal(b.Clock)
}

// look returns what was seen with other settings, nil when nobody has looked yet: then it is asked for.
func (s *session) look(set account.Settings) *probe.Observation {
	for i := range s.survey.Observations {
		if sameLook(s.survey.Observations[i].Settings, set) {
			return &s.survey.Observations[i]
		}
	}
	f := s.ask(probe.Ask{Kind: probe.Look, Settings: set})
	if f == nil || f.Observation == nil || f.Observation.Outcome == probe.LocalFault || f.Observation.Outcome == probe.NotTried {
		return nil // what this machine could not look at says nothing
	}
	return f.Observation
}

// fetched returns the issuers that were fetched for a survey, and what their CAs answered.
func fetched(s probe.Survey) (issuers []chain.Fetched, answers []chain.Answer) {
	for _, f := range s.Further {
		if len(f.Certificate) > 0 {
			issuers = append(issuers, chain.Fetched{URL: f.Ask.URL, Certificate: f.Certificate})
		}
		if f.Ask.Kind == probe.FetchOCSP || f.Ask.Kind == probe.FetchCRL {
			answers = append(answers, chain.Answer{
				Ask:      chain.Ask{Kind: chain.AskKind(f.Ask.Kind), URL: f.Ask.URL, Request: f.Ask.Request},
				Response: f.Response, Error: f.Error, NotTried: f.NotTried, Refused: f.Refused,
			})
		}
	}
	return issuers, answers
}

// withoutCodes returns the findings whose codes are not in list.
func withoutCodes(fs []finding.Finding, list []finding.Code) []finding.Finding {
	return slices.DeleteFunc(slices.Clone(fs), func(f finding.Finding) bool { return slices.Contains(list, f.Code) })
}

func has(fs []finding.Finding, c finding.Code) bool {
	return slices.ContainsFunc(fs, func(f finding.Finding) bool { return f.Code == c })
}

// forSome reports whether a code says that some clients cannot connect, where TLS was agreed on all
// the same: then the others see the certificate.
func forSome(c finding.Code) bool {
	return c == finding.NoCommonCipher || c == finding.WeakDH || c == finding.ClientTooOld
}

// fold leaves out what another finding explains or made invisible. What ended the connection after
// TLS was agreed on has hidden nothing of TLS and of the certificate: they were seen.
func (c *connection) fold(fs []finding.Finding) []finding.Finding {
	agreed := c.TLS != nil && c.TLS.Version != 0
	passed := len(c.found["comes-and-goes"]) > 0
	hides := func(a, b finding.Code) bool {
		if passed && b == finding.Intermittent {
			return false
		}
		return finding.Folds(a, b) || finding.Hides(a, b) && !(agreed && (finding.EndsInside(a) || forSome(a)))
	}
	codes := finding.Codes(fs)
	return slices.DeleteFunc(slices.Clone(fs), func(f finding.Finding) bool { return !finding.VisibleBy(hides, f.Code, codes) })
}
