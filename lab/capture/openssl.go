package capture

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
)

// opensslReader reads "openssl s_client" of 1.0 to 3.5, whole or in parts, and "openssl verify".
type opensslReader struct {
	*gathering
	depth int
	list  bool // the list of the chain has begun
	at    int  // the certificate that the list is at
}

var (
	clientShape   = lazily(`openssl(?:\.exe)?["']? +s_client\b(.*)`)
	depthShape    = lazily(`^depth=(\d{1,3}) (.*)`)
	queueShape    = lazily(`^(?:[0-9A-Fa-f]{1,16}:)?error:[0-9A-Fa-f]{1,16}:`)
	listShape     = lazily(`^(\d{1,3}) s:(.*)`)
	verifyCommand = lazily(`^(?:[$#%] |\S{0,60}[$#>] )?openssl(?:\.exe)? verify .*`)
	verifyOK      = lazily(`^\S{1,200}: OK$`)
	verifyShape   = lazily(`^error (\d{1,3}) at (\d{1,3}) depth lookup: ?(.*)`)
	tempDH        = lazily(`^(?:Server|Peer) Temp Key: DH, (\d{3,5}) bits`)
)

func (r *opensslReader) line(l line) bool {
	if m := clientShape.find(l.text); m != nil {
		r.begin(OpenSSL)
		r.list = false
		r.command(m[1])
		return true
	}
	s := l.text
	switch {
	case strings.HasPrefix(s, "CONNECTED("), s == "CONNECTION ESTABLISHED":
		// Where both of openssl's streams come together, the depth lines stand before this one.
		if n := r.of(OpenSSL); n.opened {
			r.begin(OpenSSL)
			r.list = false
		}
		n := r.of(OpenSSL)
		n.connected, n.opened = true, true
		n.certified = n.certified || s == "CONNECTION ESTABLISHED"
		return true
	case s == "Certificate chain":
		r.list, r.at = true, 0
		r.of(OpenSSL).connected = true
		return true
	case s == "Server certificate":
		n := r.of(OpenSSL)
		n.partial, r.list = len(n.chain) == 0 && n.sent != 1, false
		return true
	case s == "no peer certificate available", strings.HasPrefix(s, "SSL handshake has read "), s == "No client certificate CA names sent":
		r.of(OpenSSL).connected = true
		return true
	case r.list && r.listed(s):
		return true
	}
	return r.verdict(s) || r.about(s) || r.failure(s)
}

// listed reads the list of the chain: " 1 s:O = Example, CN = Example CA", "i:", "a:" and "v:".
func (r *opensslReader) listed(s string) bool {
	n := r.of(OpenSSL)
	if m := listShape.find(s); m != nil {
		r.at, _ = strconv.Atoi(m[1])
		n.sent = max(n.sent, r.at+1)
		n.describe(r.at).Subject = clip(m[2])
		return true
	}
	if v, ok := after(s, "i:"); ok {
		n.describe(r.at).Issuer = clip(v)
		return true
	}
	if v, ok := after(s, "v:NotBefore:"); ok {
		begins, ends, _ := strings.Cut(v, "; NotAfter:")
		d := n.describe(r.at)
		d.NotBefore, d.NotAfter = when(begins), when(ends)
		return true
	}
	return strings.HasPrefix(s, "a:PKEY")
}

// about reads what is said of the connection and of the leaf.
func (r *opensslReader) about(s string) bool {
	if !r.has(OpenSSL) {
		return false
	}
	n := r.of(OpenSSL)
	if v, ok := between(s, "New, ", ", Cipher is"); ok {
		n.connected = true
		if v != "(NONE)" {
			n.certified = true
			if v != "TLSv1/SSLv3" { // 1.0.2 says that of TLS 1.2 as well
				n.version = v
			}
		}
		return true
	}
	for _, name := range []string{"Protocol version:", "Protocol"} {
		if v, ok := after(s, name); ok && (strings.HasPrefix(v, ":") || strings.HasSuffix(name, ":")) {
			n.version = strings.TrimLeft(v, ": ")
			return true
		}
	}
	if v, ok := after(s, "Peer certificate:"); ok {
		n.describe(0).Subject, n.certified = clip(v), true
		return true
	}
	if v, ok := after(s, "Start Time:"); ok {
		if t, err := strconv.ParseInt(v, 10, 64); err == nil && t > 0 && t < 1<<40 {
			n.at = time.Unix(t, 0).UTC()
		}
		return true
	}
	if m := tempDH.find(s); m != nil {
		if bits, _ := strconv.Atoi(m[1]); bits < 2048 {
			n.claim(Claim{Codes: []finding.Code{finding.WeakDH}, Text: s, Depth: -1, Harmless: bits >= 1024})
		}
		return true
	}
	for _, known := range []string{"Peer signing digest:", "Peer signature type:", "Server Temp Key:", "Peer Temp Key:", "Server public key is", "Secure Renegotiation", "Compression:", "Expansion:", "No ALPN",
		"Early data was not", "SSL-Session:", "Cipher ", "Session-ID", "Master-Key:", "PSK ", "SRP ", "TLS session ticket", "Timeout ", "Extended master", "Max Early Data", "Ciphersuite:", "Hash used:",
		"Signature type:", "Negotiated TLS", "ALPN protocol:", "This TLS version", "read R BLOCK", "Post-Handshake", "Requested Signature", "Shared Requested", "Acceptable client", "Client Certificate Types", "Supported Elliptic", "DONE", "closed", "---"} {
		if strings.HasPrefix(s, known) {
			return true
		}
	}
	return false
}

