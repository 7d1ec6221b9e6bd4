package capture

import (
	"strconv"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
)

// curlReader reads "curl -v", which shows no certificate and tells of one in a few lines.
type curlReader struct {
	*gathering
}

var (
	curlCommand    = lazily(`\bcurl(?:\.exe)? (.*://.*)`)
	meterShape     = lazily(`^\d+ +[\d.kM]+ .*--:--.*?(\* .*)$`)
	exitShape      = lazily(`^(?:\d.*)?curl: \((\d{1,3})\) (.*)`)
	connectedShape = lazily(`^(?:Connected to|Established connection to) (\S+) \(.*\) port (\d{1,5})`)
	failedShape    = lazily(`^Failed to connect to (\S+) port (\d{1,5})`)
	sanShape       = lazily(`cert's "([^"]+)"`)
)

func (r *curlReader) line(l line) bool {
	s := l.text
	if m := curlCommand.find(s); m != nil {
		r.begin(Curl)
		r.command(strings.Fields(m[1]))
		return true
	}
	if m := meterShape.find(s); m != nil { // written over the beginning of the line
		s = m[1]
	}
	if m := exitShape.find(s); m != nil {
		r.failure(m[1], m[2])
		return true
	}
	if text, ok := after(s, "* "); ok && (r.has(Curl) || curlSays(text)) {
		return r.says(text)
	}
	return r.spoken(l.raw, s)
}

// curlSays reports whether a line with an asterisk is of curl: lists in prose have one too.
func curlSays(text string) bool {
	for _, begins := range []string{"Trying ", "Connected to ", "Established connection to ", "SSL", "TLSv1", "Server certificate:", " CA", "CAfile", "ALPN", "Could not resolve", "Failed to connect",
		"connect to ", "OpenSSL", "TLS connect error", "schannel:", "Host ", "subject:", "issuer:", "start date:", "expire date:", "server certificate verification", "Closing connection", "Connection ", "Rebuilt URL", "IPv", "subjectAltName", "using HTTP", "old SSL"} {
		if strings.HasPrefix(text, begins) {
			return true
		}
	}
	return false
}

// says reads what curl tells of its work.
func (r *curlReader) says(text string) bool {
	n := r.of(Curl)
	for _, shape := range []pattern{connectedShape, failedShape} {
		if m := shape.find(text); m != nil {
			n.connected = true
			n.host = m[1]
			n.port, _ = strconv.Atoi(m[2])
			return true
		}
	}
	if v, ok := after(text, "Could not resolve host:"); ok {
		n.host, _, _ = strings.Cut(v, ";")
		n.connected = true
		n.says(text, -1)
		return true
	}
	if v, ok := after(text, "SSL connection using "); ok {
		n.version, _, _ = strings.Cut(v, " ")
		n.certified = true
		return true
	}
	for _, says := range []string{"SSL certificate verify result:", "SSL certificate OpenSSL verify result:"} {
		if v, ok := after(text, says); ok {
			n.refused = true
			n.says(v, -1)
			return true
		}
	}
	switch {
	case text == "server certificate verification OK": // curl with GnuTLS, which compares the name in another line
		n.ok, n.certified = true, true
	case strings.HasPrefix(text, "common name: ") && strings.HasSuffix(text, " (matched)"):
		n.named = true
	case text == "SSL certificate verify ok.", strings.HasPrefix(text, "SSL certificate verified via "):
		n.ok, n.certified, n.named = true, true, true
	case strings.HasPrefix(text, "SSL certificate problem:"), strings.HasPrefix(text, "SSL: "), strings.HasPrefix(text, "schannel:"),
		strings.HasPrefix(text, "server certificate verification failed"):
		n.refused = true
		n.says(text, -1)
	case strings.HasPrefix(text, "OpenSSL SSL_connect:"), strings.HasPrefix(text, "TLS connect error"):
		n.says(text, -1)
	case strings.HasPrefix(text, "connect to "), strings.HasPrefix(text, "OpenSSL"), strings.HasPrefix(text, "STARTTLS "):
		if m, ok := message.Find(text, message.Client); ok {
			n.claim(Claim{Codes: m.Codes, Text: text, Depth: -1, Side: message.Client})
		}
	default:
		return r.leaf(n, text) || curlSays(text)
	}
	return true
}

