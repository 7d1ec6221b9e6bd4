package capture

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// curlReader reads "curl -v", which shows no certificate and tells of one in a few lines.
type curlReader struct {
	n notes
}

var (
	meterShape     = regexp.MustCompile(`^\d+ +[\d.kM]+ .*--:--`)
	exitShape      = regexp.MustCompile(`^curl: \((\d{1,3})\) (.*)`)
	connectedShape = regexp.MustCompile(`^(?:Connected to|Established connection to) (\S+) \(.*\) port (\d{1,5})`)
	failedShape    = regexp.MustCompile(`^Failed to connect to (\S+) port (\d{1,5})`)
)

func (r *curlReader) tool() Tool    { return Curl }
func (r *curlReader) notes() *notes { return &r.n }

func (r *curlReader) line(line string) bool {
	if _, command, ok := strings.Cut(line, "curl "); ok && strings.Contains(command, "://") {
		r.command(strings.Fields(command))
		return true
	}
	// The meter of progress is written over the beginning of the line.
	if at := strings.LastIndex(line, "* "); at > 0 && meterShape.MatchString(line) {
		line = line[at:]
	}
	if m := exitShape.FindStringSubmatch(line); m != nil {
		r.failure(m[1], m[2])
		return true
	}
	if text, ok := after(line, "* "); ok {
		return r.says(text)
	}
	return r.spoken(line)
}

// says reads what curl tells of its work.
func (r *curlReader) says(text string) bool {
	if m := connectedShape.FindStringSubmatch(text); m != nil {
		r.n.host = m[1]
		r.n.port, _ = strconv.Atoi(m[2])
		return true
	}
	if m := failedShape.FindStringSubmatch(text); m != nil {
		r.n.host = m[1]
		r.n.port, _ = strconv.Atoi(m[2])
		return true
	}
	if v, ok := after(text, "Could not resolve host:"); ok {
		r.n.host, _, _ = strings.Cut(v, ";")
		r.n.words(connectionPhrases(), text)
		return true
	}
	if v, ok := after(text, "SSL connection using "); ok {
		r.n.version, _, _ = strings.Cut(v, " ")
		return true
	}
	for _, says := range []string{"SSL certificate verify result:", "SSL certificate OpenSSL verify result:"} {
		if v, ok := after(text, says); ok {
			r.certificate(v)
			return true
		}
	}
	switch {
	case text == "SSL certificate verify ok.", strings.HasPrefix(text, "SSL certificate verified via "):
		r.n.ok = true
		return true
	case strings.HasPrefix(text, "SSL certificate problem:"), strings.HasPrefix(text, "SSL: "), strings.HasPrefix(text, "schannel:"),
		strings.HasPrefix(text, "server certificate verification failed"):
		r.certificate(text)
		return true
	case strings.HasPrefix(text, "OpenSSL SSL_connect:"), strings.HasPrefix(text, "TLS connect error"):
		r.n.died(text, connectionPhrases(), certificatePhrases())
		return true
	case strings.HasPrefix(text, "connect to "), strings.HasPrefix(text, "OpenSSL"), strings.HasPrefix(text, "STARTTLS "):
		r.n.words(connectionPhrases(), text)
		return true
	case text == "Server certificate:", strings.HasPrefix(text, "Trying "):
		return true
	}
	return r.leaf(text)
}

// leaf reads the lines that describe the server's certificate.
func (r *curlReader) leaf(text string) bool {
	name, value, ok := strings.Cut(text, ": ")
	if !ok {
		return false
	}
	value = strings.TrimSpace(value)
	switch name {
	case "subject":
		r.n.leaf.Subject = clip(value)
	case "issuer":
		r.n.leaf.Issuer = clip(value)
	case "start date":
		r.n.leaf.NotBefore = curlTime(value)
	case "expire date":
		r.n.leaf.NotAfter = curlTime(value)
	default:
		return false
	}
	return true
}

func curlTime(s string) time.Time {
	t, err := time.Parse("Jan 2 15:04:05 2006 MST", strings.Join(strings.Fields(s), " "))
	if err != nil {
		return time.Time{}
	}
	return t
}

func (r *curlReader) certificate(text string) {
	if !r.n.words(certificatePhrases(), text) {
		r.n.claim(finding.Unexplained, text)
	}
}

// The exit codes of curl that mean something here: https://curl.se/libcurl/c/libcurl-errors.html
func (r *curlReader) failure(code, text string) {
	if r.n.words(certificatePhrases(), text) || r.n.words(connectionPhrases(), text) {
		return
	}
	meaning := map[string]finding.Code{
		"6": finding.HostNotFound, "7": finding.PortClosed, "28": finding.ConnectTimeout, "35": finding.Unexplained, "58": finding.Unexplained, "59": finding.Unexplained,
		"60": finding.Unexplained, "64": finding.StartTLSNotOffered, "67": finding.CredentialsRefused,
	}[code]
	if strings.Contains(text, "Resolving timed out") {
		return // which decides nothing
	}
	if (meaning == "" || meaning == finding.Unexplained) && code != "60" && code != "0" {
		r.n.died(text)
		return
	}
	if meaning != "" && len(r.n.claims)+len(r.n.strange) == 0 {
		r.n.claim(meaning, text)
	}
}

// spoken reads what went over the wire in the clear, as far as it says how TLS was begun.
func (r *curlReader) spoken(line string) bool {
	said, ok := after(line, "> ")
	if !ok && !strings.HasPrefix(line, "> ") {
		if date, ok := after(line, "< Date:"); ok {
			r.n.at, _ = time.Parse(time.RFC1123, date)
			return true
		}
		return false
	}
	upper := strings.ToUpper(said)
	switch {
	case strings.HasSuffix(upper, "STARTTLS") || upper == "STLS":
		r.n.upgrade = true
	case strings.Contains(upper, "AUTH"), strings.HasPrefix(upper, "PASS "), strings.Contains(upper, " LOGIN "):
		r.n.login = true
	default:
		return false
	}
	return true
}

// command reads the command line: the address, and that a password was on it.
func (r *curlReader) command(words []string) {
	for _, w := range words {
		scheme, rest, ok := strings.Cut(strings.Trim(w, `"'`), "://")
		if !ok {
			continue
		}
		rest, _, _ = strings.Cut(rest, "/")
		if at := strings.LastIndex(rest, "@"); at >= 0 {
			r.n.login = r.n.login || strings.Contains(rest[:at], ":")
			rest = rest[at+1:]
		}
		r.n.target(rest)
		r.n.proto = protocol(scheme)
		r.n.upgrade = r.n.upgrade || !strings.HasSuffix(strings.ToLower(scheme), "s")
	}
	if u := option(words, "-u", "--user"); strings.Contains(u, ":") {
		r.n.login = true
	}
}
