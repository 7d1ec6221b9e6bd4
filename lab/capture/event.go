package capture

import (
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
)

// eventReader reads events of Windows as its viewer copies them: a few named fields, and a description.
// Exchange writes of its certificates there, and Schannel of the sessions of any server.
type eventReader struct {
	*gathering
	source string // who wrote the event; empty outside of one
	number string
}

// fields are those of an event, in English.
var fields = [...]string{"Log Name:", "Source:", "Date:", "Event ID:", "Task Category:", "Level:", "Keywords:", "User:", "Computer:", "Description:", "OpCode:", "Logged:"}

// schannel are the events of Schannel that say the same in every language: by their numbers, in the
// words of English.
// https://learn.microsoft.com/troubleshoot/windows-server/identity/tls-error-events
var schannel = map[string]string{
	"36869": "the tls server credential's certificate does not have a private key information property attached to it",
	"36870": "a fatal error occurred when attempting to access the tls server credential private key",
	"36874": "none of the cipher suites supported by the client application are supported by the server",
	"36881": "the certificate received from the remote server has expired",
	"36882": "the certificate received from the remote server was issued by an untrusted certificate authority",
	"36884": "the certificate received from the remote server does not contain the expected name",
	"36887": "a fatal alert was received from the remote endpoint. the tls protocol defined fatal alert code is ",
	"36888": "a fatal alert was generated and sent to the remote endpoint. the tls protocol defined fatal error code is ",
}

var (
	eventXML    = lazily(`<EventID[^>]*>(368\d\d)</EventID>`)
	eventNumber = lazily(`(?i)\bid\b[^\d:]{0,24}:\s*(368\d\d)$`)
	eventSource = lazily(`^[^:]{3,20}:\s*Schannel$`)
	lastNumber  = lazily(`(?:"AlertDesc">|: ?)(\d{1,3})(?:</Data>|[.。]?$|\. )`)
)

// foreign reads an event of Schannel that is written in another language than English, or as XML.
func (r *eventReader) foreign(l line) bool {
	if m := eventXML.find(l.raw); m != nil && strings.Contains(l.raw, "Schannel") {
		r.number = m[1]
		return r.translated(l.raw)
	}
	switch m := eventNumber.find(l.text); {
	case m != nil:
		r.number = m[1]
	case eventSource.in(l.text):
		r.source = "Schannel"
	case r.source == "Schannel" && r.number != "" && len(l.text) > 60:
		return r.translated(l.text)
	default:
		return false
	}
	return true
}

// translated says in English what the event that is under way says.
func (r *eventReader) translated(text string) bool {
	words, ok := schannel[r.number]
	if ok && strings.HasSuffix(words, " ") {
		m := lastNumber.find(text)
		if ok = m != nil; ok {
			words += m[1]
		}
	}
	r.number = ""
	m, known := message.FindFolded(words, message.Server)
	if !ok || !known {
		return false
	}
	r.tally(Claim{Codes: m.Codes, Text: text, By: "the event log", Side: message.Server, Depth: -1}, "", "")
	return true
}

func (r *eventReader) line(l line) bool {
	if strings.Contains(l.raw, "368") || strings.Contains(l.raw, "Schannel") && !strings.HasPrefix(l.text, "Source:") || r.source == "Schannel" && r.number != "" && !suspicious(l.folded) {
		if r.foreign(l) {
			return true
		}
	}
	for _, name := range fields {
		value, ok := after(l.text, name)
		if !ok {
			continue
		}
		switch name {
		case "Source:":
			if !strings.HasPrefix(value, "MSExchange") && !strings.Contains(value, "Schannel") {
				return r.source != ""
			}
			r.source = value
		case "Event ID:":
			r.number = value
		case "Description:":
			if value != "" {
				return false
			}
		}
		return r.source != "" || name == "Log Name:" || name == "Event ID:"
	}
	if r.source == "" || !suspicious(l.folded) {
		return false
	}
	c := Claim{Text: l.text, By: "the event log", Side: message.Server, Depth: -1}
	if strings.HasPrefix(r.source, "MSExchange") {
		c.By, c.Product = "the event log of Exchange", finding.Exchange
		if code, ok := exchange(l.folded); ok {
			c.Codes = []finding.Code{code}
			r.tally(c, "", "")
			return true
		}
	}
	m, ok := message.FindFolded(l.folded, message.Server)
	if !ok {
		return len(l.text) > 60 && r.translated(l.text)
	}
	c.Codes = m.Codes
	r.tally(c, "", "")
	return true
}

// exchange reads what Exchange says of its own certificates: events 12014 to 12018.
// https://learn.microsoft.com/exchange/troubleshoot/mailflow/event-id-12014
func exchange(folded string) (finding.Code, bool) {
	switch {
	case strings.Contains(folded, "certificate for that fqdn has expired"):
		return finding.Expired, true
	case contains(folded, "could not find a certificate that contains the domain name", "there is no valid smtp transport layer security (tls) certificate"):
		return finding.CertificateNotLoaded, true
	case strings.Contains(folded, "certificate") && strings.Contains(folded, "expire soon"):
		return finding.ExpiresSoon, true
	case strings.Contains(folded, "certificate") && contains(folded, "has expired", "is expired", "certificate expired"):
		return finding.Expired, true
	}
	return "", false
}
