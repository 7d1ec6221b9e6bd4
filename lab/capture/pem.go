package capture

import (
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"sync"
)

// marks finds where a block of PEM begins or ends, with the dashes that word processors make of it.
var marks = lazily(`[-‐‑‒–—―−]{2,5} {0,2}(BEGIN|END) ([A-Z0-9#. ]+?) {0,2}[-‐‑‒–—―−]{2,5}`)

// A pemFinder gathers certificates and keys out of whatever stands around them: PEM over many lines or in
// one, with the ends of lines written out, behind prefixes, shortened by hand; and the base64 of
// DER without a frame.
type pemFinder struct {
	label   string // of the block under way; empty outside of one
	bare    bool   // it has no frame
	body    strings.Builder
	odd     bool     // something in it is not base64
	damaged []string // what became of blocks that are none, a phrase each
}

// maxBlock bounds a block under way, in bytes of base64: as large as a file.
const maxBlock = MaxFile

// line takes the next line, unwrapped. It returns the blocks that end in it, and reports
// whether the whole line was part of one.
func (a *pemFinder) line(text string) (blocks []*pem.Block, inside bool) {
	if strings.Contains(text, "LS0tLS1CRUdJTi") {
		if m := twice.find(text); m != nil {
			return a.decodedTwice(m[1])
		}
	}
	if !strings.Contains(text, "BEGIN") && !strings.Contains(text, "END") {
		if a.label != "" {
			return a.more(text)
		}
		return nil, a.naked(text)
	}
	all := marks.allAt(text, 100)
	if len(all) == 0 {
		if a.label != "" {
			return a.more(text)
		}
		return nil, false
	}
	at := 0
	for i, m := range all {
		begins, label := text[m[2]:m[3]] == "BEGIN", strings.TrimSpace(text[m[4]:m[5]])
		if begins {
			if b := a.end(); b != nil { // one without an end
				blocks = append(blocks, b)
			}
			a.label, a.bare, a.odd = label, false, false
			a.body.Reset()
		} else if a.label != "" {
			if i > 0 || strings.Trim(text[:m[0]], "0123456789:.) ") != "" { // more than the number of a line
				a.take(text[at:m[0]], i > 0)
			}
			if label != a.label {
				a.damage("ends as another one")
				a.label = ""
			} else if b := a.end(); b != nil {
				blocks = append(blocks, b)
			}
		}
		at = m[1]
	}
	if a.label != "" {
		a.take(text[at:], true)
	}
	return blocks, true
}

// more takes a line inside of a block. One that is no base64 ends a block that is whole already, and
// is a gap in another one.
func (a *pemFinder) more(text string) (blocks []*pem.Block, inside bool) {
	if a.bare && a.complete() {
		if b := a.end(); b != nil {
			blocks = append(blocks, b)
		}
		return blocks, a.naked(text)
	}
	if n, ok := unnumbered(strings.TrimRight(text, `\ `)); ok || strings.HasSuffix(text, `\`) { // of a listing, or a shell's
		if isBase64(n) {
			text = n
		}
	}
	if isBase64(text) || strings.TrimSpace(text) == "" {
		a.take(text, false)
		return nil, true
	}
	if a.bare || a.complete() {
		if b := a.end(); b != nil {
			blocks = append(blocks, b)
		}
		return blocks, false
	}
	if name, _, ok := strings.Cut(text, ": "); ok && (name == "Proc-Type" || name == "DEK-Info" || strings.HasPrefix(name, "X-")) {
		return nil, true // RFC 1421 headers of an encrypted key
	}
	if escaped := unescaped(text); isBase64(strings.ReplaceAll(escaped, " ", "")) {
		a.take(text, true)
		return nil, true
	}
	a.odd = true
	if gap.in(text) {
		return nil, true
	}
	a.end() // without one, and something else begins
	return nil, false
}

// gap is what people put where they have left something out.
var gap = lazily(`(?i)^[\W_]*(?:(?:[\w ]{0,20}(?:left out|snip\w*|cut|omitted|redacted|removed|truncated|shortened|ausgelassen|gekürzt|entfernt|tronqué|coupé)\b.*)|more)?[\W_]*$`)

// naked begins a block without a frame: base64 of DER, which begins with MI for every size from 256
// bytes on.
func (a *pemFinder) naked(text string) bool {
	if len(text) < 64 || !strings.Contains(text, "MI") {
		return false
	}
	s := strings.Trim(text, `"', `)
	if m := element.find(s); m != nil { // of XML, YAML or the like
		s = m[1]
	}
	if len(s) < 64 || !strings.HasPrefix(s, "MI") || s[2] < 'A' || s[2] > 'P' || !isBase64(s) {
		return false
	}
	a.label, a.bare, a.odd = "CERTIFICATE", true, false
	a.body.Reset()
	a.take(s, false)
	return true
}

// decodedTwice reads PEM that was written in base64 once more, as Kubernetes keeps it in its secrets:
// https://kubernetes.io/docs/concepts/configuration/secret/#tls-secrets
func (a *pemFinder) decodedTwice(s string) (blocks []*pem.Block, inside bool) {
	text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s[:len(s)-len(s)%4], "="))
	if err != nil {
		text, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	}
	if err != nil {
		return nil, true // and nobody is to see what it may be
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		b, _ := a.line(strings.TrimSpace(line))
		blocks = append(blocks, b...)
	}
	return blocks, true
}

