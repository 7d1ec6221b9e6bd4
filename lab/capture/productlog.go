package capture

import (
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
)

// A productReader follows what one product says of certificate and key.
type productReader struct {
	words     productWords
	hits      int
	now       *Claim // of the last start
	before    *Claim // what was claimed before that
	encrypted int    // TLS sessions that came about

	word  logWord                 // behind now
	said  map[string]finding.Code // the last exact claim of each process
	about map[string]string       // the file that a process speaks of: "key" or "certificate"
}

// line takes a line, and reports whether it was about the files.
func (r *productReader) line(e entry, text string) bool {
	low := strings.ToLower(e.message)
	if e.client && !contains(low, " from file", "certification authority data") && r.about[e.process] == "" { // what it meets elsewhere
		return false
	}
	if slices.ContainsFunc(r.words.starts, func(s string) bool { return strings.Contains(low, s) }) {
		if r.now != nil {
			r.before = r.now
		}
		r.forget()
		return true
	}
	if !suspicious(low) && !strings.Contains(low, "key") && !strings.Contains(low, "cert") {
		return false
	}
	// What stands behind the message is of the client, and so is most of a line of Exim's.
	low, _, _ = strings.Cut(low, ": user=<")
	if r.words.product == finding.Exim {
		if low = eximSetup(low); low == "" {
			return false
		}
	}
	for _, w := range r.words.words {
		if w.in(low) && (w.of == "" || w.of == r.about[e.process]) {
			if w.about != "" && len(r.about) < maxProcesses {
				r.about[e.process] = w.about
			}
			r.claim(w, e, text)
			return true
		}
	}
	return false
}

// eximSetup returns what Exim says behind the client, of a message about its own files.
func eximSetup(low string) string {
	if !strings.HasPrefix(low, "tls error on ") {
		return ""
	}
	if at := strings.LastIndex(low, "(cert/key setup: "); at >= 0 {
		return low[at:]
	}
	if at := strings.LastIndex(low, " (ssl_ctx_"); at >= 0 {
		return low[at+1:]
	}
	return ""
}

// forget begins anew: the product reads its files again.
func (r *productReader) forget() {
	r.now, r.word = nil, logWord{}
	r.said, r.about = map[string]finding.Code{}, map[string]string{}
}

// claim takes what a line says in place of what was said before, unless that was more exact.
func (r *productReader) claim(w logWord, e entry, text string) {
	switch {
	case w.after != "" && w.after == r.said[e.process], r.now != nil && w.vague && !r.word.vague, r.word.holds && !w.holds:
		return
	}
	if !w.vague && len(r.said) < maxProcesses {
		r.said[e.process] = w.code
	}
	c := r.of(w.code, e, text)
	r.now, r.word = &c, w
}

func (r *productReader) of(code finding.Code, e entry, text string) Claim {
	return Claim{Codes: []finding.Code{code}, Text: clip(text), By: "the log of " + string(r.words.product), Side: message.Server, Product: r.words.product,
		Depth: -1, Count: 1, First: e.stamp, Last: e.stamp, File: fileIn(text)}
}

// load reads by the words of the libraries why a file cannot be loaded.
func (r *productReader) load(e entry, text string) (Claim, bool) {
	if r.words.words != nil {
		return Claim{}, false // it has words of its own
	}
	code, ok := loading(strings.ToLower(e.message))
	if !ok {
		return Claim{}, false
	}
	return r.of(code, e, text), true
}

// hear takes a claim that no word of the product's own makes, unless an exact one stands. Words that
// say only that it failed yield to those that say why.
func (r *productReader) hear(c Claim) {
	if r.now != nil && (c.Code() == finding.CertificateNotLoaded || r.word.words() && !r.word.vague) {
		return
	}
	r.now = &c
	r.word = logWord{vague: c.Code() == finding.CertificateNotLoaded, begins: "\x00"}
}

// words reports whether it is one of a table.
func (w logWord) words() bool { return w.code != "" }
