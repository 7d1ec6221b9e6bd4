package capture

import (
	"strconv"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
)

// gnutlsReader reads "gnutls-cli", with or without --print-cert and --starttls-proto.
type gnutlsReader struct {
	*gathering
	index int // of the certificate that is described
}

var (
	gnutlsCommand = lazily(`gnutls-cli(?:-debug)?(?:\.exe)? (.*)`)
	gotShape      = lazily(`^- Got a certificate list of (\d{1,4}) certificates`)
	infoShape     = lazily(`^- Certificate\[(\d{1,4})\] info:`)
	alertShape    = lazily(`^\*\*\* (?:Fatal error: A TLS fatal alert has been received|Received alert)`)
)

func (r *gnutlsReader) line(l line) bool {
	s := l.text
	if m := gnutlsCommand.find(s); m != nil {
		r.begin(GnuTLS)
		r.command(strings.Fields(m[1]))
		return true
	}
	if v, ok := between(s, "Resolving '", "'"); ok && strings.HasPrefix(s, "Resolving '") {
		// The reason for the end may stand before this line: it goes to another stream.
		n := r.of(GnuTLS)
		if n.opened {
			n = r.begin(GnuTLS)
		}
		n.connected, n.opened = true, true
		n.target(v)
		return true
	}
	if m := gotShape.find(s); m != nil {
		n := r.of(GnuTLS)
		n.sent, _ = strconv.Atoi(m[1])
		n.certified, n.connected = true, true
		return true
	}
	if m := infoShape.find(s); m != nil {
		r.index, _ = strconv.Atoi(m[1])
		return true
	}
	if strings.HasPrefix(s, "- subject `") {
		r.certificate(s)
		return true
	}
	if v, ok := after(s, "- Description: "); ok {
		v, _ = between(v, "(", ")")
		r.of(GnuTLS).version = strings.TrimSuffix(v, "-X.509")
		return true
	}
	if v, ok := after(s, "- Status:"); ok {
		r.status(v)
		return true
	}
	return r.failure(s)
}

// certificate reads the one line that describes a certificate.
func (r *gnutlsReader) certificate(s string) {
	d := r.of(GnuTLS).describe(r.index)
	subject, _ := between(s, "subject `", "', ") // "Let's Encrypt" has an apostrophe of its own
	issuer, _ := between(s, "issuer `", "', ")
	begins, _ := between(s, "activated `", "'")
	ends, _ := between(s, "expires `", "'")
	d.Subject, d.Issuer, d.NotBefore, d.NotAfter = clip(subject), clip(issuer), when(begins), when(ends)
}

// status reads what the library thinks of the certificates: a sentence for each reason.
func (r *gnutlsReader) status(text string) {
	n := r.of(GnuTLS)
	n.connected, n.certified = true, true
	if strings.Contains(text, "The certificate is trusted") {
		n.ok, n.named = true, true
		return
	}
	n.refused = true
	known := false
	for _, m := range message.Every(text, message.Client) {
		known = true
		n.claim(Claim{Codes: m.Codes, Text: text, Depth: -1, Side: message.Client})
	}
	if !known {
		n.claim(Claim{Codes: []finding.Code{finding.Unexplained}, Text: text, Depth: -1})
	}
}

func (r *gnutlsReader) failure(s string) bool {
	switch {
	case strings.HasPrefix(s, "*** Fatal error:"), alertShape.in(s):
		n := r.of(GnuTLS)
		n.connected = true
		codes := meaning(s, message.Client)
		if (strings.Contains(s, "Error in the certificate") || codes[0] == finding.Unexplained) && len(n.claims) > 0 {
			return true // and it has said why
		}
		if strings.Contains(s, "Error in the certificate") {
			n.refused = true
		}
		n.claim(Claim{Codes: codes, Text: s, Depth: -1, Side: message.Client})
		return true
	case strings.HasPrefix(s, "*** PKI verification of server certificate failed"):
		r.of(GnuTLS).refused = true
		return true
	case strings.HasPrefix(s, "*** Handshake has failed"):
		return true // said behind the reason
	case strings.HasPrefix(s, "Could not connect to "), strings.HasPrefix(s, "Cannot resolve "):
		n := r.of(GnuTLS)
		n.connected = true
		n.says(s, -1)
		return true
	case strings.HasPrefix(s, "Connecting to '"):
		r.of(GnuTLS).connected = true
		return true
	}
	for _, known := range []string{"Processed ", "- Certificate type:", "- Handshake was completed", "- Session ID:", "- Options:", "- Simple Client Mode", "- Ephemeral", "- Version:", "- Server Signature:", "- Cipher:", "- MAC:", "|<"} {
		if strings.HasPrefix(s, known) {
			return known != "Processed " || strings.Contains(s, "CA certificate")
		}
	}
	return false
}

// command reads the command line. The host is the last word.
func (r *gnutlsReader) command(words []string) {
	n := r.of(GnuTLS)
	for i, w := range words {
		if strings.HasPrefix(w, "<") || strings.HasPrefix(w, "|") || strings.HasPrefix(w, "2>") {
			words = words[:i]
			break
		}
	}
	if len(words) > 0 && !strings.HasPrefix(words[len(words)-1], "-") {
		n.target(words[len(words)-1])
	}
	if s := option(words, "-p", "--port"); s != "" {
		if p, err := strconv.Atoi(s); err == nil && p > 0 && p < 1<<16 {
			n.port = p
		} else if p := services[s]; p > 0 {
			n.port = p
		}
	}
	for _, name := range []string{"--verify-hostname", "--sni-hostname"} {
		if s := option(words, name); s != "" && n.host == "" {
			n.host = s
		}
	}
	if p := option(words, "--starttls-proto"); p != "" {
		n.upgrade, n.proto = true, protocol(p)
	}
}
