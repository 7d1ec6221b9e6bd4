package capture

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A Tool is a program whose output people paste.
type Tool string

// The tools whose words are known. NoTool is a text with certificates in it and words around them
// that nobody here understands.
const (
	OpenSSL Tool = "openssl s_client"
	GnuTLS  Tool = "gnutls-cli"
	Curl    Tool = "curl -v"
	NoTool  Tool = ""
)

// A Transcript is what could be read of a tool's output.
type Transcript struct {
	Tool Tool
	// Settings are host, port and mode, as far as the text tells them.
	Settings account.Settings
	// Chain are the certificates shown, DER, in the order in which they were sent.
	Chain [][]byte
	// Whole says that nothing speaks for certificates that were sent and are not shown.
	Whole bool
	// Leaf is what the tool says of the server's certificate in words.
	Leaf Leaf
	// At is when the tool looked, if it tells.
	At time.Time
	// Accepted says that the tool itself had nothing against the certificate, and that the
	// connection did not end for another reason.
	Accepted bool
	// Claims are the faults that the tool names.
	Claims []Claim
	// Read and NotRead say what was understood and what was missing, a sentence each.
	Read, NotRead []string
}

// A Leaf is a certificate as a tool describes it.
type Leaf struct {
	Subject, Issuer     string
	NotBefore, NotAfter time.Time
}

// A Claim is a fault that a tool names, in its own words.
type Claim struct {
	Code finding.Code
	Text string
	Tool Tool // whose words they are, where it is another tool than the transcript's
}

// ReadTranscript reads the output of one of the tools. Prompts, quotation marks of mail programs
// and whatever else stands around it do no harm. A text without a certificate and without words of
// a tool that is known here is no error: nothing of it was read.
// A host that is given is the one the account has; otherwise the text may tell it.
func ReadTranscript(data []byte, host string) (Transcript, error) {
	switch {
	case len(data) > MaxFile:
		return Transcript{}, fmt.Errorf("the text is larger than %d MB, and no transcript is", MaxFile>>20)
	case len(bytes.TrimSpace(data)) == 0:
		return Transcript{}, errors.New("the text is empty")
	}
	all := []reader{&opensslReader{}, &gnutlsReader{}, &curlReader{}}
	var a armour
	var chain [][]byte
	var suspects []string // lines that tell of a failure, and that no reader took a claim from
	text := string(plain(data))
	quoted := isQuoted(text)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line[:min(len(line), maxLine)])
		if quoted {
			line = unquoted(line)
		}
		block, inside := a.line(line)
		if block != nil && (block.Type == "CERTIFICATE" || block.Type == "TRUSTED CERTIFICATE") {
			if len(chain) == maxCertificates {
				return Transcript{}, fmt.Errorf("the text holds more than %d certificates, and that is no chain", maxCertificates)
			}
			chain = append(chain, block.Bytes)
			for _, r := range all {
				r.notes().certificate(block.Bytes)
			}
		}
		if inside || line == "" {
			continue
		}
		before := claimed(all)
		for _, r := range all {
			if r.line(line) {
				r.notes().hits++
			}
		}
		if claimed(all) == before && troubled(line) && len(suspects) < maxClaims {
			suspects = append(suspects, clip(line))
		}
	}
	a.end()
	best := slices.MaxFunc(all, func(x, y reader) int { return x.notes().hits - y.notes().hits })
	if best.notes().hits > 0 {
		t := best.notes().transcript(best.tool(), host, a.damaged)
		t.hear(all, best, suspects)
		return t, nil
	}
	if len(chain) == 0 && len(suspects) == 0 {
		return Transcript{Settings: account.Settings{Host: host}, NotRead: notUnderstood(a.damaged)}, nil
	}
	t := Transcript{Chain: chain, Whole: len(chain) > 0, Settings: account.Settings{Host: host}, NotRead: append(a.damaged, "the words around the certificates are of no tool that is known here, "+
		"or in another language: host, port and what the tool thought of it are not known ('LC_ALL=C' makes most tools speak English)")}
	if len(chain) == 0 {
		t.NotRead = notUnderstood(a.damaged)
	}
	t.hear(all, nil, suspects)
	return t, nil
}

// claimed counts what the readers have claimed so far.
func claimed(all []reader) (n int) {
	for _, r := range all {
		n += len(r.notes().claims) + len(r.notes().strange)
	}
	return n
}

