package capture

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// gnutlsReader reads "gnutls-cli", with or without --print-cert and --starttls-proto.
type gnutlsReader struct {
	n     notes
	index int // of the certificate that is described
}

var (
	listShape      = regexp.MustCompile(`^- Got a certificate list of (\d{1,4}) certificates`)
	infoShape      = regexp.MustCompile(`^- Certificate\[(\d{1,4})\] info:`)
	processedShape = regexp.MustCompile(`^Processed \d+ CA certificate`)
)

func (r *gnutlsReader) tool() Tool    { return GnuTLS }
func (r *gnutlsReader) notes() *notes { return &r.n }

func (r *gnutlsReader) line(line string) bool {
	if _, command, ok := strings.Cut(line, "gnutls-cli "); ok {
		r.command(strings.Fields(command))
		return true
	}
	if v, ok := between(line, "Resolving '", "'"); ok {
		r.n.target(v)
		return true
	}
	if m := listShape.FindStringSubmatch(line); m != nil {
		r.n.listed, _ = strconv.Atoi(m[1])
		return true
	}
	if m := infoShape.FindStringSubmatch(line); m != nil {
		r.index, _ = strconv.Atoi(m[1])
		return true
	}
	if strings.HasPrefix(line, "- subject `") && r.index == 0 {
		r.leaf(line)
		return true
	}
	if v, ok := after(line, "- Description: "); ok {
		v, _ = between(v, "(", ")")
		r.n.version = strings.TrimSuffix(v, "-X.509")
		return true
	}
	if v, ok := after(line, "- Status:"); ok {
		r.status(v)
		return true
	}
	return r.failure(line)
}

// leaf reads the one line that describes a certificate.
func (r *gnutlsReader) leaf(line string) {
	subject, _ := between(line, "subject `", "'")
	issuer, _ := between(line, "issuer `", "'")
	begins, _ := between(line, "activated `", "'")
	ends, _ := between(line, "expires `", "'")
	r.n.leaf.Subject, r.n.leaf.Issuer = clip(subject), clip(issuer)
	r.n.leaf.NotBefore, _ = time.Parse("2006-01-02 15:04:05 MST", begins)
	r.n.leaf.NotAfter, _ = time.Parse("2006-01-02 15:04:05 MST", ends)
}

func (r *gnutlsReader) status(text string) {
	if strings.Contains(text, "The certificate is trusted") {
		r.n.ok = true
		return
	}
	known := false
	for sentence := range strings.SplitSeq(text, ". ") {
		known = r.n.words(statusPhrases(), sentence) || known
	}
	if !known {
		r.n.claim(finding.Unexplained, text)
	}
}

func (r *gnutlsReader) failure(line string) bool {
	switch {
	case strings.HasPrefix(line, "*** Fatal error:"), strings.HasPrefix(line, "*** Received alert"):
		r.n.died(line, connectionPhrases())
		return true
	case strings.HasPrefix(line, "*** Handshake has failed"):
		return true // said behind the reason
	case strings.HasPrefix(line, "Could not connect to "), strings.HasPrefix(line, "Cannot resolve "):
		r.n.words(connectionPhrases(), line)
		return true
	}
	return processedShape.MatchString(line) || strings.HasPrefix(line, "- Certificate type:") ||
		strings.HasPrefix(line, "Connecting to '") || strings.HasPrefix(line, "*** PKI verification")
}

// command reads the command line. The host is the last word.
func (r *gnutlsReader) command(words []string) {
	if len(words) > 0 && !strings.HasPrefix(words[len(words)-1], "-") {
		r.n.target(words[len(words)-1])
	}
	if p, err := strconv.Atoi(option(words, "-p", "--port")); err == nil && p > 0 && p < 1<<16 {
		r.n.port = p
	}
	for _, name := range []string{"--verify-hostname", "--sni-hostname"} {
		if s := option(words, name); s != "" && r.n.host == "" {
			r.n.host = s
		}
	}
	if p := option(words, "--starttls-proto"); p != "" {
		r.n.upgrade, r.n.proto = true, protocol(p)
	}
}
