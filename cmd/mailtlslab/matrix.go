package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/account"
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
func writeMatrix(w io.Writer, p terminal.Palette, width int, r verify.Report) {
	beside := width >= roomForCures
	t := newTable(w)
	header := append(table.Row{"", "scenario"}, endpointHeads()...)
	if beside {
		header = append(header, "found → cured by")
	}
	t.AppendHeader(header)
	digits := 0
	for _, row := range r.Rows {
		digits = max(digits, len(numberWord(row.Number)))
	}
	for _, row := range r.Rows {
		id := row.ID
		if !beside && !(row.OK() && len(row.CuredBy()) == 0) {
			for _, l := range folded(outcomes(row), belowID) {
				id += "\n  " + p.Faint(l)
			}
		}
		cells := table.Row{fmt.Sprintf("%*s", digits, numberWord(row.Number)), id}
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
			l = terminal.Wrap(l, width-2, "  ")
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
func mark(p terminal.Palette, row verify.Row, e account.Endpoint) string {
	i := slices.IndexFunc(row.Cells, func(c verify.Cell) bool { return c.Endpoint == e })
	switch {
	case row.Unavailable != "":
		return p.Faint("n/a")
	case i < 0:
		return p.Faint("·")
	case !row.Cells[i].OK():
		return p.Red("✗")
	case row.Unexpecting && len(row.Cells[i].Found) > 0:
		return p.Yellow("•")
	case len(row.Cells[i].Found) == 0:
		return p.Green("ok")
	}
	return p.Green("✓")
}

// outcomes says what was found in a row, and on a line of its own each what cured it.
func outcomes(row verify.Row) []string {
	found, cures := found(row), row.CuredBy()
	if len(found) == 1 && len(cures) == 1 {
		return []string{found[0] + " → " + cures[0]}
	}
	out := []string{strings.Join(found, ", ")}
	for _, c := range cures {
		out = append(out, "→ "+c)
	}
	return out
}

// found lists what was found in a row, or says in a word why nothing was.
func found(row verify.Row) []string {
	codes := row.Found()
	switch {
	case row.Unavailable != "":
		return []string{"unavailable here"}
	case row.Environment != "":
		return []string{"not judged"}
	case row.Problem != "":
		return []string{"not served"}
	case len(codes) == 0:
		return []string{"clean"}
	}
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = string(c)
	}
	return out
}

// writeSummary says what was not as expected, and ends with the whole in one line.
func writeSummary(w io.Writer, p terminal.Palette, r verify.Report, took time.Duration) {
	for _, row := range r.Rows {
		if row.Unavailable != "" {
			fmt.Fprintf(w, "%s %s is unavailable here: %s\n", p.Faint("·"), row.ID, terminal.Line(row.Unavailable))
		}
		writeAgain(w, p, row)
		for _, problem := range row.Problems() {
			fmt.Fprintf(w, "%s %s%s\n", p.Red("✗"), row.ID, terminal.Line(problem))
		}
	}
	sum := r.Count()
	if sum.Unjudged > 0 {
		fmt.Fprintln(w, p.Red(fmt.Sprintf("%d of %s could not be judged", sum.Unjudged, count(sum.Scenarios, "scenario"))))
	}
	if sum.Bad > 0 {
		fmt.Fprintln(w, p.Red(fmt.Sprintf("%d of %s not as expected", sum.Bad, count(sum.Scenarios, "scenario"))))
	}
	if sum.Bad+sum.Unjudged > 0 {
		return
	}
	end := "all as expected"
	if sum.Unexpecting > 0 {
		end = fmt.Sprintf("%s without an expectation", count(sum.Unexpecting, "scenario"))
		if sum.Unexpecting < sum.Scenarios {
			end += ", the rest as expected"
		}
	}
	fmt.Fprintln(w, p.Green(fmt.Sprintf("%s, %s, %s: %s, in %.1f s",
		count(sum.Scenarios, "scenario"), count(sum.Endpoints, "endpoint"), count(sum.Cures, "cure"), end, took.Seconds())))
}

// writeAgain says that there was a second look, and why.
func writeAgain(w io.Writer, p terminal.Palette, row verify.Row) {
	if len(row.Again) == 0 {
		return
	}
	end := "and was as expected then"
	if !row.OK() {
		end = "and was not as expected then either"
	}
	fmt.Fprintf(w, "%s %s was looked at again alone with more time, %s; at first:\n", p.Yellow("↻"), row.ID, end)
	for _, problem := range row.Again {
		fmt.Fprintf(w, "    %s\n", terminal.Line(problem))
	}
}

// count returns a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
