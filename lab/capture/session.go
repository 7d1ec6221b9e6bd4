package capture

import (
	"bytes"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
)

// Bounds of what one text can tell.
const (
	maxSessions = 100
	maxClaims   = 40
	maxListed   = 50
)

// notes is what is gathered of one session.
type notes struct {
	tool    Tool
	host    string // as the account has it: what was asked for, or else connected to
	dialled string // the host that was connected to
	port    int
	proto   account.Protocol
	upgrade bool // STARTTLS was asked for
	named   bool // the name was compared, and fitted
	noSNI   bool // no name was sent

	chain     [][]byte
	sent      int  // certificates that the tool says were sent
	partial   bool // only the leaf is shown
	listed    []Described
	version   string
	at        time.Time
	claims    []Claim
	connected bool
	opened    bool // the tool says so itself
	certified bool // a certificate was seen, or the handshake came to an end
	refused   bool // the tool has said that it does not accept the certificate
	ok        bool
	over      bool // it has come to an end
}

func (n *notes) certificate(der []byte) {
	// Some versions print the leaf a second time.
	if len(n.chain) < maxCertificates && !slices.ContainsFunc(n.chain, func(c []byte) bool { return bytes.Equal(c, der) }) {
		n.chain = append(n.chain, der)
	}
}

// describe returns the words about the certificate at a position, to be filled.
func (n *notes) describe(depth int) *Described {
	if depth < 0 || depth >= maxListed {
		return &Described{}
	}
	for len(n.listed) <= depth {
		n.listed = append(n.listed, Described{})
	}
	return &n.listed[depth]
}

// claim takes what the tool says is wrong. Of one code the first word counts, unless a later one is
// about a certificate and the first was not.
func (n *notes) claim(c Claim) {
	c.Vague = vagueness(c)
	c.Text, c.Count = words(c.Text), 1
	if c.By == "" {
		c.By = string(n.tool)
	}
	if len(c.Codes) == 0 || len(n.claims) >= maxClaims || slices.ContainsFunc(n.claims, func(o Claim) bool { return slices.Equal(o.Codes, c.Codes) && o.Depth == c.Depth }) {
		return
	}
	n.claims = append(n.claims, c)
}

// says claims what the words of a failure mean, or quotes them.
func (n *notes) says(text string, depth int) {
	n.claim(Claim{Codes: meaning(text, message.Client), Text: text, Depth: depth, Side: message.Client})
}

// meaning asks the table what words mean. Words of a failure that it does not know are unexplained.
func meaning(text string, side message.Side) []finding.Code {
	// What the library gives as its reason decides: the words around it say only that something failed.
	if loc := queueInside.at(text); loc != nil {
		text = text[loc[0]:]
	}
	if m, ok := message.Find(text, side); ok {
		return m.Codes
	}
	return []finding.Code{finding.Unexplained}
}

var queueInside = lazily(`error:[0-9A-Fa-f]{7,8}:`)

var services = map[string]int{"imaps": 993, "imap": 143, "imap2": 143, "pop3s": 995, "pop3": 110, "submissions": 465, "smtps": 465, "submission": 587, "smtp": 25, "https": 443}

// target notes HOST:PORT, HOST:SERVICE or HOST alone.
func (n *notes) target(s string) {
	s = strings.Trim(s, `"'`)
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host = strings.Trim(s, "[]")
	}
	if p, err := strconv.Atoi(port); err == nil && p > 0 && p < 1<<16 {
		n.port = p
	} else if p := services[port]; p > 0 {
		n.port = p
	}
	if host != "" && len(host) <= account.MaxHost {
		n.dialled = host
	}
}

func (n *notes) settings(host string) account.Settings {
	if host == "" {
		host = n.host
	}
	if host == "" {
		host = n.dialled
	}
	s := account.Settings{Host: host, Port: n.port, Mode: account.ImplicitTLS}
	if account.CheckHost(strings.TrimSuffix(host, ".")) != nil {
		s.Host = ""
	}
	e, ok := account.EndpointOnPort(n.port)
	if n.upgrade {
		s.Mode = account.StartTLS
	}
	if ok && n.proto != "" && e.Protocol() != n.proto {
		ok = false
	}
	if !ok && n.proto != "" {
		e, _ = account.EndpointOf(n.proto, s.Mode)
	}
	if s.Endpoint = e; s.Port == 0 {
		s.Port = e.Port()
	}
	return s
}

