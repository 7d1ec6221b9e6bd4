package checkup

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
	"github.com/mailtlslab/mailtlslab/lab/preflight"
)

// A Text is what could be read of something that somebody pasted or kept, and what to call it.
type Text struct {
	Name string
	// Kind says what it was given as: Log or Transcript; empty is what it turns out to be.
	Kind PlaceKind
	capture.Document
}

// text judges a text: certificates by the rules, and the rest by the words of whoever wrote it. Each
// server that it tells of is a place; what logs and messages say belongs to the one that there is, or
// is a place of its own.
func (x *examination) text(t Text) {
	d := t.Document
	x.readText(t)
	x.outgoing(t, &d)
	adopt(&d)
	groups := grouped(d.Sessions)
	if len(groups) > 1 {
		for _, g := range groups {
			p := x.begin(t.kind(false), t.Name)
			p.place.Name = placeName(t.Name, g)
			p.sessions(g)
			p.heard(nil, g, d)
			p.close()
		}
		if len(d.Claims)+len(d.Chain) == 0 && d.Quoted == "" {
			return
		}
		groups = nil
	}
	var sessions []capture.Session
	if len(groups) == 1 {
		sessions = groups[0]
	}
	if len(t.Claims) > len(d.Claims) && len(d.Claims)+len(d.Sessions)+len(d.Chain)+d.Encrypted == 0 {
		return // it speaks of other servers alone
	}
	p := x.begin(t.kind(len(sessions) == 0), t.Name)
	if len(sessions) == 0 {
		p.told(d)
	}
	p.sessions(sessions)
	if len(d.Chain) > 0 {
		p.loose(d.Chain)
	}
	p.heard(d.Claims, sessions, d)
	p.close()
}

// kind returns what the place is.
func (t Text) kind(alone bool) PlaceKind {
	switch {
	case t.Kind != "":
		return t.Kind
	case alone && t.Log:
		return Log
	}
	return Transcript
}

func (x *examination) readText(t Text) {
	p := x.begin(Transcript, t.Name)
	p.readOf(t.Name, t.Read, t.NotRead)
}

// adopt gives the certificates that stand beside any session to the one that shows none.
func adopt(d *capture.Document) {
	if len(d.Chain) == 0 || len(d.Sessions) != 1 || len(d.Sessions[0].Chain) > 0 || !d.Sessions[0].Connected && d.Sessions[0].Tool != capture.TestSSL {
		return
	}
	d.Sessions = slices.Clone(d.Sessions)
	d.Sessions[0].Chain, d.Chain = capture.LeafFirst(d.Chain), nil
}

// grouped puts the sessions with one server and port together. Those that tell nothing are left out.
func grouped(all []capture.Session) (groups [][]capture.Session) {
	for _, s := range all {
		if !s.Connected && len(s.Chain)+len(s.Listed)+len(s.Claims) == 0 && len(all) > 1 {
			continue
		}
		at := slices.IndexFunc(groups, func(g []capture.Session) bool { return sameServer(g[0].Settings, s.Settings) })
		if at < 0 {
			groups = append(groups, []capture.Session{s})
		} else {
			groups[at] = append(groups[at], s)
		}
	}
	return groups
}

// sameServer reports whether two settings may be of one port: what one of them does not tell differs
// in nothing.
func sameServer(a, b account.Settings) bool {
	return (a.Host == "" || b.Host == "" || strings.EqualFold(a.Host, b.Host)) && (a.Port == 0 || b.Port == 0 || a.Port == b.Port)
}

func placeName(name string, g []capture.Session) string {
	for _, s := range g {
		if s.Settings.Host != "" && s.Settings.Port != 0 {
			return name + ": " + finding.Clip(s.Settings.Target())
		}
	}
	return name
}