// verdict reads what openssl thinks of the certificates.
func (r *opensslReader) verdict(s string) bool {
	if m := depthShape.find(s); m != nil {
		if n := r.of(OpenSSL); n.over {
			r.begin(OpenSSL)
		}
		r.depth, _ = strconv.Atoi(m[1])
		n := r.of(OpenSSL)
		if d := n.describe(r.depth); d.Subject == "" {
			d.Subject = clip(m[2])
		}
		n.certified = true
		return true
	}
	if v, ok := after(s, "verify error:num="); ok {
		n := r.of(OpenSSL)
		n.refused, n.certified = true, true
		number, words, _ := strings.Cut(v, ":")
		r.certificate(number, words, r.depth)
		return true
	}
	if verifyCommand.in(s) {
		r.begin(OpenSSL)
		r.list = false
		return true
	}
	if n := r.last(); n != nil && n.tool == OpenSSL && !n.connected && verifyOK.in(s) {
		n.ok, n.certified = true, true
		return true
	}
	if m := verifyShape.find(s); m != nil {
		depth, _ := strconv.Atoi(m[2])
		r.of(OpenSSL).refused = true
		r.certificate(m[1], m[3], depth)
		return true
	}
	if v, ok := after(s, "Verify return code:"); ok {
		n := r.of(OpenSSL)
		n.over, n.connected = true, true
		number, words, _ := strings.Cut(v, " ")
		if number == "0" {
			n.ok = n.certified
		} else if !n.refused {
			n.refused = true
			r.certificate(number, strings.Trim(words, "()"), -1)
		}
		return true
	}
	if v, ok := after(s, "Verification error:"); ok {
		if n := r.of(OpenSSL); !n.refused {
			n.refused = true
			r.certificate("", v, -1)
		}
		return true
	}
	switch {
	case s == "Verification: OK":
		n := r.of(OpenSSL)
		n.ok = n.certified
		return true
	case strings.HasPrefix(s, "Verified peername:"):
		n := r.of(OpenSSL)
		n.named = true
		if n.host == "" {
			n.host, _ = after(s, "Verified peername:")
		}
		return true
	case strings.HasPrefix(s, "notAfter="), strings.HasPrefix(s, "notBefore="):
		if !r.has(OpenSSL) || !r.of(OpenSSL).refused {
			return false
		}
		d := r.of(OpenSSL).describe(r.depth)
		if v, ok := after(s, "notAfter="); ok {
			d.NotAfter = when(v)
		} else {
			v, _ := after(s, "notBefore=")
			d.NotBefore = when(v)
		}
		return true
	}
	return strings.HasPrefix(s, "verify return:")
}

// certificate claims a verify error. 27 is only ever said beside another one, and 21 and 20 are one.
func (r *opensslReader) certificate(number, words string, depth int) {
	n := r.of(OpenSSL)
	text := words
	if number != "" {
		text += " (" + number + ")"
	}
	if number == "27" && words != "" {
		return
	}
	if number == "23" { // as an alert the same words would be about the client's
		n.claim(Claim{Codes: []finding.Code{finding.Revoked}, Text: text, Depth: depth, Side: message.Client})
		return
	}
	n.claim(Claim{Codes: below(meaning("verify error:num="+number+":"+words, message.Client), depth), Text: text, Depth: depth, Side: message.Client})
}

// below turns what is said of the leaf into what it means of its issuers.
func below(codes []finding.Code, depth int) []finding.Code {
	if depth <= 0 {
		return codes
	}
	switch codes[0] {
	case finding.Expired:
		return []finding.Code{finding.IntermediateExpired, finding.RootExpired}
	case finding.NotYetValid:
		return []finding.Code{finding.IntermediateNotYetValid}
	}
	return codes
}