// hear adds what the other tools of a text say, and what nobody understood and tells of a failure.
func (t *Transcript) hear(all []reader, best reader, suspects []string) {
	for _, r := range all {
		if r == best {
			continue
		}
		r.notes().unknown()
		for _, c := range r.notes().claims {
			if !slices.ContainsFunc(t.Claims, func(d Claim) bool { return d.Code == c.Code }) {
				c.Tool = r.tool()
				t.Claims = append(t.Claims, c)
				t.Read = append(t.Read, string(c.Tool)+" says: "+c.Text)
			}
		}
	}
	if len(t.Claims) == 0 && len(suspects) > 0 {
		t.Claims = append(t.Claims, Claim{Code: finding.Unexplained, Text: suspects[0]})
		t.Read = append(t.Read, "it says: "+suspects[0])
	}
	t.Accepted = t.Accepted && len(t.Claims) == 0
}

func notUnderstood(damaged []string) []string {
	if len(damaged) > 0 {
		return append(damaged[:1:1], "the rest: there is no certificate in it, and there are no words of a tool that is known here")
	}
	return []string{"any of it: there is no certificate in it, and there are no words of openssl s_client, gnutls-cli or curl -v; " +
		"paste the whole output, in English ('LC_ALL=C' before the command)"}
}

// A reader understands the lines of one tool.
type reader interface {
	tool() Tool
	line(string) bool // reports whether the line is one of the tool's
	notes() *notes
}

// specific chooses between the two reasons for plaintext where TLS was expected.
func (t Transcript) specific(c Claim) Claim {
	if c.Code == finding.PortSpeaksPlaintext && t.Settings.Mode == account.ImplicitTLS && t.Settings.Endpoint.Mode() == account.StartTLS {
		c.Code = finding.WrongEncryptionType
	}
	return c
}

func tooOld(version string) bool {
	return slices.Contains([]string{"SSLv2", "SSLv3", "SSL3.0", "TLSv1", "TLSv1.0", "TLS1.0", "TLSv1.1", "TLS1.1"}, version)
}

// tell writes down what was read and what was not.
func (t *Transcript) tell(n *notes) {
	read, not := &t.Read, &t.NotRead
	if t.Settings.Host != "" {
		what := "the server " + clip(t.Settings.Host)
		if t.Settings.Port != 0 {
			what += fmt.Sprintf(", port %d", t.Settings.Port)
		}
		if n.upgrade {
			what += ", with STARTTLS"
		}
		*read = append(*read, what)
	} else {
		*not = append(*not, "which server it was: without its name the certificate's names are not judged")
	}
	switch {
	case len(t.Chain) > 0 && t.Whole:
		*read = append(*read, count(len(t.Chain), "certificate")+", as sent by the server")
	case len(t.Chain) > 0:
		*read = append(*read, "the server's own certificate")
		*not = append(*not, "the certificates that the server sent with it: -showcerts shows them, and without them the chain is not judged")
	case t.Leaf != (Leaf{}):
		*read = append(*read, "what the tool says of the server's certificate"+t.Leaf.words())
		*not = append(*not, "the certificate itself, which "+string(t.Tool)+" did not show: name, purpose, keys and chain are not judged, only what it says")
	default:
		*not = append(*not, "any certificate: "+string(t.Tool)+" showed none")
	}
	if n.version != "" && n.version != "(NONE)" {
		*read = append(*read, "the connection used "+clip(n.version))
	}
	if t.Accepted {
		*read = append(*read, string(t.Tool)+" itself had nothing against the certificate")
	}
	for _, c := range t.Claims {
		*read = append(*read, "it says: "+c.Text)
	}
	if n.login {
		*not = append(*not, "a login: a user name and a password are in this text; take them out before it is passed on")
	}
}

func (l Leaf) words() string {
	if l.NotAfter.IsZero() {
		return ""
	}
	return fmt.Sprintf(" (valid until %s)", l.NotAfter.UTC().Format("2 January 2006 15:04 UTC"))
}

// option returns what follows a flag on a command line.
func option(words []string, names ...string) string {
	for i, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !slices.Contains(names, name) {
			continue
		}
		if ok {
			return strings.Trim(value, `"'`)
		}
		if i+1 < len(words) {
			return strings.Trim(words[i+1], `"'`)
		}
	}
	return ""
}

// protocol understands the names that the tools give to what is spoken.
func protocol(name string) account.Protocol {
	switch strings.TrimSuffix(strings.ToLower(name), "s") {
	case "imap":
		return account.IMAP
	case "pop3", "pop":
		return account.POP3
	case "smtp", "mtp":
		return account.Submission
	case "http":
		return account.HTTPS
	}
	return ""
}

// after returns the rest of s behind a prefix, without space.
func after(s, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(s, prefix)
	return strings.TrimSpace(rest), ok
}

// between returns what stands between two marks.
func between(s, open, shut string) (string, bool) {
	_, rest, ok := strings.Cut(s, open)
	if !ok {
		return "", false
	}
	in, _, ok := strings.Cut(rest, shut)
	return in, ok
}