// empty reports whether nothing was told yet.
func (n *notes) empty() bool {
	return !n.connected && !n.certified && len(n.chain)+len(n.listed)+len(n.claims) == 0
}

// session sums the notes up.
func (n *notes) session(host string) Session {
	s := Session{
		Tool: n.tool, Settings: n.settings(host), Chain: n.chain, Listed: n.listed, At: n.at, Claims: n.claims, Named: n.named, Connected: n.connected, NoSNI: n.noSNI, Upgraded: n.upgrade,
		Whole: len(n.chain) > 0 && len(n.chain) >= n.sent && !n.partial,
		Sent:  max(n.sent, len(n.chain)),
	}
	for i, c := range s.Claims {
		if c.Vague == 0 {
			s.Claims[i].Codes = specific(c.Codes, s.Settings)
		}
		if c.Code() == finding.IntermediateExpired && n.sent > 0 && c.Depth >= n.sent { // it was not sent, but is in the store
			s.Claims[i].Codes = []finding.Code{finding.RootExpired}
		}
	}
	if n.version != "" && tooOld(n.version) {
		s.Claims = append(s.Claims, Claim{Codes: []finding.Code{finding.ProtocolTooOld}, Text: "the connection used " + clip(n.version), By: string(n.tool), Depth: -1, Count: 1})
	}
	s.Accepted = n.ok && !n.refused && len(n.claims) == 0
	return s
}

// startTLSPort reports whether a port begins in plaintext; 25 is that of servers among each other.
func startTLSPort(port int) bool {
	e, ok := account.EndpointOnPort(port)
	return port == 25 || ok && e.Mode() == account.StartTLS
}

// specific chooses between the reasons for plaintext where TLS was expected: on a port for STARTTLS
// it is the setting that is wrong, on one for TLS the server.
func specific(codes []finding.Code, s account.Settings) []finding.Code {
	if s.Mode != account.ImplicitTLS || codes[0] != finding.PortSpeaksPlaintext && codes[0] != finding.WrongEncryptionType {
		return codes
	}
	want := finding.Code("")
	switch e, ok := account.EndpointOnPort(s.Port); {
	case startTLSPort(s.Port):
		want = finding.WrongEncryptionType
	case ok && e.Mode() == account.ImplicitTLS:
		want = finding.PortSpeaksPlaintext
	default:
		return codes
	}
	return append([]finding.Code{want}, slices.DeleteFunc(slices.Clone(codes), func(c finding.Code) bool { return c == want })...)
}

func tooOld(version string) bool {
	return slices.Contains([]string{"SSLv2", "SSLv3", "SSL3.0", "TLSv1", "TLSv1.0", "TLS1.0", "TLSv1.1", "TLS1.1", "TLSv1_0", "TLSv1_1"}, version)
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
	case "smtp", "mtp", "submission":
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

// when reads a date as one of the tools writes it.
func when(s string) time.Time {
	s = strings.Join(strings.Fields(s), " ")
	if at := strings.Index(s, " ("); at > 0 {
		s = s[:at]
	}
	for _, form := range []string{
		"Jan 2 15:04:05 2006 MST", "2006-01-02 15:04:05 MST", "2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04:05-07:00", "2006-01-02 15:04:05Z", "2006-01-02 15:04:05",
		"2006-01-02 15:04 MST", "2006-01-02 15:04", "Mon Jan 2 15:04:05 MST 2006", "Mon Jan 2 15:04:05 2006", "Mon 02 Jan 2006 03:04:05 PM MST",
		"Mon, 2 Jan 2006 15:04:05 MST", "Mon 2 Jan 15:04:05 2006", "2006-01-02", "2 Jan 2006 15:04:05 MST", "Mon Jan _2 15:04:05 2006", "02.01.2006 15:04:05", "02.01.2006 15:04", "1/2/2006 3:04:05 PM", "1/2/2006 3:04 PM", "2/1/2006 15:04:05", "2/1/2006 15:04", "2006/1/2 15:04:05", "2006/1/2 15:04",
	} {
		if t, err := time.Parse(form, s); err == nil && t.Year() > 1949 {
			return t.UTC()
		}
	}
	return time.Time{}
}

// nameShape is a host name of two labels or more, with a port where one is told.
var nameShape = lazily(`\b((?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24})(?::(\d{2,5}))?\b`)