// leaf reads the lines that describe the server's certificate.
func (r *curlReader) leaf(n *notes, text string) bool {
	if m := sanShape.find(text); m != nil && strings.HasPrefix(text, "subjectAltName") {
		n.describe(0).Names = append(n.describe(0).Names, clip(m[1]))
		return true
	}
	name, value, ok := strings.Cut(text, ": ")
	if !ok {
		return false
	}
	d := n.describe(0)
	value = strings.TrimSpace(value)
	switch name {
	case "subject":
		d.Subject = clip(value)
	case "issuer":
		d.Issuer = clip(value)
	case "start date":
		d.NotBefore = when(value)
	case "expire date":
		d.NotAfter = when(value)
	default:
		return false
	}
	n.certified = true
	return true
}

// failure reads the last line, with the exit code: https://curl.se/libcurl/c/libcurl-errors.html
func (r *curlReader) failure(code, text string) {
	n := r.of(Curl)
	n.connected = true
	if n.ok && (code == "8" || code == "21") { // a command of mail that the server did not like
		return
	}
	if _, reason, ok := strings.Cut(text, "error:"); ok && len(n.claims) == 0 {
		if m, known := message.Find("error:"+reason, message.Client); !known || m.Vague == 2 {
			n.claim(Claim{Codes: []finding.Code{finding.Unexplained}, Text: text, Depth: -1})
			return
		}
	}
	if m, ok := message.Find("curl: ("+code+") "+text, message.Client); ok {
		if len(m.Codes) == 1 && m.Codes[0] != finding.Unexplained || len(n.claims) == 0 {
			n.claim(Claim{Codes: m.Codes, Text: text, Depth: -1, Side: message.Client})
		}
		return
	}
	codes := map[string][]finding.Code{
		"6": {finding.HostNotFound}, "7": {finding.PortClosed}, "28": {finding.ConnectTimeout}, "64": {finding.StartTLSNotOffered}, "67": {finding.CredentialsRefused},
		"91": {finding.StapleRequired, finding.StaleStaple},
	}[code]
	switch {
	case strings.Contains(strings.ToLower(text), "resolving timed out"), code == "0", code == "78", code == "9": // which decides nothing
	case codes != nil:
		n.claim(Claim{Codes: codes, Text: text, Depth: -1})
	case len(n.claims) == 0:
		n.claim(Claim{Codes: []finding.Code{finding.Unexplained}, Text: text, Depth: -1})
	}
}

// spoken reads what went over the wire in the clear, as far as it says how TLS was begun.
func (r *curlReader) spoken(raw, text string) bool {
	if r.has(Curl) && r.of(Curl).certified && strings.HasPrefix(text, "< ") {
		date, _ := after(text, "< Date:")
		if at, err := time.Parse(time.RFC1123, date); err == nil {
			r.of(Curl).at = at
		}
		return true // what was said in TLS is about mail
	}
	if date, ok := after(text, "< Date:"); ok && r.has(Curl) {
		r.of(Curl).at, _ = time.Parse(time.RFC1123, date)
		return true
	}
	if !r.has(Curl) || !strings.Contains(raw, "> ") {
		return false
	}
	switch upper := strings.ToUpper(text); {
	case strings.HasSuffix(upper, "STARTTLS"), upper == "STLS":
		r.of(Curl).upgrade = true
		return true
	}
	return false
}

// command reads the command line: the address.
func (r *curlReader) command(words []string) {
	n := r.of(Curl)
	for _, w := range words {
		scheme, rest, ok := strings.Cut(strings.Trim(w, `"'`), "://")
		if !ok {
			continue
		}
		rest, _, _ = strings.Cut(rest, "/")
		if at := strings.LastIndex(rest, "@"); at >= 0 {
			rest = rest[at+1:]
		}
		n.target(rest)
		n.proto = protocol(scheme)
		n.upgrade = n.upgrade || !strings.HasSuffix(strings.ToLower(scheme), "s")
		if n.port == 0 && !n.upgrade {
			e := map[string]int{"imaps": 993, "pop3s": 995, "smtps": 465, "https": 443}[strings.ToLower(scheme)]
			n.port = e
		}
	}
}