// told takes the server that the words name.
func (p *filePlace) told(d capture.Document) {
	if p.place.settings.Host == "" && d.Host != "" && account.CheckHost(d.Host) == nil {
		p.place.settings.Host, p.place.settings.Port = d.Host, d.Port
		if e, ok := account.EndpointOnPort(d.Port); ok {
			p.place.settings.Endpoint, p.place.settings.Mode = e, e.Mode()
		}
	}
}

// sessions judges what tools tell of one server.
func (p *filePlace) sessions(all []capture.Session) {
	for _, s := range all {
		p.at(s)
		seen := p.evidence.At
		if seen.IsZero() {
			seen = s.At
		}
		if seen.IsZero() {
			seen = p.now()
			if len(s.Chain) > 0 || len(s.Listed) > 0 && !s.Leaf().NotAfter.IsZero() {
				p.undated = true
			}
		}
		if len(s.Chain) > 0 {
			p.shown(s, seen)
		} else {
			p.words(s, seen)
		}
		if s.Accepted && len(s.Claims) == 0 {
			p.accepted(s)
		}
	}
}

// at takes where a session led.
func (p *filePlace) at(s capture.Session) {
	if s.Settings.Host == "" && s.Settings.Port == 0 {
		return
	}
	if p.place.settings.Port == 0 {
		host := p.place.settings.Host
		p.place.settings = s.Settings
		if p.place.settings.Host == "" {
			p.place.settings.Host = host
		}
	}
	if s.Settings.Host == "" {
		return
	}
	if p.answer.Host == "" {
		p.answer.Host = s.Settings.Host
	}
	p.place.Endpoint = s.Settings.Endpoint
	if s.Settings.Port > 0 {
		p.place.Target = s.Settings.Target()
	}
}

// shown judges certificates that a tool shows.
func (p *filePlace) shown(s capture.Session, at time.Time) {
	j := p.judge(s.Chain, at)
	if !s.Whole {
		p.place.Path = nil
		p.place.Findings = slices.DeleteFunc(p.place.Findings, needsTheRest)
		p.place.Judged = nil
		p.place.NotJudged = append(p.place.NotJudged, "the chain: the certificates that came with the leaf are not shown")
	}
	trust := false
	for _, c := range s.Claims {
		switch {
		case s.Whole && aboutTheRoot(c.Code()) && !worstOf(j.Findings, finding.Trust):
			p.add(rootless(p.finding(c), c))
		case !s.Whole && aboutTrust(c):
			trust = true
		case p.explains(c):
		case covered(p.place.Findings, familyOf(c.Code())):
		default:
			p.add(p.finding(c))
		}
	}
	if trust && !worstOf(p.place.Findings, finding.Trust) {
		p.trust(s)
	}
}

// explains reports whether what was found explains a claim: then its words are no finding of their own.
func (p *filePlace) explains(c capture.Claim) bool {
	return slices.ContainsFunc(p.place.Findings, func(f finding.Finding) bool { return f.Severity == finding.Error && slices.Contains(c.Codes, f.Code) })
}

func familyOf(c finding.Code) finding.Family {
	info, _ := finding.Lookup(c)
	return info.Family
}

// loose judges certificates that stand in a text by themselves, as a server would send them.
func (p *filePlace) loose(ders [][]byte) {
	at := p.evidence.At
	if at.IsZero() {
		at = p.now()
	}
	sorted, wrong := preflight.InOrder(ders)
	p.add(wrong...)
	p.judge(sorted, at)
	p.place.Findings = finding.FromFile(p.place.Findings, ders)
}

