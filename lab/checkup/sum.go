package checkup

import (
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// sum makes the answer of what was seen and read.
func (x *examination) sum() (Answer, error) {
	a := &x.answer
	for i := range x.given {
		x.weigh(&x.given[i])
		for _, problem := range x.given[i].problems {
			if x.several() {
				problem = "in " + x.given[i].Name + ": " + problem
			}
			a.Problems = append(a.Problems, problem)
		}
	}
	for i := range x.survey.Observations {
		if o := diagnose.Judged(x.survey, i); o.TLS != nil && len(o.TLS.Chain) > 0 {
			x.seen[i].Certificate = a.present(o.TLS.Chain[0], o.At)
			x.secondOpinion(&x.seen[i], o.TLS.Chain, o.At)
		}
	}
	a.Places = slices.Concat(x.seen, x.given)
	if a.Places == nil {
		a.Places = []Place{}
	}
	if a.About == "" {
		a.About = x.about()
	}
	a.conclude(x.open)
	a.Causes = causes(a.Places)
	if len(a.Causes) > 0 {
		var found []finding.Code
		for _, c := range a.Causes {
			found = append(found, c.Code)
		}
		book, err := remedy.OpenAbout(found...)
		if err != nil {
			return Answer{}, fmt.Errorf("the remedies cannot be read: %w", err)
		}
		for i := range a.Causes {
			a.Causes[i].advise(book, a.Host)
			a.Causes[i].doubt(a.Host)
		}
		together(a.Causes)
	}
	a.Jobs = jobs(a.Causes)
	return *a, nil
}

// about returns what the answer is about: the host that was looked at or told, or the first file.
func (x *examination) about() string {
	e := x.evidence
	switch {
	case e.Target != nil:
		return e.Target.Host
	case e.Survey != nil, len(e.Texts) > 0 && x.answer.Host != "":
		if x.answer.Host != "" {
			return x.answer.Host
		}
	}
	for _, p := range x.given {
		return p.Name
	}
	return ""
}

// conclude gives the verdict: fail where any place has an error, ok where every place asked for was
// judged, and otherwise unjudged, with what is open.
func (a *Answer) conclude(open []string) {
	a.Verdict, a.Judged = OK, []string{}
	judged := 0
	// Beside a server that was seen, a log is asked why something fails: where nothing does, it may be
	// silent. It is said all the same.
	seen := slices.ContainsFunc(a.Places, func(p Place) bool { return p.Kind == Connection && p.Verdict == OK })
	for _, p := range a.Places {
		switch {
		case p.Absent:
			continue
		case p.Verdict == Fail:
			a.Verdict = Fail
		case p.Verdict == Unjudged && a.Verdict == OK && !(p.Kind == Log && seen):
			a.Verdict = Unjudged
		}
		if p.Verdict != Unjudged {
			judged++
		}
		for _, words := range p.Judged {
			a.Judged = append(a.Judged, p.Name+": "+words)
		}
		for _, words := range p.NotJudged {
			a.NotJudged = append(a.NotJudged, p.Name+": "+words)
		}
	}
	a.NotJudged = append(a.NotJudged, open...)
	switch {
	case len(open) > 0 && a.Verdict == OK:
		a.Verdict = Unjudged
	case len(a.Problems) > 0:
		a.Verdict = Fail
	case judged == 0 && a.Verdict == OK:
		a.Verdict = Unjudged
	}
	if a.Verdict == Unjudged && len(a.NotJudged) == 0 {
		a.NotJudged = append(a.NotJudged, a.About+": nothing of it could be looked at")
	}
}
