package capture

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
)

// Bounds of a text.
const (
	// MaxText is the most bytes of a text that are read: of a longer one the beginning.
	MaxText = 128 << 20
	// maxKept is how much of a text is kept to be read a second time, as a whole: what people paste
	// is shorter, and what is longer is a log, in which every line stands alone.
	maxKept = 128 << 10
	// maxUnread is how many lines that nobody read are listed.
	maxUnread = 3
)

// A reader understands the lines of some tools, and reports of each whether it is one of them.
type reader interface {
	line(line) bool
}

// ErrEmpty says that there is nothing in a text.
var ErrEmpty = errors.New("the text is empty")

// ReadText reads whatever people paste: the output of tools, logs, messages of programs, certificates,
// in any mixture and with anything around them. All readers see all of it, and each takes the lines
// that it knows. A host that is given is the one that an account has; otherwise the text may tell it.
//
// The text is read as a stream, in little memory whatever its size. The error is that of r, or
// ErrEmpty: that nothing of a text is understood is none.
func ReadText(r io.Reader, host string) (Document, error) {
	t := newTextReader()
	src := newLines(r, MaxText)
	if src.binary() {
		return Document{Binary: true, NotRead: []string{"any of it: it is no text, and no certificate in a form that is known here"}}, nil
	}
	for {
		raw, err := src.line()
		if err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return Document{}, err
		}
		for _, piece := range pieces(raw) {
			t.take(piece)
		}
	}
	if t.filled == 0 {
		return Document{}, ErrEmpty
	}
	t.end()
	if t.doc.Cut = src.cut; src.cut {
		t.doc.NotRead = append(t.doc.NotRead, fmt.Sprintf("what stands behind the first %d MB", MaxText>>20))
	}
	if src.long > 0 {
		t.doc.NotRead = append(t.doc.NotRead, fmt.Sprintf("the end of %s longer than %d kB", count(src.long, "line"), maxRaw>>10))
	}
	return t.document(host), nil
}

// textReader is the work on one text.
type textReader struct {
	*gathering
	log     *logReader
	readers []reader
	pem     pemFinder
	flow    flow
	report  report
	mailed  attachment

	filled int      // lines that are not empty
	unread []string // the first lines that nobody read
	left   int      // how many there are
	letter strings.Builder
	kept   int // bytes of letter, and more where it ended
	loose  [][]byte
}

func newTextReader() *textReader {
	g := &gathering{}
	t := &textReader{gathering: g, log: newLogReader(g)}
	t.readers = []reader{&opensslReader{gathering: g}, &gnutlsReader{gathering: g}, &curlReader{gathering: g}, &testerReader{gathering: g}, &mailerReader{gathering: g}, &eventReader{gathering: g}, &describedReader{gathering: g}, &zoneReader{gathering: g}}
	return t
}

// take reads one line.
func (t *textReader) take(raw string) {
	trimmed := strings.TrimSpace(raw)
	if trimmed == "" {
		t.rest()
		t.letter.WriteByte('\n')
		return
	}
	t.filled++
	l := line{raw: trimmed[:min(len(trimmed), maxLine)]}
	l.text = fromJSON(unwrapped(trimmed[:min(len(trimmed), maxRaw)]))
	t.report.take(l.text)
	if t.flow.open != "" {
		if t.flow.takes(l.text) {
			t.flow.hold(trimmed, l.text)
			return
		}
		t.rest()
	}
	t.one(l)
}

// rest reads the lines that were held: as one with the line before, or else each by itself.
func (t *textReader) rest() {
	held, whole, says := t.flow.whole()
	if says && t.log.line(whole) {
		t.log.lines += len(held) - 1
		return
	}
	for _, raw := range held {
		t.one(line{raw: raw[:min(len(raw), maxLine)], text: fromJSON(unwrapped(raw[:min(len(raw), maxRaw)]))})
	}
}

// one reads one line.
func (t *textReader) one(l line) {
	if t.mailed.line(l.text) {
		return
	}
	blocks, inside := t.pem.line(l.text)
	for _, b := range blocks {
		t.block(b)
	}
	if len(l.text) > maxLine {
		l.text = l.text[:maxLine]
	}
	if inside || l.text == "" {
		return
	}
	l.folded = message.Fold(l.text)
	if t.known(l) {
		return
	}
	if s, ok := unnumbered(l.text); ok {
		n := l
		n.text, n.folded = s, message.Fold(s)
		if t.known(n) {
			return
		}
	}
	t.message(l)
}

// known gives a line to the readers, one after the other, and reports whether one took it.
func (t *textReader) known(l line) bool {
	made := t.made
	if t.log.line(l) { // in which servers write no passwords
		if t.made == made {
			t.flow.begins(l.text)
		}
		return true
	}
	t.doc.Secret = t.doc.Secret || hasSecret(l.text)
	for _, r := range t.readers {
		if r.line(l) {
			return true
		}
	}
	return false
}

