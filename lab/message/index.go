package message

import (
	"strings"
	"sync"
)

// maxGap is how far apart two parts of a pattern may be, in bytes of folded text: names of hosts
// (RFC 1035 has 253) and dates stand between them, and not half a log.
const maxGap = 260

// maxShort is the same for words that belong to one sentence, with a date or a name between them.
const maxShort = 64

// A pattern is one form of a row's words.
type pattern struct {
	row        *Row
	pieces     []string // in this order, with anything in between
	gaps       []int    // before each piece, at most so many bytes
	start, end bool     // only where the text begins, or ends
	open       [2]bool  // more letters may stand before it, or after it
	size       int      // bytes of all pieces
	gram       uint32   // four bytes by which it is found,
	anchor, at int      // the piece that has them, and where
	next       *pattern // another one with the same sum
}

// weight is how specific the words are.
func (p *pattern) weight() int { return p.size + p.row.extra }

// A hit is where a pattern fits.
type hit struct {
	pattern  *pattern
	from, to int
}

func (h hit) meaning() Meaning {
	r := h.pattern.row
	return Meaning{Codes: append(r.Codes[:0:0], r.Codes...), By: r.By, Source: r.Source, Words: r.Words, Vague: r.vagueness}
}

// gramSize is how many bytes of a pattern lead to it.
const gramSize = 4

// An index finds the patterns that fit a text in one pass. Each pattern is filed under four bytes
// of it that other words seldom have; a bit for each of 65,536 sums of such bytes says at most
// places that nothing begins here.
type index struct {
	rows    []Row
	seldom  [1 << 16 / 64]uint64
	grams   [1 << 16]*pattern   // by the sum of their grams
	exactly map[string]*pattern // short texts that are the whole message
}

// table returns the index of all rows, which is built when it is first needed.
var table = sync.OnceValue(func() *index { return newIndex(rows()) })

func newIndex(rows []Row) *index {
	x := &index{rows: rows, exactly: map[string]*pattern{}}
	patterns := parseAll(rows)
	often := new(counts)
	often.common(patterns)
	for i := range patterns {
		p := &patterns[i]
		if p.start && p.end && len(p.pieces) == 1 {
			p.next, x.exactly[p.pieces[0]] = x.exactly[p.pieces[0]], p
			continue
		}
		p.choose(often)
		s := sum(p.gram)
		p.next, x.grams[s] = x.grams[s], p
		x.seldom[s/64] |= 1 << (s % 64)
	}
	return x
}

// parseAll returns the patterns of all rows. Two rows with the same words, one for each side, are
// read once.
func parseAll(rows []Row) []pattern {
	patterns := make([]pattern, 0, 2*len(rows))
	from := 0
	for i := range rows {
		if i > 0 && rows[i].Words == rows[i-1].Words {
			twins := patterns[from:len(patterns):len(patterns)]
			from = len(patterns)
			for _, p := range twins {
				p.row = &rows[i]
				patterns = append(patterns, p)
			}
			continue
		}
		from = len(patterns)
		expand("", rows[i].Words, func(form string) { patterns = append(patterns, parse(&rows[i], form)) })
	}
	return patterns
}

func gram(s string, i int) uint32 {
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
}

func sum(g uint32) uint32 { return g * 2654435761 >> 16 }

// search appends the hits in a folded text, one for each pattern.
func (x *index) search(hits []hit, text string, side Side) []hit {
	for p := x.exactly[strings.Trim(text, " .")]; p != nil; p = p.next {
		if p.row.Side == "" || p.row.Side == side {
			hits = append(hits, hit{p, 0, len(text)})
		}
	}
	for i := 0; i+gramSize <= len(text); i++ {
		g := gram(text, i)
		s := sum(g)
		if x.seldom[s/64]&(1<<(s%64)) == 0 {
			continue
		}
		for p := x.grams[s]; p != nil; p = p.next {
			if p.gram != g || p.row.Side != "" && p.row.Side != side || has(hits, p) {
				continue
			}
			if from, to, ok := p.fits(text, i-p.at); ok {
				hits = append(hits, hit{p, from, to})
			}
		}
	}
	return hits
}

func has(hits []hit, p *pattern) bool {
	for _, h := range hits {
		if h.pattern == p {
			return true
		}
	}
	return false
}

// fits reports whether the pattern is in text with its anchor at i, and from where to where it goes.
func (p *pattern) fits(text string, i int) (from, to int, ok bool) {
	if i < 0 || !strings.HasPrefix(text[i:], p.pieces[p.anchor]) {
		return 0, 0, false
	}
	from, to = i, i+len(p.pieces[p.anchor])
	for k := p.anchor - 1; k >= 0; k-- {
		window := text[max(0, from-p.gaps[k+1]-len(p.pieces[k])):from]
		j := strings.LastIndex(window, p.pieces[k])
		for j > 0 && k == 0 && !p.open[0] && letter(window[j-1]) && letter(p.pieces[k][0]) {
			j = strings.LastIndex(window[:j+len(p.pieces[k])-1], p.pieces[k])
		}
		if j < 0 {
			return 0, 0, false
		}
		from -= len(window) - j
	}
	for k := p.anchor + 1; k < len(p.pieces); k++ {
		window := text[to:min(len(text), to+p.gaps[k]+len(p.pieces[k]))]
		j := strings.Index(window, p.pieces[k])
		if j < 0 {
			return 0, 0, false
		}
		to += j + len(p.pieces[k])
	}
	switch {
	case p.start && strings.TrimSpace(text[:from]) != "", p.end && strings.Trim(text[to:], " .") != "":
		return 0, 0, false
	case !p.open[0] && from > 0 && letter(text[from-1]) && letter(text[from]):
		return 0, 0, false
	case !p.open[1] && to < len(text) && letter(text[to]) && letter(text[to-1]):
		return 0, 0, false
	}
	return from, to, true
}

