package checkup

import (
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// causes gathers the findings of all places, each code once: mostly one thing on every port,
// sometimes another certificate on each. Errors come first, then warnings, then notes; among them
// the vocabulary's order stands.
func causes(places []Place) []Cause {
	var out []Cause
	for _, p := range places {
		for _, f := range p.Findings {
			if f.Code == finding.NotOffered {
				continue
			}
			at := slices.IndexFunc(out, func(c Cause) bool { return c.Code == f.Code })
			if at < 0 {
				out = append(out, Cause{Code: f.Code, Title: title(f), Severity: f.Severity})
				at = len(out) - 1
			}
			out[at].Severity = finding.Worst([]finding.Finding{f, {Severity: out[at].Severity}})
			out[at].add(f, p)
		}
	}
	weight := []finding.Severity{finding.Error, finding.Warning, finding.Note}
	slices.SortStableFunc(out, func(a, b Cause) int {
		return slices.Index(weight, a.Severity) - slices.Index(weight, b.Severity)
	})
	return out
}

// title returns the title of a finding: its code's, but where the certificate is a client's.
func title(f finding.Finding) string {
	if f.Facts.Detail == finding.DetailForClients {
		if f.Code == finding.IntermediateWrongPurpose {
			return "An intermediate may not issue for clients"
		}
		return "The certificate is not meant for clients"
	}
	info, _ := finding.Lookup(f.Code)
	return info.Title
}

func (c *Cause) add(f finding.Finding, p Place) {
	at := slices.IndexFunc(c.Cases, func(o Case) bool {
		// What a file says is evidence of its own, unless it is word for word the same.
		return alike(o.Finding, f) && (o.kind == Connection && p.Kind == Connection || o.Summary == f.Summary)
	})
	if at < 0 {
		c.Cases = append(c.Cases, Case{Finding: f, Summary: f.Summary, settings: p.settings, kind: p.Kind, greeting: p.greeting})
		at = len(c.Cases) - 1
	}
	if !slices.Contains(c.Cases[at].Where, p.Name) {
		c.Cases[at].Where = append(c.Cases[at].Where, p.Name)
	}
}

// alike reports whether two findings of one code are about one thing: the same certificate, or
// the same silence on another port.
func alike(a, b finding.Finding) bool {
	return a.Facts.Subject == b.Facts.Subject && a.Facts.At.Equal(b.Facts.At) && slices.Equal(a.Facts.Names, b.Facts.Names) &&
		a.Facts.Mode == b.Facts.Mode && (a.Facts.Mode == "" || a.Facts.Port == b.Facts.Port) && a.Facts.Speaks == b.Facts.Speaks
}

// advise adds what is to be done. The book takes as long to open as a connection, so it is opened
// only where something was found.
func (c *Cause) advise(book *remedy.Book, host string) {
	for _, o := range c.Cases {
		for _, a := range remedy.Actions(o.Finding, o.settings) {
			d := Deed{Action: a, Party: a.Party(), Words: a.String()}
			if !slices.ContainsFunc(c.Deeds, func(e Deed) bool { return e.Words == d.Words }) {
				c.Deeds = append(c.Deeds, d)
			}
		}
	}
	var all []action.Action
	for _, d := range c.Deeds {
		all = append(all, d.Action)
	}
	f := c.Cases[0].Finding
	f.Facts = c.facts(host)
	if advice, ok := book.Advise(f, all, product(c.Cases)); ok {
		c.Advice = &advice
	}
}

// doubt adds what else it may be: where every case rests on words that mean several things.
func (c *Cause) doubt(host string) {
	for _, o := range c.Cases {
		if len(o.Finding.Others) == 0 {
			c.Others, c.Look, c.Likely = nil, "", false
			return
		}
		where, port := o.settings.Host, o.settings.Port
		if where == "" {
			where = host
		}
		c.Look = message.Look(c.Code, where, port)
		c.Likely = c.Likely || open(append([]finding.Code{c.Code}, o.Finding.Others...))
		for _, code := range o.Finding.Others {
			if info, ok := finding.Lookup(code); ok && !slices.ContainsFunc(c.Others, func(x Other) bool { return x.Code == code }) {
				c.Others = append(c.Others, Other{Code: code, Title: info.Title, Look: message.Look(code, where, port)})
			}
		}
	}
}

// together has the advice about all causes agree, so that none takes back another's.
func together(causes []Cause) {
	var all []remedy.Advice
	for _, c := range causes {
		if c.Advice != nil {
			all = append(all, *c.Advice)
		}
	}
	all = remedy.Together(all)
	for i := range causes {
		if c := &causes[i]; c.Advice != nil {
			c.Advice, all = &all[0], all[1:]
			c.You, c.Admin = c.Advice.Short.You, c.Advice.Short.Admin
			c.between()
		}
	}
}

// product returns the program that runs the service, where the greeting of one of the connections
// tells; the facts of a log tell it themselves.
func product(cases []Case) finding.Product {
	for _, o := range cases {
		if p := remedy.ProductIn(o.greeting); p != "" {
			return p
		}
	}
	return ""
}

// facts returns what the steps may say: what holds in every case. The host that was asked about is
// named where a finding is about something else, so that the commands among the steps can be pasted.
func (c *Cause) facts(host string) finding.Facts {
	of := func(o Case) finding.Facts {
		f := o.Finding.Facts
		if f.Host == "" {
			f.Host = o.settings.Host
		}
		if f.Host == "" {
			f.Host = host
		}
		return f
	}
	f := of(c.Cases[0])
	for _, o := range c.Cases[1:] {
		g := of(o)
		if !slices.Equal(f.Names, g.Names) {
			f.Names = nil
		}
		for _, s := range []struct{ mine, other *string }{{&f.Subject, &g.Subject}, {&f.Issuer, &g.Issuer}, {&f.Host, &g.Host}} {
			if *s.mine != *s.other {
				*s.mine = ""
			}
		}
		if f.Mode != g.Mode {
			f.Mode = ""
		}
		if f.Port != g.Port {
			f.Port = 0
		}
		if f.Beside != g.Beside {
			f.Beside = 0
		}
	}
	return f
}