// message reads a line that no tool's reader knows.
func (t *textReader) message(l line) {
	if !suspicious(l.folded) && t.kept > maxKept {
		t.notRead(l)
		return
	}
	side := sideOf(l.folded)
	if side == message.Server && strings.Contains(l.folded, "http request") {
		t.tally(Claim{Codes: []finding.Code{finding.WrongEncryptionType}, Text: l.text, By: "the text", Side: side, Depth: -1, Harmless: true}, "", peerIn(l.text))
		return
	}
	if side == message.Server && (harmless(l.folded) || hungUp(l.folded)) {
		return
	}
	if code, ok := loading(l.folded); ok && code != finding.CertificateNotLoaded && contains(l.folded, "cert", "key", "ssl", "tls", ".pem", ".crt", ".cer", ".p12", ".pfx", "dh", "md too weak") {
		t.tally(Claim{Codes: []finding.Code{code}, Text: l.text, By: "the text", Side: message.Server, Depth: -1, File: fileIn(l.text)}, "", "")
		return
	}
	all := message.Every(l.text, side)
	if len(all) > 0 && side == message.Client && t.unsaid(l.folded) {
		// Who sent the alert is not said: what it means from the other side comes behind.
		if m, ok := message.FindFolded(l.folded, message.Server); ok {
			if all[0].Codes = union(all[0].Codes, m.Codes); !strings.Contains(l.folded, "error:") { // out of a log
				all[0].Codes = union(m.Codes, all[0].Codes)
			}
		}
	}
	for _, m := range all {
		t.tally(Claim{Codes: m.Codes, Text: l.text, By: by(m.By), Side: side, Depth: -1}, "", "")
	}
	if len(all) > 0 {
		return
	}
	if tlsTrouble(l.folded) {
		t.quoteLater(l.text)
	}
	t.notRead(l)
}

// unsaid reports whether a line tells of an alert, and nothing tells which side sent it.
func (t *textReader) unsaid(folded string) bool {
	return strings.Contains(folded, "alert") && len(t.sessions) == 0 &&
		!contains(folded, "curl", "s_client", "connect", "imaplib", "smtplib", "poplib", "nodemailer", "imapflow", "jakarta", "javax.mail", "fetchmail", "msmtp", "wget", "git", "swaks", "outgoing", "received fatal alert", "remote error")
}

// union returns a, and what of b it lacks.
func union(a, b []finding.Code) []finding.Code {
	out := slices.Clone(a)
	for _, c := range b {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// by names whose words they are.
func by(who string) string {
	if who == "" {
		return "the text"
	}
	return "the words of " + who
}

func (t *textReader) notRead(l line) {
	t.left++
	if len(t.unread) < maxUnread && (len(l.text) < 40 || !isBase64(l.text)) {
		t.unread = append(t.unread, clip(redacted(l.text)))
	}
	if t.kept += len(l.text) + 1; t.kept <= maxKept {
		t.letter.WriteString(l.text)
		t.letter.WriteByte('\n')
	}
}

// block takes what stands in a block of PEM.
func (t *textReader) block(b *pem.Block) {
	r := fileReader{}
	_ = r.block(b) // what is not read of it is said below
	if r.Keys > 0 {
		t.doc.Keys++
	}
	t.doc.NotRead = append(t.doc.NotRead, r.NotRead[:min(len(r.NotRead), max(0, 20-len(t.doc.NotRead)))]...)
	n := t.last()
	for _, der := range r.Certificates {
		if n != nil && (n.tool == OpenSSL || n.tool == GnuTLS) && n.connected && !n.over {
			n.certificate(der)
			continue
		}
		if len(t.loose) < maxCertificates && !slices.ContainsFunc(t.loose, func(c []byte) bool { return bytes.Equal(c, der) }) {
			t.loose = append(t.loose, der)
		}
	}
}

// end is told that there are no more lines.
func (t *textReader) end() {
	t.rest()
	if b := t.pem.end(); b != nil {
		t.block(b)
	}
	for _, s := range t.mailed.lines() {
		t.report.take(strings.TrimSpace(s))
	}
	t.report.end(t.gathering)
	t.log.end()
	for _, r := range t.readers {
		if e, ok := r.(interface{ end() }); ok {
			e.end()
		}
	}
	t.wrapped()
}

// wrapped reads what nobody read once more, paragraph by paragraph: a dialog's words may have been
// broken into several lines.
func (t *textReader) wrapped() {
	for paragraph := range strings.SplitSeq(t.letter.String(), "\n\n") {
		if strings.Count(paragraph, "\n") < 2 {
			continue
		}
		joined := strings.Join(strings.Fields(paragraph), " ")
		for _, m := range message.Every(joined, sideOf(message.Fold(joined))) {
			t.tally(Claim{Codes: m.Codes, Text: joined, By: by(m.By), Side: message.Client, Depth: -1}, "", "")
		}
	}
}

// document sums it all up.
func (t *textReader) document(host string) Document {
	t.doc.Chain = t.loose
	t.doc.Log = t.log.lines > 0 && t.log.lines*2 >= t.filled && len(t.sessions) == 0
	d := t.sum(host)
	d.Host, d.Port = t.place(host)
	d.NotRead = append(d.NotRead, t.pem.damaged[:min(len(t.pem.damaged), 5)]...)
	if t.doc.Keys > 0 {
		d.NotRead = append(d.NotRead, count(t.doc.Keys, "private key")+", which nobody looked at: take it out before this is passed on, and replace it if others have seen it")
	}
	if t.doc.Secret {
		d.NotRead = append(d.NotRead, "what looks like a password: take it out before this is passed on")
	}
	if t.left > 0 {
		d.NotRead = append(d.NotRead, count(t.left, "line")+" of no program that is known here"+t.such())
	}
	return d
}

// such quotes the first of the lines that nobody read.
func (t *textReader) such() string {
	if len(t.unread) == 0 {
		return ""
	}
	words := ": “" + strings.Join(t.unread, "”, “") + "”"
	if t.left > len(t.unread) {
		return ", such as" + words[1:]
	}
	return words
}

// place returns the server that the words name, where there is one of the kind.
func (t *textReader) place(host string) (string, int) {
	if host != "" {
		return host, 0
	}
	for _, c := range t.claims {
		if c.Product != "" {
			return "", 0
		}
	}
	var b strings.Builder
	for _, c := range t.claims {
		b.WriteString(c.Text + "\n")
	}
	b.WriteString(t.letter.String())
	return named(b.String())
}
