package checkup

import (
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// transcript judges what another program printed: the certificates by the rules, the rest by its
// word.
func (x *examination) transcript(f File) error {
	p := x.begin(Transcript, f.Name)
	t, err := capture.ReadTranscript(f.Data, x.evidence.Host)
	if err != nil {
		return unreadable(f, err)
	}
	p.readOf(f.Name, t.Read, t.NotRead)
	p.place.settings = t.Settings
	if h := t.Settings.Host; h != "" && account.CheckHost(h) != nil {
		p.readOf(f.Name, nil, []string{fmt.Sprintf("the host: %q can be none", finding.Clip(h))})
		p.place.settings.Host, t.Settings.Host = "", ""
	}
	if h := p.place.settings.Host; h != "" {
		if x.answer.Host == "" {
			x.answer.Host = h
		}
		p.place.Endpoint = t.Settings.Endpoint
		p.place.Target = t.Settings.Target()
	}
	at := x.evidence.At
	if at.IsZero() {
		at = t.At
	}
	if at.IsZero() {
		if len(t.Chain) > 0 || !t.Leaf.NotAfter.IsZero() {
			p.readOf(f.Name, nil, []string{"when this was seen: the dates are judged as of now"})
		}
		at = x.now()
	}
	var j chain.Judgement
	if len(t.Chain) > 0 {
		j = p.judge(t.Chain, at)
		if !t.Whole {
			p.place.Path = nil
			p.place.Findings = slices.DeleteFunc(p.place.Findings, needsTheRest)
			p.place.Judged = nil
			p.place.NotJudged = append(p.place.NotJudged, "the chain: the certificates that came with the leaf are not shown")
		}
	}
	for _, claim := range t.Findings(at) {
		p.claim(claim, t, j)
	}
	p.place.Findings = visible(p.place.Findings)
	switch {
	case t.Accepted:
		p.place.Judged = append(p.place.Judged, string(t.Tool)+"'s own word: it accepted the certificate")
	case len(p.place.Findings) > 0 && len(p.place.Judged) == 0 && finding.Worst(p.place.Findings) == finding.Error:
		p.place.Judged = append(p.place.Judged, "what the text says went wrong")
	case len(p.place.Judged) == 0:
		p.place.NotJudged = append(p.place.NotJudged, "the text shows no chain to judge, and no word of a tool that it accepted or refused one")
	}
	p.end()
	return nil
}

// claim takes a tool's word for a fault. Where the rules found a fault of the same family they are
// the more exact; where they found none, its word stands: another program refused what these rules
// accept, and that is never nothing.
func (p *filePlace) claim(f finding.Finding, t capture.Transcript, j chain.Judgement) {
	info, _ := finding.Lookup(f.Code)
	switch {
	case covered(p.place.Findings, info.Family):
	case t.Whole && aboutTheRoot(f.Code) && !worstOf(j.Findings, finding.Trust):
		p.add(rootlessTool(f, t))
	default:
		p.add(f)
	}
}

// aboutTheRoot reports whether a code is what a program says whose store lacks the root.
func aboutTheRoot(c finding.Code) bool {
	return c == finding.IssuerUnknown || c == finding.IssuerNotTrusted || c == finding.SelfSigned
}

// rootlessTool is the finding about a program that does not know an issuer whose chain is complete
// and trusted here: it is the program's store that lacks the root.
func rootlessTool(claim finding.Finding, t capture.Transcript) finding.Finding {
	f := finding.New(finding.RootMissingOnDevice, fmt.Sprintf("the store that %s used lacks the root of this chain, which is complete and ends at a root that is trusted here", t.Tool))
	f.Evidence = append([]string{claim.Summary}, claim.Evidence...)
	f.Facts = claim.Facts
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditTrustRoot, Text: "with that root in its store the program would accept the chain"}
	return f
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
		info, _ := finding.Lookup(f.Code)
		return info.Family == family && f.Severity == finding.Error
	})
}

// visible drops what another finding of the same place brings about or hides.
func visible(fs []finding.Finding) []finding.Finding {
	codes := finding.Codes(fs)
	return slices.DeleteFunc(fs, func(f finding.Finding) bool { return !finding.Visible(f.Code, codes) })
}
