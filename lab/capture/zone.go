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
	service string // of the record that is under way
}

var (
	srvShape = lazily(`(?i)_(imaps?|pop3s?|submissions?)\._tcp(?:\.(\S+?))?\.?\s.*\b(?:SRV|SRV record|service =)\s+(\d{1,5})\s+(\d{1,5})\s+(\d{1,5})\s+(\S+)`)
	// srvBegin and srvPort are of nslookup on Windows, which writes a record in several lines.
	srvBegin = lazily(`(?i)^_(imaps?|pop3s?|submissions?)\._tcp\.\S+\s+SRV service location:`)
	srvPort  = lazily(`^port\s+= (\d{1,5})$`)
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
	m := srvShape.find(l.text)
	if m == nil {
		return strings.HasPrefix(l.text, "; <<>>") || strings.HasPrefix(l.text, ";; ")
	}
	r.record(m[1], m[5], m[6], l.text)
	return true
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
