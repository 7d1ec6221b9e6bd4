package main

import (
	"bytes"
	"fmt"
	"html"
	"strings"
	"testing"
)

// pictured are the scenarios on the picture of the matrix: one of most families.
var pictured = []string{
	"ok-full-chain", "missing-intermediate", "wrong-host-single", "expired-leaf", "rsa-1024-leaf", "eku-client-auth-only", "revoked-by-crl",
	"tls10-only", "starttls-not-offered", "starttls-refused", "implicit-on-starttls-port", "captive-portal-plain-http",
}

// matrixPicture draws what "verify" prints of some scenarios, as a terminal shows it.
func matrixPicture(t *testing.T) []byte {
	t.Setenv("COLUMNS", "")
	r := invoke(t, append([]string{"verify"}, pictured...)...)
	if r.code != exitOK {
		t.Fatalf("%+v", r)
	}
	table, _, _ := strings.Cut(r.out, "\n\n") // the time that it took is another one each time
	lines := append([]string{"$ mailtlslab verify"}, strings.Split(table, "\n")...)
	const advance, leading, margin = 8.43, 19, 16
	columns := 0
	for _, l := range lines {
		columns = max(columns, len([]rune(l)))
	}
	width, height := int(float64(columns)*advance)+2*margin, len(lines)*leading+2*margin
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img" aria-label="What mailtlslab verify prints">
<rect width="%[1]d" height="%[2]d" rx="8" fill="#10151c"/>
<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" fill="#d7dde5">
`, width, height)
	for i, l := range lines {
		text := strings.ReplaceAll(html.EscapeString(l), " ", "\u00a0") // which every viewer keeps
		text = strings.ReplaceAll(text, "✓", `<tspan fill="#5fd38d">✓</tspan>`)
		text = strings.ReplaceAll(text, "·", `<tspan fill="#66707c">·</tspan>`)
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\">%s</text>\n", margin, margin+leading*(i+1)-5, text)
	}
	b.WriteString("</g>\n</svg>\n")
	return b.Bytes()
}
