package capture

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A Log is what could be read of the logs of servers.
type Log struct {
	// Claims are why certificate or key cannot be loaded: one for each product, the last. A log
	// that ends with another fault than it began with is about the other one, and what stands
	// before the last start or reload of a product is over.
	Claims []LogClaim
	// Encrypted counts the lines that tell of a TLS session that came about.
	Encrypted int
	// Read and NotRead say what was understood and what was missing, a sentence each.
	Read, NotRead []string
}

// A LogClaim is a fault that a server names, in its own words.
type LogClaim struct {
	Code    finding.Code // finding.Unexplained where TLS failed in words that are not known here
	Product finding.Product
	Line    string
}

// ServerLog reads the logs of mail servers and web servers, of one or of several in one text. A text
// in which no line is theirs is no error: nothing of it was read.
func ServerLog(data []byte) (Log, error) {
	switch {
	case len(data) > MaxFile:
		return Log{}, fmt.Errorf("the log is larger than %d MB; its last hundred lines are enough ('tail -100 FILE')", MaxFile>>20)
	case len(bytes.TrimSpace(data)) == 0:
		return Log{}, errors.New("the log is empty")
	}
	var all []*logReader
	for _, words := range logWords() {
		r := &logReader{words: words}
		r.forget()
		all = append(all, r)
	}
	unread, stray := 0, ""
	for line := range strings.Lines(string(plain(data))) {
		line = unquoted(line[:min(len(line), maxLine)])
		if line != "" && !slices.ContainsFunc(all, func(r *logReader) bool { return r.line(line) }) {
			unread++
			if failedSession(line) {
				stray = line
			}
		}
	}
	l := sumUp(all)
	if stray != "" {
		l.Claims = append(l.Claims, LogClaim{Code: finding.Unexplained, Line: clip(stray)})
	}
	if unread > 0 && len(l.Read) > 0 {
		l.NotRead = append(l.NotRead, count(unread, "line")+" of none of these")
	}
	return l, nil
}

func sumUp(all []*logReader) Log {
	var l Log
	for _, r := range all {
		product := string(r.words.product)
		if r.hits == 0 {
			continue
		}
		l.Read = append(l.Read, count(r.hits, "line")+" of "+product)
		if r.before != nil && r.now == nil {
			l.NotRead = append(l.NotRead, "what "+product+" said before it was last started or reloaded, which may be over: "+r.before.Line)
		}
		switch {
		case r.now != nil:
			l.Claims = append(l.Claims, *r.now)
		case r.strange != nil:
			l.Claims = append(l.Claims, *r.strange)
		default:
			l.Read = append(l.Read, product+" does not say that it could not load a certificate or a key")
		}
		if l.Encrypted += r.encrypted; r.encrypted > 0 {
			l.Read = append(l.Read, count(r.encrypted, "TLS session")+" that came about with "+product)
		}
	}
	if len(l.Read) == 0 {
		l.NotRead = append(l.NotRead, "any line: none is of Postfix, Dovecot, Exim, nginx or Apache as it is known here; "+
			"give the log as the server wrote it, such as 'journalctl -u dovecot -n 100' prints it")
	}
	return l
}

// A logReader follows the lines of one product.
type logReader struct {
	words productWords
	hits  int
	now   *LogClaim // of the last start
	// before is what was claimed before that.
	before *LogClaim
	// strange is the last session that failed, in words that are not known here. It does not end
	// with a new start: sessions fail for other reasons than the files.
	strange   *LogClaim
	encrypted int // TLS sessions that came about

	word  logWord                 // behind now
	said  map[string]finding.Code // the last exact claim of each process
	about map[string]string       // the file that a process speaks of: "key" or "certificate"
}

// line takes a line, and reports whether it is one of the product's.
func (r *logReader) line(line string) bool {
	process, message, ok := r.words.mine(line)
	if !ok {
		return false
	}
	r.hits++
	low := strings.ToLower(message)
	if slices.ContainsFunc(r.words.starts, func(s string) bool { return strings.Contains(low, s) }) {
		if r.now != nil {
			r.before = r.now
		}
		r.forget()
		return true
	}
	for _, w := range r.words.words {
		if w.in(low) && (w.of == "" || w.of == r.about[process]) {
			if w.about != "" {
				r.about[process] = w.about
			}
			r.claim(w, process, line)
			return true
		}
	}
	switch {
	case r.words.came(line):
		r.encrypted++
	case failedSession(line):
		r.strange = &LogClaim{finding.Unexplained, r.words.product, clip(line)}
	}
	return true
}

// forget begins anew: the product reads its files again.
func (r *logReader) forget() {
	r.now, r.word = nil, logWord{}
	r.said, r.about = map[string]finding.Code{}, map[string]string{}
}

// claim takes what a line says in place of what was said before, unless that was more exact.
func (r *logReader) claim(w logWord, process, line string) {
	switch {
	case w.after != "" && w.after == r.said[process], r.now != nil && w.vague && !r.word.vague, r.word.holds && !w.holds:
		return
	}
	if !w.vague {
		r.said[process] = w.code
	}
	r.now, r.word = &LogClaim{w.code, r.words.product, clip(line)}, w
}

// Findings returns what the log names as wrong. They are the server's claims: nobody here saw the
// connection, nor the files.
func (l Log) Findings() []finding.Finding {
	var out []finding.Finding
	for _, c := range l.Claims {
		whose := "the log"
		if c.Product != "" {
			whose = "the log of " + string(c.Product)
		}
		f := finding.New(c.Code, fmt.Sprintf("according to %s %s", whose, logSays(c.Code)))
		f.Evidence = []string{"its last word on it: " + c.Line, "this is what the log says; nobody here saw the connection"}
		f.Facts.Text, f.Facts.Product = c.Line, c.Product
		if c.Code == finding.Unexplained {
			out = append(out, f) // what would have to be different nobody knows
			continue
		}
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditPair, Text: "with a certificate and a key that belong together and can be read the server would not say this"}
		out = append(out, f)
	}
	return out
}

func logSays(code finding.Code) string {
	switch code {
	case finding.KeyDoesNotMatch:
		return "its private key does not belong to its certificate"
	case finding.KeyEncrypted:
		return "its private key wants a password"
	case finding.KeyMissing:
		return "there is no private key where it looks for it"
	case finding.KeyUnreadable:
		return "it may not read its private key"
	case finding.MalformedCertificate:
		return "there is no certificate that it can read"
	case finding.Unexplained:
		return "TLS fails, in words that are not known here"
	}
	return "it cannot load its certificate or its key"
}
