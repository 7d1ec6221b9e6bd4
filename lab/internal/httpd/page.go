package httpd

import (
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

// Bounds of the page, whatever was sent to the mailbox.
const (
	maxEntries = 100
	maxWords   = 200 // characters of a subject or a sender
)

type page struct {
	Hostname string
	Address  string
	Root     bool
	Messages []entry
	Older    int // how many there are besides
}

type entry struct {
	Subject string
	From    string
	Date    time.Time
}

// list takes the newest messages, the last one first.
func (p *page) list(store *mailbox.Store) {
	inbox := store.Inbox()
	all := store.Sizes(inbox)
	for i := len(all) - 1; i >= 0 && len(p.Messages) < maxEntries; i-- {
		m, release, err := store.Open(inbox, all[i].UID)
		if err != nil {
			continue // it is gone since
		}
		p.Messages = append(p.Messages, entry{Subject: visible(m.Subject()), From: visible(m.Header("From")), Date: m.Date})
		release()
	}
	p.Older = max(0, len(all)-maxEntries)
}

// visible shortens what a sender wrote, and escapes what a reader would not see: control characters,
// those that turn the direction of the text, bytes that are no UTF-8.
func visible(s string) string {
	var b strings.Builder
	n := 0
	for at, r := range s {
		if n == maxWords {
			return b.String() + "…"
		}
		n++
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[at:], string(utf8.RuneError)):
			fmt.Fprintf(&b, `\x%02x`, s[at])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

func (p page) write(w io.Writer) error {
	t, err := template.New("inbox").Parse(source)
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}

const source = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lab webmail</title>
<style>
:root { color-scheme: light dark; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
header { padding: 1.5rem 1rem; background: #1f4e79; color: #fff; }
header h1, header p { max-width: 44rem; margin: 0 auto; }
header h1 { font-size: 1.4rem; }
header p { opacity: .85; }
main { max-width: 44rem; margin: 0 auto; padding: 1rem; }
ul { list-style: none; margin: 0; padding: 0; }
li { padding: .75rem 0; border-bottom: 1px solid color-mix(in srgb, CanvasText 18%, transparent); }
li strong, li span { display: block; overflow-wrap: anywhere; }
li span { font-size: .85rem; opacity: .75; }
aside { margin-top: 2rem; padding: .75rem 1rem; border-left: 4px solid #b35900; font-size: .9rem; }
</style>
</head>
<body>
<header><h1>Lab webmail</h1><p>{{.Address}} on {{.Hostname}}</p></header>
<main>
{{if .Messages}}<ul>
{{range .Messages}}<li><strong>{{or .Subject "(no subject)"}}</strong><span>{{.From}}</span><span><time datetime="{{.Date.Format "2006-01-02T15:04:05Z07:00"}}">{{.Date.Format "2 January 2006, 15:04"}}</time></span></li>
{{end}}</ul>
{{if .Older}}<p>Older ones: {{.Older}}.</p>{{end}}{{else}}<p>No mail yet.</p>{{end}}
{{if .Root}}<aside><a href="/root.cer">Download the lab's root certificate</a>. Install it on test devices only, and remove it afterwards: whoever holds its key can impersonate the sites it covers.</aside>{{end}}
</main>
</body>
</html>
`