// accepted takes a tool's word that nothing is wrong. A tool that did not compare names has not said
// that the name is right: where its certificate goes by another one, that is open.
func (p *filePlace) accepted(s capture.Session) {
	host := p.place.settings.Host
	p.place.Judged = append(p.place.Judged, string(s.Tool)+"'s own word: it accepted the certificate")
	if host == "" || s.Named || len(s.Chain) > 0 || len(s.Leaf().Names) > 0 {
		return
	}
	if cn := commonName(s.Leaf().Subject); cn != "" && !fits(cn, host) && !related(cn, host) {
		p.place.Judged = p.place.Judged[:len(p.place.Judged)-1]
		p.place.NotJudged = append(p.place.NotJudged, fmt.Sprintf("the name: the certificate goes by %s, and %s did not compare it with %s; 'openssl s_client -verify_hostname' does", finding.Clip(cn), s.Tool, finding.Clip(host)))
	}
}

// heard takes what logs and messages say.
func (p *filePlace) heard(claims []capture.Claim, sessions []capture.Session, d capture.Document) {
	accepted := slices.ContainsFunc(sessions, func(s capture.Session) bool { return s.Accepted && len(s.Claims) == 0 })
	all := slices.Concat(p.later, claims)
	slices.SortStableFunc(all, func(a, b capture.Claim) int { return rank(a) - rank(b) })
	for _, c := range all {
		switch {
		case p.explains(c), c.Vague > 0 && finding.Worst(p.place.Findings) == finding.Error:
			continue
		case accepted && len(c.Codes) > 1 && slices.Contains(c.Codes, finding.RootMissingOnDevice):
			c.Codes = []finding.Code{finding.RootMissingOnDevice}
		}
		alone := oneOfMany(c, d.Encrypted)
		if alone && slices.Contains(c.Codes, finding.RootMissingOnDevice) {
			c.Codes = leading(c.Codes, finding.RootMissingOnDevice)
		}
		f := p.finding(c)
		if alone {
			f.Evidence = append(f.Evidence, fmt.Sprintf("%s came about by the same log: look at the device that refused first", count(d.Encrypted, "TLS session")))
		}
		p.add(f)
	}
	if d.Quoted != "" && len(p.place.Findings) == 0 && (claims != nil || len(d.Claims) == 0) {
		f := finding.New(finding.Unexplained, "the text tells of a failure in words that are not known here")
		f.Evidence, f.Facts.Text = []string{"it says: " + d.Quoted}, d.Quoted
		p.add(f)
	}
	p.place.Findings = visible(folded(p.place.Findings))
	switch {
	case len(p.place.Judged) > 0:
	case finding.Worst(p.place.Findings) == finding.Error:
		p.place.Judged = append(p.place.Judged, p.what()+" says went wrong")
	case d.Encrypted > 0 && len(d.Claims) == 0:
		p.place.Judged = append(p.place.Judged, count(d.Encrypted, "TLS session")+" that came about by "+p.whose()+", and none that failed")
	case d.Encrypted > 0:
		p.place.Judged = append(p.place.Judged, count(d.Encrypted, "TLS session")+" that came about by "+p.whose())
	case len(p.place.Findings) > 0 && slices.ContainsFunc(d.Claims, func(c capture.Claim) bool { return c.Harmless }):
		p.place.Judged = append(p.place.Judged, "what the log tells of TLS: nothing that has to be cured")
	case p.place.Kind == Log:
		p.place.NotJudged = append(p.place.NotJudged, "TLS: no line of the log tells of a session that came about, or of one that failed")
	case len(p.place.NotJudged) == 0:
		p.place.NotJudged = append(p.place.NotJudged, "the text shows no chain to judge, and no word of a program that it accepted or refused one")
	}
}

// oneOfMany reports whether one client refused where many others did not: then it is mostly the device.
func oneOfMany(c capture.Claim, sessions int) bool {
	return c.Product != "" && c.Server == "" && c.Side == message.Server && c.Peers <= 1 && sessions >= 20*max(c.Count, 1)
}

func (p *filePlace) what() string {
	if p.place.Kind == Log {
		return "what the log"
	}
	return "what the text"
}

func (p *filePlace) whose() string {
	if p.place.Kind == Log {
		return "the log"
	}
	return "the text"
}

