package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/verify"
)

// Widths of the matrix, in columns.
const (
	roomForCures = 116 // from here on, what was found and what cured it have a column
	belowID      = 36  // a line below an id, so that the endpoints still fit beside it in 80
	besideMarks  = 46  // a line of the last column, so that the whole fits in 120
)

// writeMatrix prints a row a scenario and a column an endpoint, with what was found and what
// cured it: at the end of the row, or below its id where the terminal is narrow.
func writeMatrix(w io.Writer, p palette, width int, r verify.Report) {
	beside := width >= roomForCures
	t := newTable(w)
	header := append(table.Row{"", "scenario"}, endpointHeads()...)
	if beside {
		header = append(header, "found → cured by")
	}
	t.AppendHeader(header)
	for _, row := range r.Rows {
		id := row.ID
		if !beside && !(row.OK() && len(curedBy(row)) == 0) {
			for _, l := range folded(outcomes(row), belowID) {
				id += "\n  " + p.faint(l)
			}
		}
		cells := table.Row{row.Number, id}
		for _, e := range account.Endpoints() {
			cells = append(cells, mark(p, row, e))
		}
		if beside {
			cells = append(cells, strings.Join(folded(outcomes(row), besideMarks), "\n"))
		}
		t.AppendRow(cells)
	}
	t.Render()
	fmt.Fprintln(w)
}

// folded breaks the lines that are wider than width, and indents what is left of them.
func folded(lines []string, width int) []string {
	var out []string
	for _, l := range lines {
		if utf8.RuneCountInString(l) > width {
			l = wrap(l, width-2, "  ")
		}
		out = append(out, strings.Split(l, "\n")...)
	}
	return out
}

// newTable returns a table without lines, one blank between columns, so that it fits.
func newTable(w io.Writer) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", " "
	style.Format.Header = 0
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	return t
}

// endpointHeads are the heads of the endpoints' columns: the name, shortened where it is long,
// over the standard port.
func endpointHeads() table.Row {
	var out table.Row
	for _, e := range account.Endpoints() {
		name := string(e)
		if len(name) > 5 {
			name = name[:3] + "."
		}
		out = append(out, fmt.Sprintf("%s\n%d", name, e.Port()))
	}
	return out
}

// mark is one cell of the matrix: as expected or not, and not served.
func mark(p palette, row verify.Row, e account.Endpoint) string {
	i := slices.IndexFunc(row.Cells, func(c verify.Cell) bool { return c.Endpoint == e })
	switch {
	case row.Unavailable != "":
		return p.faint("n/a")
	case i < 0:
		return p.faint("·")
	case !row.Cells[i].OK():
		return p.red("✗")
	case row.Unexpecting && len(row.Cells[i].Found) > 0:
		return p.yellow("•")
	case len(row.Cells[i].Found) == 0:
		return p.green("ok")
	}
	return p.green("✓")
}

// outcomes says what was found in a row, and on a line of its own each what cured it.
func outcomes(row verify.Row) []string {
	found, cures := found(row), curedBy(row)
	if len(found) == 1 && len(cures) == 1 {
		return []string{found[0] + " → " + cures[0]}
	}
	out := []string{strings.Join(found, ", ")}
	for _, c := range cures {
		out = append(out, "→ "+c)
	}
	return out
}

// found lists what was found in a row, each code once.
func found(row verify.Row) []string {
	var out []string
	for _, c := range row.Cells {
		for _, code := range c.Found {
			if !slices.Contains(out, string(code)) {
				out = append(out, string(code))
			}
		}
	}
	switch {
	case row.Unavailable != "":
		return []string{"unavailable here"}
	case row.Problem != "":
		return []string{"not served"}
	case len(out) == 0:
		return []string{"clean"}
	}
	return out
}

// curedBy lists what cured a row, each kind of action once, with what it left where it left anything.
func curedBy(row verify.Row) []string {
	var out []string
	for _, c := range row.Cells {
		for _, cure := range c.Cures {
			words := string(cure.Action.Kind)
			if len(cure.Left) > 0 {
				words += " (leaves " + joinCodes(cure.Left) + ")"
			}
			if !slices.Contains(out, words) {
				out = append(out, words)
			}
		}
	}
	return out
}

func joinCodes(codes []finding.Code) string {
	var out []string
	for _, c := range codes {
		out = append(out, string(c))
	}
	return strings.Join(out, ", ")
}

// writeSummary says what was not as expected, and ends with the whole in one line.
func writeSummary(w io.Writer, p palette, r verify.Report, took time.Duration) {
	bad, cells, cures := 0, 0, 0
	for _, row := range r.Rows {
		if row.Unavailable != "" {
			fmt.Fprintf(w, "%s %s is unavailable here: %s\n", p.faint("·"), row.ID, line(row.Unavailable))
		}
		for _, c := range row.Cells {
			cells++
			cures += len(c.Cures)
		}
		writeAgain(w, p, row)
		if row.OK() {
			continue
		}
		bad++
		if row.Problem != "" {
			fmt.Fprintf(w, "%s %s: %s\n", p.red("✗"), row.ID, line(row.Problem))
		}
		for _, c := range row.Cells {
			for _, problem := range c.Problems {
				fmt.Fprintf(w, "%s %s on %s: %s\n", p.red("✗"), row.ID, c.Endpoint, line(problem))
			}
		}
	}
	if bad > 0 {
		fmt.Fprintln(w, p.red(fmt.Sprintf("%d of %s not as expected", bad, count(len(r.Rows), "scenario"))))
		return
	}
	fmt.Fprintln(w, p.green(fmt.Sprintf("%s, %s, %s: all as expected, in %.1f s",
		count(len(r.Rows), "scenario"), count(cells, "endpoint"), count(cures, "cure"), took.Seconds())))
}

// writeAgain says that there was a second look, and why.
func writeAgain(w io.Writer, p palette, row verify.Row) {
	if len(row.Again) == 0 {
		return
	}
	end := "and was as expected then"
	if !row.OK() {
		end = "and was not as expected then either"
	}
	fmt.Fprintf(w, "%s %s was slow, was looked at again alone with more time, %s; at first:\n", p.yellow("↻"), row.ID, end)
	for _, problem := range row.Again {
		fmt.Fprintf(w, "    %s\n", line(problem))
	}
}

// count returns a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
