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
}

var srvShape = lazily(`(?i)_(imaps?|pop3s?|submissions?)\._tcp(?:\.(\S+?))?\.?\s.*\bSRV\s+(\d{1,5})\s+(\d{1,5})\s+(\d{1,5})\s+(\S+)`)

func (r *zoneReader) line(l line) bool {
	m := srvShape.find(l.text)
	if m == nil {
		return strings.HasPrefix(l.text, "; <<>>") || strings.HasPrefix(l.text, ";; ")
	}
	port, _ := strconv.Atoi(m[5])
	service := strings.ToLower(m[1])
	if m[6] == "." || port == 0 {
		return true // the service is not offered
	}
	other, ok := account.EndpointOnPort(port)
	if port == 25 {
		other, ok = account.SubmissionStart, true
	}
	want := account.Endpoint(service)
	if ok && other == want && port != 25 || !ok {
		return true
	}
	c := Claim{Codes: []finding.Code{finding.PublishedSettingsWrong}, Text: l.text, By: "DNS", Depth: -1, Count: 1}
	r.claim(c)
	return true
}
