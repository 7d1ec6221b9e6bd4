package lesson

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// Columns is how wide the text of a drawing may be.
const Columns = 78

// column is how wide the names of a drawing may be, so that role and place fit beside them.
const column = 33

// Text returns the drawing as lines, from the leaf up, of at most Columns characters. The names in
// it are safe to print if safe makes them so; paint colours what is wrong.
func (d Drawing) Text(safe, paint func(string) string) []string {
	all := slices.Concat(d.Nodes, d.Beside)
	width := 0
	for _, n := range all {
		width = max(width, utf8.RuneCountInString(short(safe(n.Name))))
	}
	var out []string
	row := func(n Node) {
		text := fmt.Sprintf("%-12s  %-*s  %s", n.Role, width, short(safe(n.Name)), n.Where())
		marks := marked(n.Marks)
		if marks != "" && utf8.RuneCountInString(text)+2+utf8.RuneCountInString(marks) <= Columns {
			out = append(out, text+"  "+paint(marks))
			return
		}
		out = append(out, text)
		if marks != "" {
			out = append(out, marksBelow(n.Marks, strings.Repeat(" ", 14), paint)...)
		}
	}
	for i, n := range d.Nodes {
		switch {
		case n.Broken:
			out = append(out, paint("╳"))
		case i > 0:
			out = append(out, "│")
		}
		row(n)
	}
	if len(d.Beside) > 0 && len(d.Nodes) > 0 {
		out = append(out, "")
	}
	for _, n := range d.Beside {
		row(n)
	}
	return append(out, marksBelow(d.Marks, "", paint)...)
}

// marksBelow returns marks on lines of their own, as many on each as fit.
func marksBelow(codes []finding.Code, indent string, paint func(string) string) []string {
	var out []string
	for len(codes) > 0 {
		n := 1
		for n < len(codes) && len(indent)+utf8.RuneCountInString(marked(codes[:n+1])) <= Columns {
			n++
		}
		out = append(out, indent+paint(marked(codes[:n])))
		codes = codes[n:]
	}
	return out
}

func marked(codes []finding.Code) string {
	if len(codes) == 0 {
		return ""
	}
	words := make([]string, len(codes))
	for i, c := range codes {
		words[i] = string(c)
	}
	return "✗ " + strings.Join(words, ", ")
}

// short cuts a name that is too long for its column.
func short(name string) string {
	if r := []rune(name); len(r) > column {
		return string(r[:column-1]) + "…"
	}
	return name
}

// Endpoints lists endpoints as a sentence does.
func Endpoints(on []account.Endpoint) string {
	if len(on) == len(account.Endpoints()) {
		return "all seven endpoints"
	}
	words := make([]string, len(on))
	for i, e := range on {
		words[i] = string(e)
	}
	return finding.AndList(words)
}
