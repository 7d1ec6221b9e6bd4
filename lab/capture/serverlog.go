package capture

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
)

// A logReader follows the lines of all servers in a text: why certificate or key cannot be loaded,
// what clients said when they refused, and what the server itself met as a client.
type logReader struct {
	*gathering
	products []*productReader
	lines    int               // that have the form of a log's
	vague    map[string]string // of the processes that failed, and have not said why, the line
	// unsure is what a process said of another server's certificate, before it says what became of the mail.
	unsure  map[string]heldClaim
	guessed *heldClaim // the first password that was refused
}

// heldClaim is a claim that is held back, with when and of whom.
type heldClaim struct {
	claim       Claim
	stamp, peer string
}

// maxProcesses bounds of how many processes of a log something is remembered.
const maxProcesses = 4096

func newLogReader(g *gathering) *logReader {
	r := &logReader{gathering: g, vague: map[string]string{}, unsure: map[string]heldClaim{}}
	for _, words := range logWords() {
		p := &productReader{words: words}
		p.forget()
		r.products = append(r.products, p)
	}
	return r
}

// reader returns the one that follows a product.
func (r *logReader) reader(p finding.Product) *productReader {
	for _, known := range r.products {
		if known.words.product == p {
			return known
		}
	}
	n := &productReader{words: productWords{product: p}}
	n.forget()
	r.products = append(r.products, n)
	return n
}

func (r *logReader) line(l line) bool {
	e, ok := entryOf(l.text)
	within := false // of a sentence that may say more
	if !ok || e.product == "" {
		if !suspicious(l.folded) {
			return ok
		}
		if in, is := inside(l.text); is {
			e, ok, within = in, true, true
		} else if !ok {
			return false
		}
	}
	if e.product == "" {
		return e.message == "" || r.stranger(e, l)
	}
	r.lines++
	if within {
		made := r.made
		return r.product(e, l) && r.made > made
	}
	return r.product(e, l)
}

// product reads a line of a product that is known here.
func (r *logReader) product(e entry, l line) bool {
	if len(r.unsure) > 0 {
		r.settle(e)
	}
	p := r.reader(e.product)
	p.hits++
	if p.line(e, l.text) {
		r.made++
		return true
	}
	if p.words.encrypted != nil && p.words.encrypted(l.text) {
		p.encrypted++
		delete(r.vague, e.process)
		return true
	}
	if tlsInTheClear(e) {
		r.made++
		r.tally(Claim{Codes: []finding.Code{finding.WrongEncryptionType, finding.PortSpeaksPlaintext}, Text: l.text, By: "the log of " + string(e.product), Side: message.Server, Product: e.product, Depth: -1}, e.stamp, peerIn(l.text))
		return true
	}
	words := serversOwn(e)
	folded := message.Fold(words)
	if !suspicious(folded) {
		return true
	}
	if c, ok := p.load(e, l.text); ok {
		r.made++
		p.hear(c)
	} else if ofSession(e, folded) {
		r.session(p, e, folded, l.text)
	}
	return true
}

// stranger reads the line of a program that is not known here, in the form of a log.
func (r *logReader) stranger(e entry, l line) bool {
	if ofFilters(e.process) {
		return true
	}
	own := withoutQuoted(e.message)
	folded := message.Fold(own)
	side := sideOf(folded)
	if harmless(folded) {
		return true
	}
	m, ok := message.FindFolded(folded, side)
	if !ok {
		return len(own) < len(e.message) && !tlsTrouble(folded) // what is left is of a mail
	}
	r.tally(Claim{Codes: m.Codes, Text: e.message, By: "the log", Side: side, Depth: -1}, e.stamp, peerIn(l.text))
	return true
}

// sideOf tells whether a line is a server's word on its clients.
func sideOf(folded string) message.Side {
	for _, words := range []string{"ssl_accept", "accept:", "accept failed", "accept error", "from client", "remote client", "tls handshake error from", "client offered only", "listenerid", "error in accept", "starttls=server", "while ssl handshaking, client:",
		"from the remote endpoint", "incoming connection", "/1: ssl handshake failure", "sslserver-", "tls connection from", "ssl connection from", "tls library problem", ", rip=", "(auth failed, ", "ssl_do_handshake() failed"} {
		if strings.Contains(folded, words) {
			return message.Server
		}
	}
	return message.Client
}

// tlsInTheClear reports whether a client began with TLS where the server expected words: what it read
// as a command begins as a ClientHello does (RFC 8446 section 5.1).
func tlsInTheClear(e entry) bool {
	return e.product == finding.Exim && strings.HasPrefix(e.message, `SMTP syntax error in "\026\003`)
}

