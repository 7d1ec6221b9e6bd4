package capture

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
)

// A gathering is what the readers of one text gather together.
type gathering struct {
	doc      Document
	sessions []*notes
	claims   []*tallied
	quoted   string // the first line of a failure that nobody knows
	made     int    // how often anything was said that counts
	pending  string // a line that says that something failed, before the one that says why
}

// tallied is a claim and how often it was made.
type tallied struct {
	Claim
	peers map[string]bool
}

// maxPeers bounds the addresses that are told apart; beyond it, they are at least as many.
const maxPeers = 1000

// begin starts another session of a tool.
func (g *gathering) begin(tool Tool) *notes {
	if n := g.last(); n != nil && n.empty() && n.host == "" && n.dialled == "" {
		n.tool = tool
		return n
	}
	n := &notes{tool: tool}
	if len(g.sessions) < maxSessions {
		g.sessions = append(g.sessions, n)
	}
	return n
}

// meet starts another session of a tool, with a server that it tells of.
func (g *gathering) meet(tool Tool, host, port string) *notes {
	n := g.begin(tool)
	n.connected, n.host = true, host
	n.port, _ = strconv.Atoi(port)
	return n
}

// of returns the session of a tool that is under way, or begins one.
func (g *gathering) of(tool Tool) *notes {
	for i := len(g.sessions) - 1; i >= 0; i-- {
		if g.sessions[i].tool == tool {
			return g.sessions[i]
		}
	}
	return g.begin(tool)
}

// has reports whether the text has told of a session of a tool.
func (g *gathering) has(tool Tool) bool {
	return slices.ContainsFunc(g.sessions, func(n *notes) bool { return n.tool == tool })
}

// last returns the session that was begun last; nil where there is none.
func (g *gathering) last() *notes {
	if len(g.sessions) == 0 {
		return nil
	}
	return g.sessions[len(g.sessions)-1]
}

// tally counts a claim: a thousand lines of one kind are one claim.
func (g *gathering) tally(c Claim, stamp, peer string) {
	g.made++
	at := slices.IndexFunc(g.claims, func(t *tallied) bool {
		return t.Product == c.Product && t.Server == c.Server && t.Side == c.Side && t.Harmless == c.Harmless && slices.Equal(t.Codes, c.Codes)
	})
	if at < 0 {
		if len(g.claims) >= maxClaims {
			return
		}
		c.Vague = vagueness(c)
		c.Text, c.First, c.Peer = words(c.Text), stamp, peer
		g.claims = append(g.claims, &tallied{Claim: c, peers: map[string]bool{}})
		at = len(g.claims) - 1
	}
	t := g.claims[at]
	t.Count++
	if stamp != "" {
		t.Last = stamp
	}
	if peer != "" && len(t.peers) < maxPeers {
		t.peers[peer] = true
	}
}

// claim adds a claim that is counted already.
func (g *gathering) claim(c Claim) {
	g.made++
	if len(g.claims) < maxClaims {
		c.Vague = vagueness(c)
		c.Text = words(c.Text)
		g.claims = append(g.claims, &tallied{Claim: c})
	}
}

func (g *gathering) quote(text string) {
	if g.quoted == "" {
		g.quoted = words(text)
	}
}

func (g *gathering) quoteLater(text string) {
	if g.pending == "" {
		g.pending = words(text)
	}
}

// vagueness returns how little the words of a claim tell. An alert 40 is no more than the end of what
// another line explains, where there is one.
func vagueness(c Claim) int {
	m, ok := message.Find(c.Text, c.Side)
	switch folded := message.Fold(c.Text); {
	case contains(folded, "handshake failure", "cannot start tls") && len(c.Codes) > 1:
		return max(2, m.Vague)
	case ok && slices.Equal(m.Codes, c.Codes):
		return m.Vague
	}
	return 0
}

// sum makes the document of what was gathered.
func (g *gathering) sum(host string) Document {
	d := g.doc
	for _, n := range g.sessions {
		d.Sessions = append(d.Sessions, n.session(host))
	}
	for _, t := range g.claims {
		if t.Peers = len(t.peers); t.Peers > 0 || t.peers != nil {
			t.Peers = max(t.Peers, min(1, len(t.Peer)))
		}
		d.Claims = append(d.Claims, t.Claim)
	}
	for i := range d.Sessions {
		d.Sessions[i].Claims = sharper(d.Sessions[i].Claims)
	}
	d.Claims = sharper(d.Claims)
	for _, s := range d.Sessions[:min(len(d.Sessions), 3)] {
		read, not := s.tell()
		d.Read, d.NotRead = append(d.Read, read...), append(d.NotRead, not...)
	}
	switch {
	case d.fails():
	case len(d.Claims) > 0:
		d.Quoted = g.quoted
	default:
		d.Quoted = cmp.Or(g.quoted, g.pending)
	}
	return d
}

// fails reports whether any claim tells of a failure.
func (d Document) fails() bool {
	grave := func(c Claim) bool { return !c.Harmless }
	return slices.ContainsFunc(d.Claims, grave) || slices.ContainsFunc(d.Sessions, func(s Session) bool { return slices.ContainsFunc(s.Claims, grave) })
}

// sharper leaves out of claims what others of them say better: words that fit several causes where
// other words name one of these, and consequences.
func sharper(all []Claim) []Claim {
	kept := slices.Clone(all)
	for i := 0; i < len(kept); i++ {
		c := kept[i]
		better := slices.ContainsFunc(all, func(o Claim) bool {
			switch {
			case o.Harmless && !c.Harmless, slices.Equal(o.Codes, c.Codes):
				return false
			case c.Code() == finding.Unexplained:
				return o.Code() != finding.Unexplained
			case o.Vague < c.Vague:
				return o.Code() != finding.Unexplained
			}
			return o.Vague == c.Vague && o.Side == c.Side && o.Product == c.Product && len(o.Codes) < len(c.Codes) && slices.Contains(c.Codes, o.Code())
		})
		if better {
			kept = slices.Delete(kept, i, i+1)
			i--
		}
	}
	return kept
}
