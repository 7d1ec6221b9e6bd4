package verify

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// cell compares what was found on one endpoint, and carries out each remedy on its own.
func (v verifier) cell(ctx context.Context, server *lab.Server, e account.Endpoint, d lab.Device, found seen) Cell {
	start := time.Now()
	cell := Cell{Endpoint: e, Expected: server.Scenario.Expected(e), Found: finding.Codes(found.Findings), lacking: found.lacking}
	if !sameCodes(cell.Found, cell.Expected) {
		cell.Problems = append(cell.Problems, fmt.Sprintf("expected %v, found %v", cell.Expected, cell.Found))
	}
	if !found.Complete {
		cell.Problems = append(cell.Problems, "the findings do not explain everything")
	}
	for _, a := range offered(found.Findings, d.Settings) {
		cure, problem, lacking := v.cure(ctx, server, e, d, a, found)
		cell.lacking = cmp.Or(cell.lacking, lacking)
		cell.Cures = append(cell.Cures, cure)
		if problem != "" {
			cell.Problems = append(cell.Problems, fmt.Sprintf("%s: %s", a.Kind, problem))
		}
	}
	for _, f := range found.Findings {
		if f.Severity != finding.Note && len(offered([]finding.Finding{f}, d.Settings)) == 0 {
			cell.Problems = append(cell.Problems, fmt.Sprintf("no remedy is offered for %s", f.Code))
		}
	}
	if !server.Scenario.Expects() {
		cell.Problems = nil
	}
	cell.Took = found.took + time.Since(start)
	return cell
}

// cure carries one action out, looks again, and puts everything back. The action must cure what
// it was offered for, leave the rest, and serve the certificate that was meant.
func (v verifier) cure(ctx context.Context, server *lab.Server, e account.Endpoint, d lab.Device, a action.Action, before seen) (cure Cure, problem, lacking string) {
	cure.Action = a
	after, err := server.Apply(e, a, d)
	if err != nil {
		return cure, err.Error(), ifLocal(err)
	}
	if a.Kind == action.FixPublished {
		after = v.setUp(ctx, server, []lab.Device{after})[0]
	}
	looked, _ := v.asOftenAs(finding.Codes(before.Findings)).examine(ctx, []lab.Device{after})
	again := looked[0]
	meant := server.Fingerprint(e)
	if err := server.Restore(e); err != nil {
		return cure, err.Error(), ifLocal(err)
	}
	cure.Left = finding.Codes(again.Findings)
	want := left(before.Findings, a, d.Settings)
	switch {
	case !sameCodes(cure.Left, want):
		return cure, fmt.Sprintf("should leave %v, left %v", want, cure.Left), again.lacking
	case after.Settings.Port == d.Settings.Port && again.leaf != meant:
		return cure, "another certificate is served than the one that was meant", again.lacking
	}
	return cure, "", ""
}

// ifLocal returns the words of an error that is this machine's, and "" for any other.
func ifLocal(err error) string {
	if probe.IsLocalFault(err) {
		return err.Error()
	}
	return ""
}

// offered returns the actions for all findings, each once.
func offered(fs []finding.Finding, s account.Settings) []action.Action {
	var out []action.Action
	for _, f := range fs {
		for _, a := range remedy.Actions(f, s) {
			if !slices.ContainsFunc(out, func(b action.Action) bool { return reflect.DeepEqual(a, b) }) {
				out = append(out, a)
			}
		}
	}
	return out
}

// left returns the codes that a is not offered for: they must still be found after it.
func left(fs []finding.Finding, a action.Action, s account.Settings) []finding.Code {
	var out []finding.Code
	for _, f := range fs {
		if !slices.ContainsFunc(remedy.Actions(f, s), func(b action.Action) bool { return reflect.DeepEqual(a, b) }) {
			out = append(out, f.Code)
			continue
		}
		out = append(out, remedy.Leaves(f.Code, a.Kind)...)
	}
	return out
}

// sameCodes compares sets: of two findings of one code, about two certificates, a scenario names the code
// once.
func sameCodes(a, b []finding.Code) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}
