package integration

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// report is the table of what was proven, in the order of products and faults: a test binary
// prints one.
var report rows

type rows struct {
	mu  sync.Mutex
	all []row
}

// A row is one fault on one port of a server.
type row struct {
	server, fault string
	port          int
	before        string // what was found
	action        string // what the diagnosis chose, and what was done
	after         string
	took          time.Duration // of the whole round, all ports together
	skipped       string        // why it cannot be planted there
}

func (r *rows) add(one row) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, one)
}

// addPorts adds the same row for each port of an account.
func (r *rows) addPorts(accounts []account.Settings, one row) {
	for _, set := range accounts {
		one.port = set.Port
		r.add(one)
	}
}

// A round is what was seen of one fault so far.
type round struct {
	accounts []account.Settings
	before   View
	in       within
	offered  []chosen
	clean    bool // every port, after every cure
}

// addRound adds a row for each port, of a round that failed too.
func (r *rows) addRound(s *subject, f fault, seen *round, took time.Duration) {
	for i, set := range seen.accounts {
		one := row{server: s.Name, fault: f.name, port: set.Port, action: chosenOn(seen.offered, i), before: "FAILED", after: "FAILED", took: took}
		if len(seen.before.Report.Endpoints) > i && len(seen.in.beside.Report.Endpoints) > i {
			one.before = told(seen.before.Report.Endpoints[i], seen.in.beside.Report.Endpoints[i], seen.in.pair)
		}
		if seen.clean {
			one.after = "clean"
		}
		r.add(one)
	}
}

// told says what was found on an endpoint, and in the files where that says more.
func told(wire, beside diagnose.Endpoint, pair []finding.Finding) string {
	on := sorted(finding.Codes(wire.Findings))
	parts := []string{on}
	if more := sorted(finding.Codes(beside.Findings)); more != on {
		parts = append(parts, "beside the file: "+more)
	}
	if more := sorted(finding.Codes(pair)); more != "" && more != on {
		parts = append(parts, "in the files: "+more)
	}
	switch {
	case on == "" && len(parts) > 1:
		parts[0] = "clean, by the old pair"
	case on == "":
		parts[0] = "clean"
	}
	return strings.Join(parts, "; ")
}

// write prints the table, and what it comes to when the whole run went well.
func (r *rows) write(w io.Writer, well bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) == 0 {
		return
	}
	order := map[string]int{}
	for i, p := range Products() {
		order[p.Name] = i
	}
	last := len(order)
	rank := func(one row) int {
		if i, ok := order[one.server]; ok {
			return i
		}
		return last
	}
	slices.SortStableFunc(r.all, func(a, b row) int { return rank(a) - rank(b) })
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.SetStyle(table.StyleDefault)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.Style().Format.Header = text.FormatDefault
	t.SetColumnConfigs([]table.ColumnConfig{
		{Name: "port", Align: text.AlignRight},
		{Name: "before", WidthMax: 46, WidthMaxEnforcer: text.WrapSoft},
		{Name: "action", WidthMax: 26, WidthMaxEnforcer: text.WrapSoft},
		{Name: "seconds", Align: text.AlignRight},
	})
	t.AppendHeader(table.Row{"server", "fault", "port", "before", "action", "after", "seconds"})
	ports, skipped := 0, 0
	for _, one := range r.all {
		if one.skipped != "" {
			skipped++
			t.AppendRow(table.Row{one.server, one.fault, "-", "cannot be planted: " + one.skipped, "", "", ""})
			continue
		}
		ports++
		t.AppendRow(table.Row{one.server, one.fault, one.port, one.before, cmp.Or(one.action, "-"), one.after, fmt.Sprintf("%.1f", one.took.Seconds())})
	}
	t.Render()
	if !well {
		fmt.Fprintln(w, "not all went as it should: see above")
		return
	}
	fmt.Fprintf(w, "%d faults on real ports, each diagnosed, cured and clean; %d cannot be planted, with the reason\n", ports, skipped)
}
