package checkup

import (
	"fmt"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
	"github.com/mailtlslab/mailtlslab/lab/preflight"
)

// A filePlace is the work on one file.
type filePlace struct {
	*examination
	place   Place
	undated bool            // something was judged as of now, for want of a time
	claims  []capture.Claim // of a log, on another server
	later   []capture.Claim // what sessions say that may have several causes: others may say which
}

func (x *examination) begin(kind PlaceKind, name string) *filePlace {
	return &filePlace{examination: x, place: Place{Kind: kind, Name: name, Findings: []finding.Finding{}, settings: account.Settings{Host: x.evidence.Host}}}
}

// add takes findings, unless their code was found already: two servers may say the same.
func (p *filePlace) add(fs ...finding.Finding) {
	for _, f := range fs {
		if !slices.ContainsFunc(p.place.Findings, func(o finding.Finding) bool { return o.Code == f.Code && o.Facts.Product == f.Facts.Product }) {
			p.place.Findings = append(p.place.Findings, f)
		}
	}
}

func has(fs []finding.Finding, code finding.Code) bool {
	return slices.ContainsFunc(fs, func(f finding.Finding) bool { return f.Code == code })
}

// judge judges certificates by the rules.
func (p *filePlace) judge(ders [][]byte, at time.Time) chain.Judgement {
	host := p.place.settings.Host
	if p.evidence.Usage == chain.Client { // it names a person or a program, and no server
		host = ""
	}
	j := p.judgeChain(chain.Evidence{Certificates: ders, Host: host, At: at, Usage: p.evidence.Usage})
	earlier := finding.Codes(p.place.Findings)
	for _, f := range j.Findings { // several of one code are about several certificates
		if !slices.Contains(earlier, f.Code) {
			p.place.Findings = append(p.place.Findings, f)
		}
	}
	p.present(ders[0], at)
	p.place.Path = &j.Path
	p.judged(len(ders), host, at)
	p.secondOpinion(&p.place, ders, at)
	return j
}

func (p *filePlace) judged(n int, host string, at time.Time) {
	words := count(n, "certificate") + " as of " + day(at)
	switch {
	case p.evidence.Usage == chain.Client:
		words += ", for a client"
	case host == "":
		p.place.NotJudged = append(p.place.NotJudged, "the names: no host name was given")
	default:
		words += ", for " + finding.Clip(host)
	}
	p.place.Judged = append(p.place.Judged, words)
}

// present notes the leaf.
func (p *filePlace) present(der []byte, at time.Time) {
	p.place.Certificate = p.answer.present(der, at)
}

// end closes the place: it fails for an error, and is in order only where something was judged.
func (p *filePlace) end() {
	finding.Sort(p.place.Findings)
	p.place.Complete = !has(p.place.Findings, finding.Unexplained)
	switch {
	case len(p.place.problems) > 0, finding.Worst(p.place.Findings) == finding.Error:
		p.place.Verdict = Fail
	case len(p.place.Judged) > 0:
		p.place.Verdict = OK
	default:
		p.place.Verdict = Unjudged
	}
	p.given = append(p.given, p.place)
}

// chainFile judges certificates as a server would send them.
func (x *examination) chainFile(f ChainFile) error {
	p := x.begin(Certificates, f.Name)
	c, err := capture.Read(f.Data, f.Password)
	if err != nil {
		return unreadable(f.File, err)
	}
	p.readOf(f.Name, []string{c.Sentence()}, c.NotRead)
	ders, wrong := preflight.InOrder(c.Certificates)
	p.add(wrong...)
	p.judge(ders, x.at())
	p.place.Findings = finding.FromFile(p.place.Findings, c.Certificates)
	p.end()
	return nil
}

// pair checks the server's own files. A file that cannot be read is a finding: the server may
// stumble over the same.
func (x *examination) pair(pair preflight.Pair) {
	p := x.begin(Files, pair.Cert.Name)
	if pair.Host == "" {
		pair.Host = x.evidence.Host
	}
	at := x.at()
	r := preflight.Check(pair, chain.Judge{Knowledge: x.Knowledge}, at)
	if answers := x.fetch(r.Asks); len(answers) > 0 {
		pair.Answers = answers
		r = preflight.Check(pair, chain.Judge{Knowledge: x.Knowledge}, at)
	}
	p.place.Findings = append(p.place.Findings, r.Findings...)
	p.place.problems = r.Problems
	p.readOf(pair.Cert.Name, r.Read, r.NotRead)
	if len(r.Chain) > 0 {
		p.present(r.Chain[0], at)
		p.place.Path = &r.Path
		p.judged(len(r.Chain), pair.Host, at)
	}
	x.installed = r.Chain
	p.end()
}

// readOf notes what was read of a file, by name where there are several things to look at.
func (p *filePlace) readOf(name string, read, not []string) {
	in := ""
	if p.several() {
		in = "in " + name + ": "
	}
	for _, s := range read {
		p.answer.Read = append(p.answer.Read, in+s)
	}
	for _, s := range not {
		p.answer.NotRead = append(p.answer.NotRead, in+s)
	}
}

// several reports whether the evidence has more parts than one.
func (x *examination) several() bool {
	n := 0
	e := x.evidence
	for _, given := range []bool{e.Target != nil, e.Domain != nil, e.Survey != nil, e.Chain != nil, e.Pair != nil} {
		if given {
			n++
		}
	}
	n += len(e.Texts)
	return n > 1
}

// maxNames bounds the names of a certificate that an answer lists.
const maxNames = 20

// present notes a leaf among the certificates of the answer, and returns its fingerprint.
func (a *Answer) present(der []byte, at time.Time) string {
	print := finding.Fingerprint(der)
	if slices.ContainsFunc(a.Certificates, func(c Certificate) bool { return c.Fingerprint == print }) {
		return print
	}
	out := Certificate{Fingerprint: print}
	if c, err := bound.Certificate(der); err == nil {
		out.Subject, out.Issuer = finding.Clip(c.Subject.String()), finding.Clip(c.Issuer.String())
		out.NotBefore, out.NotAfter = c.NotBefore.UTC(), c.NotAfter.UTC()
		for _, n := range c.DNSNames {
			out.Names = append(out.Names, finding.Clip(n))
		}
		for _, ip := range c.IPAddresses {
			out.Names = append(out.Names, ip.String())
		}
		out.Names = out.Names[:min(len(out.Names), maxNames)]
		if whole := c.NotAfter.Sub(c.NotBefore); whole > 0 {
			left := float64(c.NotAfter.Sub(at)) / float64(whole)
			out.Left = float64(int(min(max(left, 0), 1)*1000)) / 1000
		}
	}
	a.Certificates = append(a.Certificates, out)
	return print
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }
