package capture

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// opensslReader reads "openssl s_client" of 1.0 to 3.5, with or without -showcerts and -starttls.
type opensslReader struct {
	n       notes
	depth   int
	chain   bool // the list of the chain has begun
	server  bool // the section of the server's certificate has begun
	refused bool // a verify error was told already
}

var (
	depthShape = regexp.MustCompile(`^depth=(\d{1,3}) `)
	queueShape = regexp.MustCompile(`^[0-9A-Fa-f]{1,16}:error:`)
)

func (r *opensslReader) tool() Tool    { return OpenSSL }
func (r *opensslReader) notes() *notes { return &r.n }

func (r *opensslReader) line(line string) bool {
	if _, command, ok := strings.Cut(line, "openssl s_client "); ok {
		r.command(strings.Fields(command))
		return true
	}
	switch {
	case strings.HasPrefix(line, "CONNECTED("), line == "no peer certificate available":
		return true
	case line == "Certificate chain":
		r.chain = true
		return true
	case line == "Server certificate":
		r.server = true
		r.n.partial = len(r.n.chain) == 0 && r.n.listed != 1
		return true
	case r.chain && !r.server && r.listed(line):
		return true
	}
	return r.about(line) || r.verdict(line) || r.failure(line)
}

// listed reads a line such as " 1 s:O = Example, CN = Example CA".
func (r *opensslReader) listed(line string) bool {
	number, rest, ok := strings.Cut(line, " ")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 0 || n >= maxCertificates || !strings.HasPrefix(rest, "s:") {
		return false
	}
	r.n.listed = n + 1
	return true
}

// about reads what is said of the connection and of the leaf.
func (r *opensslReader) about(line string) bool {
	if v, ok := after(line, "subject="); ok {
		r.n.leaf.Subject = clip(v)
		return true
	}
	if v, ok := after(line, "issuer="); ok {
		r.n.leaf.Issuer = clip(v)
		return true
	}
	if v, ok := after(line, "notAfter="); ok && r.depth == 0 {
		r.n.leaf.NotAfter, _ = time.Parse("Jan 2 15:04:05 2006 MST", strings.Join(strings.Fields(v), " "))
		return true
	}
	if v, ok := between(line, "New, ", ", Cipher is"); ok {
		if v != "(NONE)" && v != "TLSv1/SSLv3" { // 1.0.2 says that of TLS 1.2 as well
			r.n.version = clip(v)
		}
		return true
	}
	if v, ok := after(line, "Protocol"); ok && strings.HasPrefix(v, ":") {
		r.n.version = clip(strings.TrimLeft(v, ": "))
		return true
	}
	if v, ok := after(line, "Start Time:"); ok {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && n > 0 && n < 1<<40 {
			r.n.at = time.Unix(n, 0).UTC()
		}
		return true
	}
	return false
}

// verdict reads what openssl thinks of the certificates.
func (r *opensslReader) verdict(line string) bool {
	if m := depthShape.FindStringSubmatch(line); m != nil {
		r.depth, _ = strconv.Atoi(m[1])
		return true
	}
	if text, ok := after(line, "verify error:num="); ok {
		r.refused = true
		r.certificate(text, r.depth)
		return true
	}
	if text, ok := after(line, "Verify return code:"); ok {
		if strings.HasPrefix(text, "0 ") {
			r.n.ok = len(r.n.chain) > 0 && !r.refused
		} else if !r.refused {
			r.certificate(text, 0)
		}
		return true
	}
	if text, ok := after(line, "Verification error:"); ok {
		if !r.refused {
			r.certificate(text, 0)
		}
		return true
	}
	if text, ok := after(line, "Cert Status:"); ok {
		if strings.HasPrefix(strings.ToLower(text), "revoked") {
			r.n.claim(finding.Revoked, line)
		}
		return true
	}
	return strings.HasPrefix(line, "verify return:")
}

func (r *opensslReader) certificate(text string, depth int) {
	if number, words, ok := strings.Cut(text, ":"); ok {
		text = words + " (" + number + ")"
	}
	for _, p := range certificatePhrases() {
		if strings.Contains(strings.ToLower(text), p.words) {
			r.n.claim(below(p.code, depth), text)
			return
		}
	}
	r.n.claim(finding.Unexplained, text)
}

// failure reads openssl's error queue and what the operating system said.
func (r *opensslReader) failure(line string) bool {
	switch {
	case queueShape.MatchString(line):
		if strings.Contains(line, "wrong version number") && r.claimed(finding.StartTLSNotOffered) {
			return true // it tried all the same, and TLS was not there
		}
		r.queue(line)
		return true
	case strings.HasPrefix(line, "Didn't find STARTTLS"), strings.HasPrefix(line, "didn't found starttls"):
		r.n.upgrade = true
		r.n.words(connectionPhrases(), line)
		return true
	case strings.HasPrefix(line, "write:errno="), strings.HasPrefix(line, "read:errno="):
		r.n.died(line)
		return true
	case strings.HasPrefix(line, "connect:"), strings.HasPrefix(line, "gethostbyname failure"), strings.HasPrefix(line, "getaddrinfo:"):
		r.n.words(connectionPhrases(), line)
		return true
	}
	return false
}

// queue reads one line of the error queue, and quotes of it only what it says.
func (r *opensslReader) queue(line string) {
	before := len(r.n.claims)
	if r.n.died(line, connectionPhrases()); len(r.n.claims) == before {
		return
	}
	if fields := strings.Split(line, ":"); len(fields) > 5 {
		text := fields[5]
		if strings.HasPrefix(fields[3], "BIO routines") && len(fields) > 8 { // the system's words come last
			text = strings.Join(fields[8:], ":")
		}
		r.n.claims[before].Text = clip(text)
	}
}

func (r *opensslReader) claimed(code finding.Code) bool {
	for _, c := range r.n.claims {
		if c.Code == code {
			return true
		}
	}
	return false
}

// command reads the command line, where it was pasted too.
func (r *opensslReader) command(words []string) {
	if s := option(words, "-connect", "--connect"); s != "" {
		r.n.target(s)
	}
	for _, name := range []string{"-verify_hostname", "-servername"} {
		if s := option(words, name, "-"+name); s != "" && r.n.host == "" {
			r.n.host = s
		}
	}
	if p := option(words, "-starttls", "--starttls"); p != "" {
		r.n.upgrade, r.n.proto = true, protocol(p)
	}
}
