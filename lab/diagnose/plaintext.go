package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// stripped judges an offer of STARTTLS that was overwritten on its way: Cisco's ESMTP inspection
// writes as many letters X, the last one A, B and so on. No capability has such a name.
func stripped(c *connection) []finding.Finding {
	if c.Outcome != probe.NotOffered {
		return nil
	}
	length := len("STARTTLS")
	if c.Settings.Endpoint.Protocol() == account.POP3 {
		length = len("STLS")
	}
	at := slices.IndexFunc(c.Capabilities, func(line string) bool { return overwritten(line, length) })
	if at < 0 {
		return nil
	}
	word := firstWord(c.Capabilities[at])
	fs := blocked(finding.CapabilityStripped, fmt.Sprintf("something between this device and %s overwrites the offer of encryption", c.target()),
		finding.EditNetwork, "if the offer arrived as it was sent, TLS could begin",
		"the capabilities hold "+finding.Quoted(word)+", which is as long as the missing word: firewalls that inspect mail write that over it")
	fs[0].Facts.Text = word
	return fs
}

func overwritten(line string, length int) bool {
	word := firstWord(line)
	return len(word) == length && strings.Trim(word[:length-1], "X") == "" && word[length-1] >= 'A' && word[length-1] <= 'Z'
}

func firstWord(line string) string {
	word, _, _ := strings.Cut(line, " ")
	return word
}

// preauth judges an IMAP server that lets everybody in with its greeting. After that STARTTLS is
// not possible (RFC 9051 section 6.2.1), so nothing is ever encrypted.
func preauth(c *connection) []finding.Finding {
	if c.Stage != probe.Upgrading || c.Settings.Endpoint.Protocol() != account.IMAP || !hasWord(c.Greeting, "* PREAUTH") ||
		c.Outcome != probe.NotOffered && c.Outcome != probe.Declined {
		return nil
	}
	fs := blocked(finding.PreauthBlocksTLS, fmt.Sprintf("%s lets everybody in with its greeting, after which TLS cannot begin", c.target()),
		finding.EditNoPreauthentication, "if the server waited for a login, it could offer STARTTLS first", "it greets with "+finding.Quoted(c.Greeting))
	fs[0].Facts.Text = c.Greeting
	return fs
}

// clearLogin judges a server that would take a password before TLS.
func clearLogin(c *connection) []finding.Finding {
	if c.implicit() || len(c.Capabilities) == 0 {
		return nil
	}
	how := ""
	switch c.Settings.Endpoint.Protocol() {
	case account.IMAP:
		how = clearIMAP(c)
	case account.POP3:
		how = c.offers(func(words []string) bool {
			return words[0] == "USER" || words[0] == "SASL" && takesPassword(words[1:])
		})
	case account.Submission:
		how = c.offers(func(words []string) bool {
			return words[0] == "AUTH" && takesPassword(words[1:]) || strings.HasPrefix(words[0], "AUTH=")
		})
	}
	if how == "" {
		return nil
	}
	f := finding.New(finding.PlaintextLoginAllowed, fmt.Sprintf("%s takes passwords before encryption begins", c.target()))
	f.Evidence = []string{"before TLS " + how}
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditRefusePlaintextLogins, Text: "if the server took no password before TLS, none could be sent in the clear"}
	return []finding.Finding{f}
}

// clearIMAP returns why a password may be sent: LOGIN is allowed unless LOGINDISABLED says
// otherwise (RFC 9051 section 6.2.3).
func clearIMAP(c *connection) string {
	if hasWord(c.Greeting, "* PREAUTH") {
		return "" // nobody is asked for one
	}
	disabled := slices.ContainsFunc(c.Capabilities, func(w string) bool { return strings.EqualFold(w, "LOGINDISABLED") })
	if !disabled {
		return "its capabilities do not contain LOGINDISABLED"
	}
	return c.offers(func(words []string) bool { return words[0] == "AUTH=PLAIN" || words[0] == "AUTH=LOGIN" })
}

// offers returns a sentence about the first capability that fits, in upper case, or "".
func (c *connection) offers(fits func(words []string) bool) string {
	for _, line := range c.Capabilities {
		if words := strings.Fields(strings.ToUpper(line)); len(words) > 0 && fits(words) {
			return "it offers " + finding.Quoted(line)
		}
	}
	return ""
}

func takesPassword(mechanisms []string) bool {
	return slices.Contains(mechanisms, "PLAIN") || slices.Contains(mechanisms, "LOGIN")
}
