package checkup

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/discover"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/preflight"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// A Checkup examines evidence. It is safe for concurrent use.
type Checkup struct {
	// Knowledge is what is known beside the evidence: trust roots and intermediates.
	Knowledge *chain.Knowledge
	// Prober looks and fetches. Nil fetches nothing, and a Target or a Domain is then an error.
	Prober *probe.Prober
	// Finder finds what a domain publishes; nil is the zero Finder.
	Finder *discover.Finder
	// Repeat is how many more times every connection is looked at, for faults that come and go.
	Repeat int
	// Now is the clock where the evidence brings no time; nil means time.Now.
	Now func() time.Time
	// Second returns the trust store of the machine, for a second opinion. It is asked where something
	// about trust was found, once; nil, and a nil pool, ask nobody.
	Second func() *x509.CertPool
	// Progress is told what is being done, in a few words; it may be nil.
	Progress func(string)
}

// Evidence is what there is to judge. Several parts are judged beside each other: a server and its
// own files and log, for one.
type Evidence struct {
	// About is what to call the whole; empty means the host, or the name of the first file.
	About string
	// Host is the name that the certificates of files must be for; empty judges no names.
	Host string
	// At is the day on which files are judged; zero means the day they tell, or now.
	At time.Time

	Target *Target       // a server to look at
	Domain *Domain       // a domain whose servers to look at
	Survey *probe.Survey // what was seen at another time

	Chain *ChainFile      // certificates, as a server would send them
	Texts []Text          // what people pasted: outputs of tools, logs, messages
	Pair  *preflight.Pair // the server's certificate and key
	Usage chain.Usage     // what certificates are to be used for; empty means a server
	// Password opens PKCS #12 that Read meets.
	Password string
}

// WordsAlone reports whether there is nothing to look at and no certificate to judge: then no store of
// roots is asked.
func (e Evidence) WordsAlone() bool {
	if e.Target != nil || e.Domain != nil || e.Survey != nil || e.Chain != nil || e.Pair != nil {
		return false
	}
	for _, t := range e.Texts {
		if len(t.Chain) > 0 || slices.ContainsFunc(t.Sessions, func(s capture.Session) bool { return len(s.Chain) > 0 }) {
			return false
		}
	}
	return true
}

// A File is a name to call it by and what is in it.
type File struct {
	Name string
	Data []byte
}

// A ChainFile is a file of certificates.
type ChainFile struct {
	File
	Password string // of PKCS #12
}

// A Domain is the domain of a mail address.
type Domain struct {
	Name      string
	Addresses map[string]string // as in account.Settings
	Clock     time.Time         // zero: now
}

// ErrUnreadable is in the chain of every error about a file that cannot be read at all: it is
// empty, too large, or holds no certificate where certificates were to be judged.
var ErrUnreadable = errors.New("cannot be read")

// Examine judges the evidence, looking and looking again where there is something to look at. It
// returns what was seen of connections as well, so that it can be saved. The error is ctx's, or
// about a file that cannot be read.
func (c *Checkup) Examine(ctx context.Context, e Evidence) (Answer, probe.Survey, error) {
	if c.Prober == nil && (e.Target != nil || e.Domain != nil) {
		return Answer{}, probe.Survey{}, errors.New("there is no prober to look at a server with")
	}
	x := &examination{Checkup: c, ctx: ctx, evidence: e, prober: c.Prober, began: time.Now()}
	x.answer = Answer{Version: Version, About: e.About, Host: e.Host}
	if err := x.files(); err != nil {
		return Answer{}, probe.Survey{}, err
	}
	if err := x.connections(); err != nil {
		return Answer{}, probe.Survey{}, err
	}
	if ctx.Err() != nil {
		return Answer{}, probe.Survey{}, ctx.Err()
	}
	a, err := x.sum()
	return a, x.survey, err
}

// examination is the work on one piece of evidence.
type examination struct {
	*Checkup
	ctx      context.Context
	evidence Evidence

	began  time.Time // by the clock of the machine
	asked  bool      // Second was
	second *x509.CertPool
	prober *probe.Prober // that looks: Checkup's, or the same held to what a domain may publish
	answer Answer
	survey probe.Survey
	seen   []Place  // connections
	given  []Place  // files
	open   []string // what was to be looked at and could not be, a phrase each
	// installed are the certificates of Evidence.Pair, the leaf first.
	installed [][]byte
}

func (x *examination) say(words string) {
	if x.Progress != nil {
		x.Progress(words)
	}
}

func (x *examination) now() time.Time {
	if x.Now != nil {
		return x.Now()
	}
	return time.Now()
}

// at returns the day on which a file is judged that tells none itself.
func (x *examination) at() time.Time {
	if x.evidence.At.IsZero() {
		return x.now()
	}
	return x.evidence.At
}

