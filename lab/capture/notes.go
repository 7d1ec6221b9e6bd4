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
)

// notes is what a reader gathers.
type notes struct {
	hits    int
	host    string // as the account has it: what was asked for, or else connected to
	dialled string // the host that was connected to
	port    int
	proto   account.Protocol
	upgrade bool // STARTTLS was asked for

	chain   [][]byte
	listed  int  // certificates that the tool says were sent
	partial bool // only the leaf is shown
	leaf    Leaf
	version string
	at      time.Time
	claims  []Claim
	strange []string // why a connection died, in words that are not known here
	ok      bool
	login   bool // a password is in the text
}

func (n *notes) certificate(der []byte) {
	// Some versions print the leaf a second time.
	if !slices.ContainsFunc(n.chain, func(c []byte) bool { return bytes.Equal(c, der) }) {
		n.chain = append(n.chain, der)
	}
}

// maxClaims bounds what one transcript can claim: there are no more kinds.
const maxClaims = 20

func (n *notes) claim(code finding.Code, text string) {
	if len(n.claims) < maxClaims && !slices.ContainsFunc(n.claims, func(c Claim) bool { return c.Code == code }) {
		n.claims = append(n.claims, Claim{Code: code, Text: clip(text)})
	}
}

// died takes why a connection ended: by the tables, or as it stands.
func (n *notes) died(text string, tables ...[]phrase) {
	for _, t := range tables {
		if n.words(t, text) {
			return
		}
	}
	if len(n.strange) < maxClaims {
		n.strange = append(n.strange, clip(text))
	}
}

// unknown claims what ended the connection in words that are not known here, unless words that are
// known say the same: a tool often tells of one end twice. It returns what was left unclaimed.
func (n *notes) unknown() (left []string) {
	explained := slices.ContainsFunc(n.claims, func(c Claim) bool {
		info, _ := finding.Lookup(c.Code)
		return info.Stage < finding.Certifying
	})
	for _, text := range n.strange {
		switch {
		case explained:
			left = append(left, "words that are not known here: "+text)
		case len(n.claims) > 0 && (strings.Contains(text, "certificate verify failed") || strings.Contains(text, "Error in the certificate")): // and it said why
		default:
			n.claim(finding.Unexplained, text)
		}
	}
	return left
}

// words claims what the first word of the table says that is in text.
func (n *notes) words(table []phrase, text string) bool {
	low := strings.ToLower(text)
	for _, p := range table {
		if strings.Contains(low, p.words) {
			n.claim(p.code, text)
			return true
		}
	}
	return false
}

// target notes HOST:PORT, or HOST alone.
func (n *notes) target(s string) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host = strings.Trim(s, "[]")
	}
	if p, err := strconv.Atoi(port); err == nil && p > 0 && p < 1<<16 {
		n.port = p
	}
	if host != "" && len(host) <= account.MaxHost {
		n.dialled = host
	}
}

func (n *notes) settings() account.Settings {
	host := n.host
	if host == "" {
		host = n.dialled
	}
	s := account.Settings{Host: host, Port: n.port, Mode: account.ImplicitTLS}
	if len(host) > account.MaxHost {
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

// transcript sums the notes up.
func (n *notes) transcript(tool Tool, host string, damaged []string) Transcript {
	if host != "" {
		n.host = host
	}
	t := Transcript{
		Tool: tool, Settings: n.settings(), Chain: n.chain, Leaf: n.leaf, At: n.at, NotRead: damaged,
		Accepted: n.ok && len(n.claims)+len(n.strange) == 0, Whole: len(n.chain) > 0 && len(n.chain) >= n.listed && !n.partial,
	}
	t.NotRead = append(t.NotRead, n.unknown()...)
	for _, c := range n.claims {
		t.Claims = append(t.Claims, t.specific(c))
	}
	if tooOld(n.version) {
		t.Claims = append(t.Claims, Claim{Code: finding.ProtocolTooOld, Text: "the connection used " + n.version})
	}
	t.tell(n)
	return t
}