// failure reads openssl's error queue and what the operating system said.
func (r *opensslReader) failure(s string) bool {
	switch {
	case queueShape.in(s):
		if !r.has(OpenSSL) {
			return false // of another program that uses the library
		}
		n := r.of(OpenSSL)
		n.connected = true
		if strings.Contains(s, "wrong version number") && r.claimed(n, finding.StartTLSNotOffered) {
			return true // it tried all the same, and TLS was not there
		}
		r.queue(n, s)
		return true
	case strings.HasPrefix(s, "Didn't find STARTTLS"), strings.HasPrefix(s, "didn't found starttls"), strings.HasPrefix(s, "didn't found STARTTLS"):
		n := r.of(OpenSSL)
		n.upgrade = true
		n.claim(Claim{Codes: []finding.Code{finding.StartTLSNotOffered, finding.CapabilityStripped}, Text: s, Depth: -1})
		return true
	case strings.HasPrefix(s, "write:errno="), strings.HasPrefix(s, "read:errno="):
		n := r.of(OpenSSL)
		n.connected = true
		switch {
		case !n.certified:
			n.claim(Claim{Codes: []finding.Code{finding.HandshakeDropped}, Text: s, Depth: -1})
		case !strings.HasSuffix(s, "errno=0"): // what s_client writes when the other side has said all
			n.claim(Claim{Codes: []finding.Code{finding.Unexplained}, Text: s, Depth: -1})
		}
		return true
	case strings.HasPrefix(s, "Cert Status:"), strings.HasPrefix(s, "OCSP Response Status:"):
		if strings.Contains(s, "revoked") {
			n := r.of(OpenSSL)
			n.refused = true
			n.claim(Claim{Codes: []finding.Code{finding.Revoked}, Text: s, Depth: 0})
		}
		return true
	case strings.HasPrefix(s, "connect:errno="):
		n := r.of(OpenSSL)
		n.connected = true
		n.claims = slices.DeleteFunc(n.claims, func(c Claim) bool { // as Windows' builds say, which have no words for its errors
			return c.Code() == finding.Unexplained && strings.Contains(strings.ToLower(c.Text), "unknown error")
		})
		if codes := meaning(s, message.Client); len(n.claims) == 0 && codes[0] != finding.Unexplained { // else behind a line that says why
			n.claim(Claim{Codes: codes, Text: s, Depth: -1, Side: message.Client})
		}
		return true
	case strings.HasPrefix(s, "connect:"), strings.HasPrefix(s, "gethostbyname failure"), strings.HasPrefix(s, "getaddrinfo:"), strings.HasPrefix(s, "BIO_lookup_ex:"):
		n := r.of(OpenSSL)
		n.connected = true
		if !strings.Contains(strings.ToLower(s), "temporary failure") { // which decides nothing
			n.says(s, -1)
		}
		return true
	}
	return false
}

// queue reads one line of the error queue. What says only that a function failed stands behind a line
// that says why.
func (r *opensslReader) queue(n *notes, s string) {
	fields := strings.Split(s, ":")
	reason := reasonOf(s)
	codes := meaning(s, message.Client)
	for _, empty := range []string{"connect error", "system lib", "ssl handshake failure", "BIO lib", "certificate verify failed"} {
		if strings.EqualFold(reason, empty) && (codes[0] == finding.Unexplained && len(n.claims) > 0 || n.refused) {
			return
		}
	}
	text := s
	if len(fields) > 5 {
		text = reason
	}
	n.claim(Claim{Codes: codes, Text: text, Depth: -1, Side: message.Client})
}

// reasonOf returns the words of a line of OpenSSL's error queue: "error:CODE:LIBRARY:FUNCTION:REASON:…".
func reasonOf(s string) string {
	_, rest, ok := strings.Cut(s, "error:")
	if !ok {
		return s
	}
	fields := strings.SplitN(rest, ":", 6)
	if len(fields) < 4 {
		return s
	}
	if (strings.HasPrefix(fields[1], "BIO routines") || strings.HasPrefix(fields[1], "system library")) && strings.Contains(fields[3], "system lib") && len(fields) == 6 {
		return fields[5]
	}
	return strings.TrimSpace(fields[3])
}

func (r *opensslReader) claimed(n *notes, code finding.Code) bool {
	for _, c := range n.claims {
		if c.Code() == code {
			return true
		}
	}
	return false
}

// command reads the command line.
func (r *opensslReader) command(rest string) {
	rest, _, _ = strings.Cut(rest, "|")
	words := strings.Fields(rest)
	for i, w := range words {
		words[i] = strings.TrimRight(strings.Trim(w, `"'`+"`"), ";&")
	}
	n := r.of(OpenSSL)
	if s := option(words, "-connect", "--connect"); s != "" {
		n.target(s)
	} else if s := option(words, "-host"); s != "" {
		n.target(net.JoinHostPort(s, option(words, "-port")))
	} else {
		for _, w := range words {
			if _, _, err := net.SplitHostPort(w); err == nil && !strings.HasPrefix(w, "-") && !strings.ContainsAny(w, "/<>=\\") {
				n.target(w) // as from 1.1
			}
		}
	}
	for _, name := range []string{"-verify_hostname", "-servername"} {
		if s := option(words, name, "-"+name); s != "" && n.host == "" && !strings.HasPrefix(s, "-") {
			n.host = s
		}
	}
	for _, w := range words {
		n.noSNI = n.noSNI || w == "-noservername"
	}
	if p := option(words, "-starttls", "--starttls"); p != "" {
		n.upgrade, n.proto = true, protocol(p)
	}
}
