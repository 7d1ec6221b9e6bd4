package checkup

import (
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// jobs returns what has to be done, each once. The first deed of each cause is the one that is
// recommended, unless a new certificate ends the cause and is needed for another one anyway. Deeds
// that are the same, and those that one new certificate does, are one job.
func jobs(causes []Cause) []Job {
	var out []Job
	reissue := 0
	for _, c := range causes {
		if c.Severity != finding.Note && !c.undecided() && slices.ContainsFunc(c.Deeds, Deed.reissues) {
			reissue++
		}
	}
	for _, c := range causes {
		if len(c.Deeds) == 0 || c.Severity == finding.Note || c.undecided() {
			continue
		}
		d := c.Deeds[0]
		if i := slices.IndexFunc(c.Deeds, Deed.reissues); i > 0 && reissue > 1 {
			d = c.Deeds[i]
		}
		at := slices.IndexFunc(out, func(j Job) bool { return j.does(d) })
		if at < 0 {
			out = append(out, Job{Party: d.Party})
			at = len(out) - 1
		}
		out[at].Cures = append(out[at].Cures, c.Code)
		if !slices.ContainsFunc(out[at].Deeds, func(e Deed) bool { return e.Words == d.Words }) {
			out[at].Deeds = append(out[at].Deeds, d)
		}
	}
	for i := range out {
		out[i].Words = out[i].words()
	}
	return out
}

// undecided reports whether the evidence leaves open which of two deeds would end a cause: nobody
// should order a certificate before it is known that the intermediate is not what is missing, or for
// words that may mean something else.
func (c Cause) undecided() bool {
	return c.Likely || c.Code == finding.IssuerUnknown && !slices.ContainsFunc(c.Cases, func(o Case) bool { return o.Finding.Facts.Detail != "" })
}

func (d Deed) reissues() bool { return d.Action.Kind.Reissues() }

// does reports whether a job does a deed as well.
func (j Job) does(d Deed) bool {
	for _, e := range j.Deeds {
		if e.Words == d.Words || e.reissues() && d.reissues() {
			return true
		}
	}
	return false
}

// words says what the job is. Of several that one new certificate does, it says what must be right
// about it.
func (j Job) words() string {
	if len(j.Deeds) == 1 {
		return j.Deeds[0].Words
	}
	var names []string
	var must []string
	for _, d := range j.Deeds {
		for _, n := range d.Action.Names {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
		if w := requirement(d.Action.Kind); w != "" && !slices.Contains(must, w) {
			must = append(must, w)
		}
	}
	out := "install one new certificate"
	if len(names) > 0 {
		out += " for " + finding.Clip(strings.Join(names, ", "))
	}
	if len(must) > 0 {
		out += ", " + strings.Join(must, ", ")
	}
	return out
}

// requirement says what a new certificate must be, for an action that asks for one.
func requirement(k action.Kind) string {
	switch k {
	case action.ReissueTrusted, action.InstallReal:
		return "issued by a CA that clients trust"
	case action.ReissueKey, action.ReplaceRevoked:
		return "with a new key"
	case action.ReissueUsage:
		return "for servers (serverAuth)"
	case action.ReissueClient:
		return "for clients (clientAuth)"
	case action.ReissueLeaf:
		return "as an end-entity certificate"
	case action.Reinstall:
		return "signed with SHA-256"
	}
	return ""
}