// close ends the place of a text.
func (p *filePlace) close() {
	if p.undated {
		p.readOf(p.place.Name, nil, []string{"when this was seen: the dates are judged as of now"})
	}
	p.end()
}

// folded leaves out what another finding of the same text brings about: a log line that names the
// cause beats the symptom that a handshake shows.
func folded(all []finding.Finding) []finding.Finding {
	files, certificate := false, false
	for _, f := range all {
		if f.Severity != finding.Error {
			continue
		}
		switch f.Code {
		case finding.KeyMissing, finding.KeyUnreadable, finding.KeyEncrypted, finding.KeyDoesNotMatch, finding.CertificateFileMissing, finding.CertificateNotLoaded, finding.OutdatedConfiguration:
			files = files || f.Facts.Product != "" || f.Facts.Text != ""
		}
		switch familyOf(f.Code) {
		case finding.Trust, finding.Names, finding.Time:
			certificate = certificate || f.Code != finding.ClientRefusedCertificate
		}
	}
	return slices.DeleteFunc(all, func(f finding.Finding) bool {
		switch f.Code {
		case finding.HandshakeRefused, finding.NoCommonCipher, finding.PortSpeaksPlaintext, finding.WrongEncryptionType, finding.StartTLSNotOffered, finding.StartTLSRefused, finding.HandshakeDropped, finding.ClientTooOld, finding.HandshakeTimeout, finding.PortClosed:
			return files
		case finding.ClientRefusedCertificate:
			return certificate
		}
		return false
	})
}

// rootless is the finding about a program that does not know an issuer whose chain is complete and
// trusted here: it is the program's store that lacks the root.
func rootless(claim finding.Finding, c capture.Claim) finding.Finding {
	f := finding.New(finding.RootMissingOnDevice, fmt.Sprintf("the store that %s used lacks the root of this chain, which is complete and ends at a root that is trusted here", c.By))
	f.Evidence = append([]string{claim.Summary}, claim.Evidence...)
	f.Facts = claim.Facts
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditTrustRoot, Text: "with that root in its store the program would accept the chain"}
	return f
}

// aboutTheRoot reports whether a code is what a program says whose store lacks the root.
func aboutTheRoot(c finding.Code) bool {
	return c == finding.IssuerUnknown || c == finding.IssuerNotTrusted || c == finding.SelfSigned || c == finding.MissingIntermediate
}

// aboutTrust reports whether a program says that it does not know who issued.
func aboutTrust(c capture.Claim) bool {
	return aboutTheRoot(c.Code()) && c.Code() != finding.SelfSigned || c.Code() == finding.RootMissingOnDevice
}

// needsTheRest reports whether a finding rests on certificates that were sent and are not shown.
func needsTheRest(f finding.Finding) bool {
	info, _ := finding.Lookup(f.Code)
	alone := f.Code == finding.SelfSigned || f.Code == finding.DefaultInstallationCertificate
	return info.Family == finding.Trust && !alone || f.Code == finding.Unexplained
}

// covered reports whether an error of the family was found.
func covered(found []finding.Finding, family finding.Family) bool { return worstOf(found, family) }

func worstOf(found []finding.Finding, family finding.Family) bool {
	return slices.ContainsFunc(found, func(f finding.Finding) bool {
		return familyOf(f.Code) == family && f.Severity == finding.Error
	})
}

// visible drops what another finding of the same place brings about. What one connection hides another
// may have shown.
func visible(fs []finding.Finding) []finding.Finding {
	codes := finding.Codes(fs)
	return slices.DeleteFunc(fs, func(f finding.Finding) bool { return !finding.VisibleBy(finding.Folds, f.Code, codes) })
}

// rank puts what is said for sure before what may have several causes, and what says only that
// something failed last.
func rank(c capture.Claim) int {
	switch {
	case c.Vague > 0:
		return 1 + c.Vague
	case len(c.Codes) > 1:
		return 1
	}
	return 0
}