var (
	twice   = lazily(`(?:^|[^A-Za-z0-9+/])(LS0tLS1CRUdJTi[A-Za-z0-9+/]{40,}={0,2})`)
	element = lazily(`(?:[>:=]\s*["']?)(MI[A-P][A-Za-z0-9+/]{100,}={0,2})["',;]{0,2}(?:</[\w:]{1,40}>)?$`)
)

// take adds what stands inside of a block. In one line the ends of lines may be written out.
func (a *pemFinder) take(s string, oneLine bool) {
	if oneLine || strings.ContainsAny(s, `\<&`) {
		s = unescaped(s)
	}
	for i := range len(s) {
		if c := s[i]; alphabet(c) && a.body.Len() < maxBlock {
			a.body.WriteByte(c)
		}
	}
}

var escapesUndone = sync.OnceValue(func() *strings.Replacer {
	return strings.NewReplacer(`\\n`, " ", `\\r`, " ", `\n`, " ", `\r`, " ", `\/`, "/", `\u002b`, "+", `\u003d`, "=", "&#43;", "+", "&#61;", "=", "%2B", "+", "%3D", "=", "%2F", "/")
})

// unescaped undoes what JSON, shells and pages make of the end of a line.
func unescaped(s string) string {
	if strings.Contains(s, "<") {
		s = tags.without(s, " ")
	}
	return escapesUndone().Replace(s)
}

func alphabet(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '='
}

// isBase64 reports whether a line has nothing else in it.
func isBase64(s string) bool {
	for i := range len(s) {
		if !alphabet(s[i]) {
			return false
		}
	}
	return s != ""
}

// decoded returns the bytes of the block under way; nil where they are none.
func (a *pemFinder) decoded() []byte {
	s := strings.TrimRight(a.body.String(), "=")
	if len(s)%4 == 1 {
		return nil
	}
	der, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return der
}

// complete reports whether as much is there as the DER says that it has. Nothing more is decoded, so
// that it may be asked at every line.
func (a *pemFinder) complete() bool {
	body := a.body.String()
	if len(body) < 8 {
		return false
	}
	head, err := base64.RawStdEncoding.DecodeString(body[:8])
	if err != nil {
		return false
	}
	n, ok := declared(head)
	return ok && len(strings.TrimRight(body[max(0, len(body)-4):], "="))+len(body)-min(4, len(body)) >= (n*4+2)/3
}

// whole reports whether DER is all there, by the length that it begins with.
func whole(der []byte) bool {
	if len(der) < 2 || der[0] != 0x30 || der[1] == indefinite {
		return false
	}
	var v asn1.RawValue
	_, err := asn1.Unmarshal(der, &v)
	return err == nil
}

// end closes the block under way, at its end or that of the text.
func (a *pemFinder) end() *pem.Block {
	if a.label == "" {
		return nil
	}
	label, der, bare := a.label, a.decoded(), a.bare
	defer func() { a.label = "" }()
	body := a.body.String()
	n, sized := declared(der)
	switch {
	case bare && (!whole(der) || classify(der) == unknown):
		return nil // some other base64
	case bare && classify(der) != certificate && classify(der) != bag7:
		return &pem.Block{Type: "DATA", Bytes: der}
	case bare && classify(der) == bag7:
		return &pem.Block{Type: "PKCS7", Bytes: der}
	case strings.HasSuffix(label, "PRIVATE KEY"):
		return &pem.Block{Type: label, Bytes: nil} // nobody looks at it
	case strings.Contains(label, "CERTIFICATE") && len(body) < 40:
		a.damage("is left out")
		return nil
	case a.odd && !whole(der):
		a.damage("is shortened: something in it is not base64")
		return nil
	case der == nil && body != "" && strings.HasPrefix(body, "MI"):
		a.damage("is damaged: a part of it is missing")
		return nil
	case der == nil:
		a.damage("is damaged: what is inside is not base64")
		return nil
	case sized && n > len(der):
		a.damage("is cut short: it says that it has " + count(n, "byte") + ", and " + count(len(der), "byte") + " are there")
		return nil
	}
	return &pem.Block{Type: label, Bytes: der}
}

func (a *pemFinder) damage(how string) {
	if len(a.damaged) < 100 {
		a.damaged = append(a.damaged, "the block "+clip(a.label)+" "+how)
	}
}
