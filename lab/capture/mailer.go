package capture

import (
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
)

// mailerReader reads what programs that send and fetch mail tell of a session: swaks, msmtp, fetchmail,
// mutt, wget, PHPMailer. What they say is wrong the table of messages knows; here it is where they
// connected, and whether they were content.
type mailerReader struct {
	*gathering
}

var (
	swaksTrying  = lazily(`^=== Trying (\[?[^\s\]]+\]?):(\d{1,5})\.\.\.`)
	swaksTLS     = lazily(`^=== TLS started with cipher (\S+?):`)
	swaksPeer    = lazily(`^=== TLS peer(?:\[\d\])? (?:DN="|subject=\[)([^"\]]+)`)
	phpOpening   = lazily(`Connection: opening to (?:\w+://)?([^\s:,]+):(\d{1,5})`)
	fetchSubject = lazily(`^(?:fetchmail: )?(Subject|Issuer) CommonName: (.*)`)
	fetchMatch   = lazily(`CommonName mismatch: (\S+) != (\S+)`)
	wgetTarget   = lazily(`^(?:Connecting to|Verbinde mit|Verbindungsaufbau zu) ([^\s|()]+)\s?[|(].*[|)](?:[|:])?:?(\d{1,5})`)
	smtpSpoken   = lazily(`^(?:\[[\d.]+\] )?(?:<[-~*]\s|\s?[-~]>\s|<-- |--> |~~> |<~~ |SERVER -> CLIENT: |CLIENT -> SERVER: |S: |C: )\s*(.*)`)
)

func (r *mailerReader) line(l line) bool {
	s := l.text
	if m := swaksTrying.find(s); m != nil {
		r.meet(Swaks, strings.Trim(m[1], "[]"), m[2])
		return true
	}
	if m := phpOpening.find(s); m != nil {
		r.meet(Mailer, m[1], m[2])
		return true
	}
	if m := wgetTarget.find(s); m != nil {
		n := r.meet(Mailer, m[1], m[2])
		if why, ok := message.Find(s, message.Client); ok { // "failed: Connection refused."
			n.claim(Claim{Codes: why.Codes, Text: s, Depth: -1, Side: message.Client})
		}
		return true
	}
	if m := fetchSubject.find(s); m != nil {
		d := r.mine().describe(0)
		if m[1] == "Subject" {
			d.Subject = "CN=" + clip(m[2])
		} else {
			d.Issuer = "CN=" + clip(m[2])
		}
		return true
	}
	if m := fetchMatch.find(s); m != nil {
		n := r.mine()
		n.host = m[2]
		n.describe(0).Subject = "CN=" + clip(m[1])
		n.claim(Claim{Codes: []finding.Code{finding.NameMismatch}, Text: s, Depth: 0})
		return true
	}
	if m := smtpSpoken.find(s); m != nil && (r.has(Swaks) || r.has(Mailer) || strings.Contains(s, "CLIENT")) || strings.HasPrefix(s, "[0") && smtpSpoken.in(s) {
		if m == nil {
			m = smtpSpoken.find(s)
		}
		r.spoken(m[1])
		return true
	}
	if strings.HasPrefix(s, `getaddrinfo failed for "`) || strings.HasPrefix(s, "Cannot find my own host in hosts database") {
		return true // fetchmail about the machine that it runs on
	}
	return r.swaks(s)
}

// mine returns the session of a program that sends or fetches mail.
func (r *mailerReader) mine() *notes {
	if r.has(Swaks) {
		return r.of(Swaks)
	}
	return r.of(Mailer)
}

// swaks reads the rest of what swaks tells.
func (r *mailerReader) swaks(s string) bool {
	if m := swaksTLS.find(s); m != nil {
		n := r.of(Swaks)
		n.certified, n.connected = true, true
		n.version = m[1]
		return true
	}
	if m := swaksPeer.find(s); m != nil {
		r.of(Swaks).describe(0).Subject = clip(m[1])
		return true
	}
	if strings.HasPrefix(s, "=== Connected to ") {
		return true
	}
	if !r.has(Swaks) || !strings.HasPrefix(s, "*** ") {
		return false
	}
	n := r.of(Swaks)
	if m, ok := message.Find(s, message.Client); ok {
		n.claim(Claim{Codes: m.Codes, Text: s, Depth: -1, Side: message.Client})
	}
	return true
}

// spoken reads what was said between the two before TLS: whether it was to begin with STARTTLS, and
// what a server answered that explains the rest.
func (r *mailerReader) spoken(s string) {
	n := r.mine()
	n.connected = true
	upper := strings.ToUpper(strings.TrimSpace(s))
	if upper == "STARTTLS" || upper == "STLS" || strings.HasSuffix(upper, " STARTTLS") && len(upper) < 20 {
		n.upgrade = true
		return
	}
	if len(upper) > 3 && (upper[0] == '4' || upper[0] == '5') && upper[1] >= '0' && upper[1] <= '9' {
		if m, ok := message.Find(s, message.Client); ok {
			n.claim(Claim{Codes: m.Codes, Text: s, Depth: -1, Side: message.Client})
		}
	}
}