// connections looks at what there is to look at, and judges it.
func (x *examination) connections() error {
	judge := diagnose.Judge{Knowledge: x.Knowledge, Repeat: x.Repeat, Closer: true}
	var report diagnose.Report
	switch {
	case x.evidence.Survey != nil:
		x.survey = *x.evidence.Survey
		report = judge.Report(x.survey)
	case x.evidence.Target != nil:
		t := x.evidence.Target
		x.say("looking at " + t.Host + " …")
		all, unclear := t.settings(x.ctx, x.Prober)
		report = x.look(judge, all, len(all) == 1)
		if unclear != nil && reached(x.survey.Observations[0]) {
			x.answer.NotRead = append(x.answer.NotRead, "what the port is ("+finding.Clip(unclear.Error())+"), so that it is judged as imaps")
		}
	case x.evidence.Domain != nil:
		all := x.published()
		if len(all) == 0 {
			return x.ctx.Err()
		}
		report = x.look(judge, all, true)
	default:
		return nil
	}
	if t := x.evidence.Target; t != nil && t.Port == 0 && t.As == "" && !slices.ContainsFunc(report.Endpoints, offersMail) {
		x.open = append(x.open, "mail: none of the six mail ports of "+finding.Clip(t.Host)+" answers")
	}
	for i, e := range report.Endpoints {
		x.seen = append(x.seen, connectionPlace(e, diagnose.Judged(x.survey, i), len(x.answer.Published) > 0))
	}
	if x.answer.Host == "" && x.evidence.Domain == nil && len(x.survey.Observations) > 0 {
		x.answer.Host = x.survey.Observations[0].Settings.Host
	}
	return x.ctx.Err()
}

// offersMail reports whether there is a mail service, in order or not.
func offersMail(e diagnose.Endpoint) bool {
	return e.Endpoint.Protocol() != account.HTTPS && !has(e.Findings, finding.NotOffered)
}

// look looks at all settings, and again where the diagnosis asks for it.
func (x *examination) look(judge diagnose.Judge, all []account.Settings, listed bool) diagnose.Report {
	survey := x.prober.Survey(x.ctx, all, listed)
	survey.Installed = x.installed
	report, survey := judge.Examine(survey, func(asks []probe.Ask) []probe.Further {
		// A server that uses up the time of every step gets that of three looks in all.
		if x.ctx.Err() != nil || time.Since(x.began) > 2*x.prober.Longest() {
			return nil
		}
		x.say("looking once more …")
		return x.prober.Answer(x.ctx, asks)
	})
	x.survey = survey
	x.refused(survey.Further)
	return report
}

// files judges what needs no connection. It goes first: a file that cannot be read is told before
// anybody is disturbed.
func (x *examination) files() error {
	e := x.evidence
	if e.Chain != nil {
		if err := x.chainFile(*e.Chain); err != nil {
			return err
		}
	}
	if e.Pair != nil {
		x.pair(*e.Pair)
	}
	for _, t := range e.Texts {
		x.text(t)
	}
	return nil
}

// fetch answers the asks of a chain as far as they are for issuers: that decides between a missing
// intermediate and a private CA. A server itself is never asked for a file's sake.
func (x *examination) fetch(asks []chain.Ask) []chain.Answer {
	var wanted []probe.Ask
	for _, a := range asks {
		if a.Kind == chain.FetchIssuer {
			wanted = append(wanted, probe.Ask{Kind: probe.FetchIssuer, URL: a.URL})
		}
	}
	if x.Prober == nil || len(wanted) == 0 {
		return nil
	}
	got := x.Prober.Answer(x.ctx, wanted)
	x.refused(got)
	var out []chain.Answer
	for _, f := range got {
		out = append(out, chain.Answer{Ask: chain.Ask{Kind: chain.FetchIssuer, URL: f.Ask.URL}, Response: f.Certificate, Error: f.Error, Refused: f.Refused})
	}
	return out
}

// refused notes what was not fetched because of where it leads.
func (x *examination) refused(all []probe.Further) {
	for _, f := range all {
		words := finding.Clip(f.Ask.URL) + " was not fetched: " + finding.Clip(f.Error)
		if f.Refused && !slices.Contains(x.answer.Refused, words) {
			x.answer.Refused = append(x.answer.Refused, words)
		}
	}
}

// judgeChain judges certificates, and again with the issuers that could be fetched.
func (x *examination) judgeChain(ev chain.Evidence) chain.Judgement {
	judge := chain.Judge{Knowledge: x.Knowledge}
	j := judge.Judge(ev)
	if ev.Answers = x.fetch(j.Asks); len(ev.Answers) > 0 {
		j = judge.Judge(ev)
	}
	return j
}

func unreadable(f File, err error) error { return &fileError{f.Name, err} }

// fileError names the file that cannot be read.
type fileError struct {
	name string
	err  error
}

func (e *fileError) Error() string   { return e.name + ": " + e.err.Error() }
func (e *fileError) Unwrap() []error { return []error{ErrUnreadable, e.err} }

// reached reports whether a server was there, so that what it speaks makes a difference.
func reached(o probe.Observation) bool {
	return o.Stage != probe.Resolving && o.Stage != probe.Connecting
}
