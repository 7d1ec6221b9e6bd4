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

func (r *eventReader) line(l line) bool {
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
		return false
	}
	c.Codes = m.Codes
	r.tally(c, "", "")
	return true
}

// exchange reads what Exchange says of its own certificates: events 12014 to 12018.
// https://learn.microsoft.com/exchange/troubleshoot/mailflow/event-id-12014
func exchange(folded string) (finding.Code, bool) {
	switch {
	case contains(folded, "could not find a certificate that contains the domain name", "there is no valid smtp transport layer security (tls) certificate"):
		return finding.CertificateNotLoaded, true
	case strings.Contains(folded, "certificate") && strings.Contains(folded, "expire soon"):
		return finding.ExpiresSoon, true
	case strings.Contains(folded, "certificate") && contains(folded, "has expired", "is expired", "certificate expired"):
		return finding.Expired, true
	}
	return "", false
}
