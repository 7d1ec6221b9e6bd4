package capture

import (
	"strconv"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// zoneReader reads SRV records as dig and zone files write them, and compares their ports with what
// the service is (RFC 6186, RFC 8314 section 5).
type zoneReader struct {
	*gathering
	service string   // of the record that is under way
	asked   string   // the query, in dig's words
	policy  []string // of MTA-STS, its lines "mx:"
	inSTS   bool
	mx      []string
}

var (
	srvShape = lazily(`(?i)_(imaps?|pop3s?|submissions?)\._tcp(?:\.(\S+?))?\.?\s.*\b(?:SRV|SRV record|service =)\s+(\d{1,5})\s+(\d{1,5})\s+(\d{1,5})\s+(\S+)`)
	// srvBegin and srvPort are of nslookup on Windows, which writes a record in several lines.
	srvBegin = lazily(`(?i)^_(imaps?|pop3s?|submissions?)\._tcp\.\S+\s+SRV service location:`)
	srvPort  = lazily(`^port\s+= (\d{1,5})$`)
	// digCommand and srvShort are of dig +short, which leaves the question out.
	digCommand = lazily(`(?i)\bdig\b.*\s_(imaps?|pop3s?|submissions?)\._tcp\.\S+`)
	srvShort   = lazily(`^\d{1,5} \d{1,5} (\d{1,5}) (\S+\.)$`)
	mxCommand  = lazily(`(?i)\b(?:dig|host|nslookup)\b.*[ =]mx\b`)
	mxShape    = lazily(`(?i)(?:\bMX\s+|^)(\d{1,5}) ([a-z0-9.-]+\.)$`)
)

func (r *zoneReader) line(l line) bool {
	if m := srvBegin.find(l.text); m != nil {
		r.service = m[1]
		return true
	}
	if r.service != "" {
		if m := srvPort.find(l.text); m != nil {
			r.record(r.service, m[1], "", "port "+m[1]+" for "+r.service)
			r.service = ""
			return true
		}
	}
	if r.policies(l.text) {
		return true
	}
	switch m := digCommand.find(l.text); {
	case m != nil && strings.Contains(l.text, "+short"):
		r.service = m[1]
		return true
	case strings.Contains(l.text, "<<>> DiG "):
		r.asked = l.text
		return true
	case strings.Contains(l.text, "->>HEADER<<-"):
		return strings.Contains(r.asked, " _") // a name that need not be there
	}
	if m := srvShort.find(l.text); m != nil && r.service != "" {
		r.record(r.service, m[1], m[2], l.text)
		return true
	}
	m := srvShape.find(l.text)
	if m == nil {
		return strings.HasPrefix(l.text, "; <<>>") || strings.HasPrefix(l.text, ";; ")
	}
	r.record(m[1], m[5], m[6], l.text)
	return true
}

// policies takes an MTA-STS policy and the domain's MX records: RFC 8461 section 3.2.
func (r *zoneReader) policies(s string) bool {
	if s == "version: STSv1" {
		r.inSTS = true
		return true
	}
	if r.inSTS {
		switch name, value, _ := strings.Cut(s, ": "); name {
		case "mx":
			if len(r.policy) < 100 {
				r.policy = append(r.policy, s)
			}
			return true
		case "mode":
			r.inSTS = value != "none"
			return true
		case "max_age":
			return true
		}
	}
	if mxCommand.in(s) {
		r.asked = "MX"
		return true
	}
	if m := mxShape.find(s); m != nil && (r.asked == "MX" || strings.Contains(s, "MX")) && len(r.mx) < 100 {
		r.mx = append(r.mx, m[2])
		return true
	}
	return false
}

// end compares the policy with the records.
func (r *zoneReader) end() {
	for _, mx := range r.mx {
		if len(r.policy) > 0 && !listed(mx, r.policy) {
			r.claim(Claim{Codes: []finding.Code{finding.MTASTSMismatch}, Text: "the policy does not name " + mx, By: "DNS and the MTA-STS policy", Depth: -1, Count: 1})
			return
		}
	}
}

// record compares a record's port with its service.
func (r *zoneReader) record(service, number, target, text string) {
	port, _ := strconv.Atoi(number)
	service = strings.ToLower(service)
	if target == "." || port == 0 {
		return // the service is not offered
	}
	other, ok := account.EndpointOnPort(port)
	if port == 25 {
		other, ok = account.SubmissionStart, true
	}
	want := account.Endpoint(service)
	if ok && other == want && port != 25 || !ok {
		return
	}
	r.claim(Claim{Codes: []finding.Code{finding.PublishedSettingsWrong}, Text: text, By: "DNS", Depth: -1, Count: 1})
}
