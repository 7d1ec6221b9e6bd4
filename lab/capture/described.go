package capture

import (
	"strconv"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// describedReader reads what programs print of a certificate: openssl x509, step, certtool, certbot and
// whatever else lists its fields.
type describedReader struct {
	*gathering
	sans bool // the names stand in the next line
	in   int  // which certificate, of several
	step bool // as step tells it in short: the subject is the list of the names
}

var (
	x509Command = lazily(`openssl(?:\.exe)? x509 .*|step certificate inspect .*|certtool .*-i.*`)
	dnsShape    = lazily(`(?:DNS(?: Name)?|DNSName|dNSName|IP(?: Address)?|iPAddress)[:=]\s*([^\s,;]+)`)
	fieldShape  = lazily(`(?i)^(to|owner|not ?before|not ?after|not valid (?:before|after)|valid(?:ity)? (?:from|until|to)|valid from|enddate|startdate|expir(?:e|es|y|ation) (?:date|time|on)|activation time|subject|issuer|common name|dns names?|subject alternative names?|x509v3 subject alternative name|altnames?|domains|certificate name)\b ?(?:: ?critical)?\s*[:=]+\s*(.*)$`)
)

func (r *describedReader) line(l line) bool {
	s := l.text
	if code, ok := weak(s); ok && r.in == 0 {
		if n := r.last(); n != nil && (n.tool == X509 || n.tool == SSLScan || n.tool == Nmap || n.tool == TestSSL) {
			n.claim(Claim{Codes: []finding.Code{code}, Text: s, Depth: 0})
			return true
		}
	}
	if r.sans {
		r.sans = false
		if names := sanNames(s); len(names) > 0 {
			d := r.current().describe(r.in)
			d.Names = append(d.Names, names...)
			return true
		}
	}
	if r.step && nameShape.in(s) && !strings.ContainsAny(s, " :=") {
		d := r.current().describe(r.in)
		d.Names = append(d.Names, clip(s))
		return true
	}
	r.step = r.step && !strings.HasPrefix(s, "Issuer:")
	switch {
	case x509Command.in(s) && !clientShape.in(s):
		r.begin(X509)
		return true
	case s == "Certificate:", strings.HasPrefix(s, "X.509v3 TLS Certificate"), strings.HasPrefix(s, "X.509 Certificate Information"):
		n := r.current()
		if d := n.describe(r.in); d.Subject != "" && !d.NotAfter.IsZero() {
			r.in++
		}
		r.step = strings.Contains(s, "TLS Certificate (")
		return true
	case strings.HasPrefix(s, "Found the following certs:"), strings.HasPrefix(s, "Saving debug log to /var/log/letsencrypt"):
		r.begin(Certbot)
		return true
	}
	m := fieldShape.find(s)
	if m == nil {
		if names := sanNames(s); len(names) > 0 && r.has(X509) && (strings.HasPrefix(s, "DNSName: ") || strings.HasPrefix(s, "DNS Name=")) {
			d := r.current().describe(r.in)
			d.Names = append(d.Names, names...)
			return true
		}
		return false
	}
	return r.field(strings.ToLower(strings.Join(strings.Fields(m[1]), " ")), strings.TrimSpace(m[2]), l)
}

var (
	oldHash  = lazily(`(?i)^(?:Signature Algorithm|Signed using)\s*:?\s+(?:(?:md2|md5|sha-?1)[ -]?with|ecdsa-with-sha1|dsa-with-sha1|rsa-(?:md5|sha1)\b|(?:md5|sha1) with)`)
	keyWidth = lazily(`^(?:RSA )?(?:Public[- ]Key(?: bits)?|RSA Key Strength|Server key size\s+RSA)\s*:?\s+\(?(\d{3,4})\b`)
)

// weak reads, of a listing, an algorithm or a width that programs refuse. Keys of elliptic curves have other
// widths than those of RSA, below 600 bits.
func weak(s string) (finding.Code, bool) {
	if oldHash.in(s) {
		return finding.WeakSignature, true
	}
	if m := keyWidth.find(s); m != nil {
		if bits, _ := strconv.Atoi(m[1]); bits == 512 || bits >= 600 && bits < leastRSA {
			return finding.WeakKey, true
		}
	}
	return "", false
}

// leastRSA is the least width in bits: CA/Browser Forum Baseline Requirements, section 6.1.5.
const leastRSA = 2048

// current returns the session that words about a certificate belong to.
func (r *describedReader) current() *notes {
	if n := r.last(); n != nil && n.tool != Curl && n.tool != Swaks {
		return n
	}
	return r.begin(X509)
}

// field takes one field. What is not of a certificate, such as a subject of a letter, is none.
func (r *describedReader) field(name, value string, l line) bool {
	switch {
	case strings.Contains(name, "subject alternative"), strings.HasPrefix(name, "dns name"), strings.HasPrefix(name, "altname"), name == "domains":
		n := r.current()
		d := n.describe(r.in)
		names := sanNames(value)
		if len(names) == 0 && (name == "domains" || strings.HasPrefix(name, "dns")) {
			for _, w := range strings.FieldsFunc(value, func(c rune) bool { return c == ' ' || c == ',' }) {
				if nameShape.in(w) {
					names = append(names, clip(w))
				}
			}
		}
		d.Names = append(d.Names, names...)
		r.sans = len(names) == 0
		return true
	case name == "certificate name":
		r.begin(Certbot)
		r.in = 0
		return true
	case name == "subject" && r.step && nameShape.in(value) && !strings.ContainsAny(value, " =/"):
		d := r.current().describe(r.in)
		d.Subject, d.Names = "CN="+clip(value), append(d.Names, clip(value))
		return true
	case name == "owner": // as keytool has it
		name = "subject"
		fallthrough
	case name == "subject", name == "issuer", name == "common name":
		if value == "" || !isName(value) && name != "common name" || name == "common name" && r.last() == nil {
			return false
		}
		d := r.current().describe(r.in)
		switch {
		case name == "issuer":
			d.Issuer = clip(value)
		case d.Subject == "" || name == "subject":
			d.Subject = clip(value)
		}
		return true
	}
	begins, ends, both := strings.Cut(value, " until: ")
	t := when(begins)
	if t.IsZero() {
		return false
	}
	if n := r.current(); n.tool == Certbot {
		switch {
		case strings.Contains(value, "INVALID: REVOKED"):
			n.claim(Claim{Codes: []finding.Code{finding.Revoked}, Text: l.text, Depth: 0})
		case strings.Contains(value, "INVALID: TEST_CERT"):
			n.claim(Claim{Codes: []finding.Code{finding.IssuerNotTrusted}, Text: l.text, Depth: 0})
		}
	}
	d := r.current().describe(r.in)
	if both { // as keytool has it
		d.NotBefore, d.NotAfter = t, when(ends)
		return true
	}
	if strings.Contains(name, "before") || strings.Contains(name, "from") || strings.Contains(name, "start") || strings.Contains(name, "activation") {
		d.NotBefore = t
	} else {
		d.NotAfter = t
	}
	return true
}

// isName reports whether a value is a distinguished name, in any of the notations.
func isName(s string) bool {
	return dnShape.in(s)
}

var dnShape = lazily(`(?:^|[,/+; ])\s*(?:CN|O|OU|C|DC|L|ST|S|commonName|organizationName|countryName|emailAddress|UID|SERIALNUMBER|serialNumber|title)\s?=`)

// sanNames returns the names of a list such as "DNS:mail.example.com, IP Address:192.0.2.1".
func sanNames(s string) (names []string) {
	for _, m := range dnsShape.all(s, 100) {
		names = append(names, clip(m[1]))
	}
	return names
}