// letter reports whether a byte is part of a word. Those of other scripts, which have no spaces
// between words, are not.
func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' }

// parse reads one form: "*" stands for anything, "~" for a little, "^" and "$" for the ends of the text.
func parse(row *Row, form string) pattern {
	p := pattern{row: row}
	form, p.start = strings.CutPrefix(form, "^")
	form, p.end = strings.CutSuffix(form, "$")
	form, p.open[0] = strings.CutPrefix(form, "*")
	form, p.open[1] = strings.CutSuffix(form, "*")
	n := 1 + strings.Count(form, "*") + strings.Count(form, "~")
	p.pieces, p.gaps = make([]string, 0, n), make([]int, 0, n)
	gap := 0
	for form != "" {
		end, next := len(form), len(form)
		if i := strings.IndexAny(form, "*~"); i >= 0 {
			end, next = i, i+1
		}
		piece := foldWords(form[:end])
		p.pieces, p.gaps = append(p.pieces, piece), append(p.gaps, gap)
		p.size += len(piece)
		gap = maxGap
		if end < len(form) && form[end] == '~' {
			gap = maxShort
		}
		form = form[next:]
	}
	return p
}

// expand writes out the alternatives in "{a|b}", one within another too.
func expand(before, words string, yield func(form string)) {
	open := strings.IndexByte(words, '{')
	if open < 0 {
		yield(before + words)
		return
	}
	depth := 0
	end := strings.IndexFunc(words, func(r rune) bool {
		switch r {
		case '{':
			depth++
		case '}':
			depth--
			return depth == 0
		}
		return false
	})
	if end < 0 {
		panic("message: a brace without its other half in " + words)
	}
	inside := words[open+1 : end]
	for from := 0; from <= len(inside); {
		to := from
		for depth := 0; to < len(inside) && (inside[to] != '|' || depth > 0); to++ {
			switch inside[to] {
			case '{':
				depth++
			case '}':
				depth--
			}
		}
		choice := inside[from:to]
		expand(before+words[:open], choice+words[end+1:], yield)
		from = to + 1
	}
}

// choose picks the gram by which the pattern is found: the one that is least common.
func (p *pattern) choose(often *counts) {
	best := uint32(1<<32 - 1)
	for k, piece := range p.pieces {
		for i := 0; i+gramSize <= len(piece); i++ {
			g := gram(piece, i)
			if n := often[sum(g)]; n < best {
				best, p.gram, p.anchor, p.at = n, g, k, i
			}
		}
	}
	if best == 1<<32-1 {
		panic("message: no part of " + p.row.Words + " is long enough to be found by")
	}
}

// counts say how often grams occur, by their sums.
type counts [1 << 16]uint32

// common counts the grams of what mail logs say all day, and of the patterns themselves.
func (c *counts) common(patterns []pattern) {
	for _, p := range patterns {
		for _, piece := range p.pieces {
			c.add(piece, 1)
		}
	}
	c.add(everyday, 1000)
}

func (c *counts) add(s string, n uint32) {
	for i := 0; i+gramSize <= len(s); i++ {
		c[sum(gram(s, i))] += n
	}
}

// everyday is of what healthy logs and transcripts consist, so that no pattern is looked for at
// each of these words.
const everyday = ` nov 28 2026 mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct dec 10:15:30.123456+00:00z
 postfix/submission/smtpd[12345]: connect from unknown[192.0.2.1]: disconnect from mail.example.com commands= ehlo= starttls= quit= noqueue: reject: rcpt from
 : client=mail.example.org[198.51.100.7], sasl_method=plain, sasl_username=user@example.com postfix/qmgr[1]: from=<user@example.net>, size=1234, nrcpt=1 (queue active)
 postfix/cleanup[7]: message-id=<abc@example.com> postfix/smtp[8]: to=<user@example.com>, relay=mx.example.com[2001:db8::1]:25, delay=0.22, delays=, dsn=2.0.0, status=sent (250 2.0.0 ok: queued as
 dovecot: imap-login: info: login: user=<user@example.com>, method=plain, rip=192.0.2.147, lip=198.51.100.25, mpid=5056, tls, session=<hiprzklhrup/aaab> disconnected: logged out in= out= deleted= expunged= trashed= hdr_count= body_bytes=
 connection closed (no auth attempts in 0 secs): user=<>, aborted login: lost connection after auth from connect to warning: error: failed server client certificate
 anonymous tls connection established from untrusted trusted tlsv1.3 with cipher tls_aes_256_gcm_sha384 (256/256 bits) key-exchange x25519 server-signature rsa-pss (2048 bits) server-digest sha256
 h=mail.example.net [192.0.2.90] p=esmtps x=tls1.3:ecdhe_x25519__rsa_pss_rsae_sha256__aes_256_gcm:256 cv=no s=4120 id= completed r=dnslookup t=remote_smtp
 get /index.html http/1.1" 200 5312 "-" "mozilla/5.0 post the and for with that this you are not mail host name message port connection connected certificate`