// ofSession reports whether a line is one of those in which a product tells of a TLS session. In others
// a client may have put words of its own: a command, a sender, a page.
func ofSession(e entry, folded string) bool {
	switch e.product {
	case finding.Postfix:
		return begins(folded, "ssl_accept error", "ssl_connect error", "warning: tls library problem", "certificate verification failed for", "server certificate verification failed", "untrusted tls connection", "certificate verification depth",
			"warning: tls policy lookup for", "smtps wrappermode (", "client wrappermode (", "noqueue: reject: starttls from ") || e.client && !ofMail(folded) && contains(folded, "status=deferred", "status=bounced", "status=undeliverable", "in reply to starttls command", "cannot start tls", "tls is required, but", "tls handshake fail")
	case finding.Exim:
		return !strings.Contains(folded, " rejected ") && !strings.HasPrefix(folded, "rejected ") && (strings.HasPrefix(folded, "tls error on ") || contains(folded, "]: tls session", "]: a tls session", ": tls error on connection", " tls error on connection", "tls session: (", "] ssl verify error: ", "smtp error from remote mail server after mail from", "smtp error from remote mail server after starttls", "after initial connection", "]: dane ", "]: ssl verify error: "))
	case finding.Stalwart: // others tell of what a client said
		return contains(folded, " (dane.", " (mta-sts.", " (tls.", " (acme.", " (delivery.", " (server.", " (config.", " (network.")
	case finding.OpenSMTPD:
		return !contains(folded, "failed-command", "bad-input")
	case finding.HMailServer:
		return !strings.HasPrefix(folded, "received: ")
	case finding.Nginx:
		return begins(folded, "ssl_do_handshake() failed", "ssl_read() failed", "ssl_write() failed", "ssl_shutdown() failed", "client ssl certificate verify error", "client sent no required ssl certificate", "client sent plain http request",
			"upstream ssl certificate", "client timed out", "no \"ssl_certificate\" is defined", "peer closed connection in ssl handshake")
	case finding.Apache:
		return contains(folded, "ssl library error", "ssl handshake", "certificate verification", "ssl proxy: ")
	}
	return true
}

// session reads a line that tells of a TLS session that failed.
func (r *logReader) session(p *productReader, e entry, folded, text string) {
	side := message.Server
	if e.client {
		side = message.Client
	}
	if harmless(folded) || side == message.Server && hungUp(folded) {
		if before, ok := r.vague[e.process]; ok && r.pending == words(before) {
			r.pending = ""
		}
		delete(r.vague, e.process)
		return
	}
	if e.product == finding.Postfix && side == message.Server && begins(folded, "certificate verification failed for ") {
		return // of a client's certificate, which need not be right
	}
	by := "the log of " + string(e.product)
	c := Claim{Text: text, By: by, Side: side, Product: e.product, Depth: -1}
	if e.client {
		c.Server = r.otherServer(e, text)
	}
	if side == message.Server {
		if c.Codes, c.Harmless = ofClients(folded); c.Codes != nil {
			r.tally(c, e.stamp, r.peer(e, text))
			return
		}
	}
	// "SSL_accept error from host[192.0.2.1]: -1" is said before the reason.
	if strings.HasPrefix(folded, "ssl_accept error from ") || strings.HasPrefix(folded, "ssl_connect error to ") {
		if m, ok := message.FindFolded(folded, side); !ok || m.Codes[0] == finding.Unexplained || strings.HasSuffix(folded, ": -1") || strings.HasSuffix(folded, ": 0") {
			if len(r.vague) < maxProcesses {
				r.vague[e.process] = text
			}
			r.quoteLater(text)
			return
		}
	}
	m, ok := message.FindFolded(folded, side)
	if ok && m.Codes[0] != finding.Unexplained {
		if c.Codes = m.Codes; ofFiles(m.Codes[0]) {
			r.made++
			p.hear(p.of(m.Codes[0], e, text))
			return
		}
		if m.Codes[0] == finding.CredentialsRefused && side == message.Server {
			if r.guessed == nil {
				r.made++
				r.guessed = &heldClaim{c, e.stamp, r.peer(e, text)}
			}
			return
		}
		if side == message.Client && len(r.unsure) < maxProcesses && contains(folded, "certificate verification failed for ", "] ssl verify error: ") && !strings.Contains(folded, "tls session") {
			r.made++
			r.unsure[e.process] = heldClaim{c, e.stamp, r.peer(e, text)}
			return
		}
		r.tally(c, e.stamp, r.peer(e, text))
		return
	}
	if ok || failedSession(folded) {
		r.quote(text)
	}
}

// ofClients returns what a server's line about a client means that the table of messages leaves open, and
// whether that is nothing to cure: nil where it does not.
func ofClients(folded string) (codes []finding.Code, harmless bool) {
	switch {
	case strings.Contains(folded, "http request"):
		return []finding.Code{finding.WrongEncryptionType}, true
	case strings.HasPrefix(folded, "invalid certificate: "): // Dovecot, of a client's
		return []finding.Code{finding.ClientCertificateRefused}, false
	case timedOut(folded):
		return []finding.Code{finding.WrongEncryptionType, finding.HandshakeTimeout}, false
	}
	return nil, false
}

// ofMail reports whether another server refused what a mail says or whom it is for, and not the session.
func ofMail(folded string) bool {
	return contains(folded, "in reply to rcpt to", "in reply to end of data") && !contains(folded, "starttls", "tls required", "encryption")
}

// settle takes what became of a mail: one that was sent has not failed for a certificate, which most
// senders do not ask to be right.
func (r *logReader) settle(e entry) {
	held, ok := r.unsure[e.process]
	switch {
	case !ok:
	case strings.Contains(e.message, "status=sent"), e.product == finding.Exim && contains(e.message, " => ", " -> ", " Completed"):
		delete(r.unsure, e.process)
	case contains(e.message, "status=deferred", "status=bounced", "status=undeliverable"), e.product == finding.Exim && contains(e.message, " == ", " ** "):
		delete(r.unsure, e.process)
		r.tally(held.claim, held.stamp, held.peer)
	}
}

// ofFiles reports whether a code is about the server's own files and settings.
func ofFiles(c finding.Code) bool {
	return slices.Contains([]finding.Code{finding.KeyMissing, finding.KeyUnreadable, finding.KeyEncrypted, finding.KeyDoesNotMatch, finding.MalformedCertificate,
		finding.CertificateFileMissing, finding.CertificateNotLoaded, finding.WeakKey, finding.WeakSignature, finding.OutdatedConfiguration}, c)
}

// timedOut reports whether a handshake that a client began came to no end: it mostly waits for a
// greeting in the clear.
func timedOut(folded string) bool {
	return idle(folded) || (strings.Contains(folded, "ssl_accept") || strings.Contains(folded, "gnutls_handshake") || strings.Contains(folded, "tls handshak") || strings.Contains(folded, "ssl handshak")) &&
		(strings.Contains(folded, "timed out") || strings.Contains(folded, "timeout"))
}

// serverShape is the server that ours connected to, as Postfix, Exim and sendmail write it.
var serverShape = lazily(`(?:\bfor |\bto |\bhost |relay=|H=)((?:[A-Za-z0-9_-]+\.)+[A-Za-z0-9-]{2,}?)\.? ?\[[0-9A-Fa-f.:]+\](?::(\d{1,5}))?`)

// otherServer returns the server that a line is about, HOST:PORT, or the line before it of the same
// process. Servers speak to each other on port 25, unless another one is told.
func (r *logReader) otherServer(e entry, text string) string {
	m := serverShape.find(text)
	if m == nil {
		m = serverShape.find(r.vague[e.process])
	}
	if m == nil {
		return ""
	}
	return clip(m[1]) + ":" + cmp.Or(m[2], "25")
}

// peer returns the address of the other side: of the line, or of the one before, with which the same
// process began to tell of it.
func (r *logReader) peer(e entry, text string) string {
	before := r.vague[e.process]
	delete(r.vague, e.process)
	if p := peerIn(text); p != "" || before == "" {
		return p
	}
	return peerIn(before)
}

// end adds what the products say of their files.
func (r *logReader) end() {
	for _, process := range slices.Sorted(maps.Keys(r.unsure)) {
		held := r.unsure[process]
		r.tally(held.claim, held.stamp, held.peer)
	}
	// Passwords are guessed all day. Who shows a line or two means them.
	if g := r.guessed; g != nil && r.lines <= 3 && len(r.claims) == 0 {
		r.tally(g.claim, g.stamp, g.peer)
	}
	for _, p := range r.products {
		name := string(p.words.product)
		if p.hits == 0 {
			continue
		}
		r.doc.Read = append(r.doc.Read, count(p.hits, "line")+" of "+name)
		switch {
		case p.now != nil:
			r.claim(*p.now)
		case p.before != nil:
			r.doc.NotRead = append(r.doc.NotRead, "what "+name+" said before it was last started or reloaded, which may be over: "+p.before.Text)
		case len(r.claims) == 0 && p.words.words != nil:
			r.doc.Read = append(r.doc.Read, name+" does not say that it could not load a certificate or a key")
		}
		if r.doc.Encrypted += p.encrypted; p.encrypted > 0 {
			r.doc.Read = append(r.doc.Read, count(p.encrypted, "TLS session")+" that came about with "+name)
		}
	}
}
