package capture

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
)

// testerReader reads the programs that test a server and judge it: testssl.sh in text and JSON, sslscan,
// sslyze, nmap's ssl-cert and CheckTLS.
type testerReader struct {
	*gathering
	id       string          // of the entry of testssl's JSON that is under way
	versions map[string]bool // TLS versions that are offered
}

var (
	testsslTarget = lazily(`-->> \[?([0-9a-fA-F:.]+)\]?:(\d{1,5}) \(([^)]+)\) <<--`)
	testsslLine   = lazily(`^(Chain of trust|Trust \(hostname\)|Common Name \(CN\)|subjectAltName \(SAN\)|Certificate Validity \(UTC\)|Issuer|Service set:|STARTTLS|SSLv2|SSLv3|TLS 1|TLS 1\.1|TLS 1\.2|TLS 1\.3|Certificate Revocation List|OCSP URI)\s{2,}(.*)$`)
	testsslDates  = lazily(`\((\d{4}-\d\d-\d\d \d\d:\d\d) --> (\d{4}-\d\d-\d\d \d\d:\d\d)\)`)
	jsonID        = lazily(`"id"\s*:\s*"([^"]+)"`)
	jsonIP        = lazily(`"ip"\s*:\s*"([^"/]+)/[^"]*"`)
	jsonPort      = lazily(`"port"\s*:\s*"?(\d{1,5})"?`)
	jsonFinding   = lazily(`"finding"\s*:\s*"((?:[^"\\]|\\.)*)"`)
	scanTarget    = lazily(`^Testing SSL server (\S+) on port (\d{1,5})(?: using SNI name (\S+))?`)
	scanVersion   = lazily(`^(SSLv2|SSLv3|TLSv1\.[0-3])\s+(enabled|disabled)$`)
	scanXML       = lazily(`^<ssltest host="([^"]+)".* port="(\d{1,5})"`)
	scanField     = lazily(`^<(subject|issuer|altnames|not-valid-before|not-valid-after)>(?:<!\[CDATA\[)?([^<\]]*)`)
	nmapTarget    = lazily(`^Nmap scan report for (\S+)`)
	nmapPort      = lazily(`^(\d{1,5})/tcp\s+(open|closed|filtered)\s+(\S+)?`)
	nmapSubject   = lazily(`^ssl-cert: Subject: (.*)`)
	checkName     = lazily(`^Cert Hostname (VERIFIED|DOES NOT VERIFY) \((\S+) !?= ([^|)]*)((?:\| DNS:[^|)]*)*)`)
	sslyzeHost    = lazily(`"hostname"\s*:\s*"([^"]+)"`)
)

func (r *testerReader) line(l line) bool {
	s := l.text
	return r.testssl(s) || r.json(s) || r.sslscan(s) || r.nmap(s) || r.checktls(s) || r.sslyze(s)
}

// testssl reads the text of testssl.sh.
func (r *testerReader) testssl(s string) bool {
	if m := testsslTarget.find(s); m != nil {
		n := r.of(TestSSL)
		if n.connected && (n.host != m[3] || strconv.Itoa(n.port) != m[2]) {
			n = r.begin(TestSSL)
		}
		n.connected, n.host = true, m[3]
		n.port, _ = strconv.Atoi(m[2])
		return true
	}
	if !r.has(TestSSL) {
		return strings.HasPrefix(s, "testssl.sh ") || strings.HasPrefix(s, "####") && strings.Trim(s, "#") == ""
	}
	m := testsslLine.find(s)
	if m == nil {
		return strings.HasPrefix(s, "Testing ") || strings.HasPrefix(s, "rDNS ") || strings.HasPrefix(s, "Done ") || strings.HasPrefix(s, "Signature Algorithm") || strings.HasPrefix(s, "Server key size") || strings.HasPrefix(s, "Certificates provided") || strings.HasPrefix(s, "EV cert") || strings.Trim(s, "#") == ""
	}
	r.fact(r.of(TestSSL), map[string]string{
		"Chain of trust": "cert_chain_of_trust", "Trust (hostname)": "cert_trust", "Common Name (CN)": "cert_commonName", "subjectAltName (SAN)": "cert_subjectAltName",
		"Certificate Validity (UTC)": "cert_expirationStatus", "Issuer": "cert_caIssuers", "Service set:": "service", "STARTTLS": "service", "TLS 1": "TLS1", "TLS 1.1": "TLS1_1", "TLS 1.2": "TLS1_2", "TLS 1.3": "TLS1_3",
	}[m[1]], strings.TrimSpace(m[2]))
	return true
}

// json reads the entries that testssl.sh writes to a file, whole or cut out of it.
func (r *testerReader) json(s string) bool {
	took := false
	if m := jsonIP.find(s); m != nil && r.id != "" {
		n := r.of(TestSSL)
		n.host, n.connected, took = m[1], true, true
	}
	for _, m := range jsonID.all(s, 1000) {
		r.id, took = m[1], true
		if len(jsonFinding.all(s, 2)) > 1 {
			break
		}
	}
	if m := jsonPort.find(s); m != nil && r.id != "" {
		r.of(TestSSL).port, _ = strconv.Atoi(m[1])
		took = true
	}
	ids := jsonID.all(s, 1000)
	for i, m := range jsonFinding.all(s, 1000) {
		if len(ids) > i {
			r.id = ids[i][1]
		}
		if r.id == "" {
			continue
		}
		r.fact(r.of(TestSSL), r.id, m[1])
		took = true
	}
	return took || r.id != "" && strings.HasPrefix(s, `"severity"`)
}

// fact takes what testssl.sh found, by the id that it has in JSON.
func (r *testerReader) fact(n *notes, id, value string) {
	low := strings.ToLower(value)
	id, _, _ = strings.Cut(id, " ")
	switch {
	case id == "service":
		n.upgrade = n.upgrade || strings.Contains(low, "starttls")
		for _, p := range []string{"smtp", "imap", "pop3"} {
			if strings.Contains(low, p) {
				n.proto = protocol(p)
			}
		}
	case strings.HasPrefix(id, "cert_chain_of_trust"):
		r.trust(n, value, low)
	case strings.HasPrefix(id, "cert_trust"):
		switch {
		case strings.HasPrefix(low, "ok"):
			n.named = true
		case strings.Contains(low, "does not match"), strings.Contains(low, "not ok"), strings.Contains(low, "no match"):
			n.refused = true
			n.claim(Claim{Codes: []finding.Code{finding.NameMismatch}, Text: "Trust (hostname): " + value, Depth: 0})
		}
	case strings.HasPrefix(id, "cert_commonName") && !strings.Contains(id, "wo_SNI"):
		n.describe(0).Subject = "CN=" + clip(firstWord(value))
	case strings.HasPrefix(id, "cert_subjectAltName"):
		d := n.describe(0)
		for _, w := range strings.Fields(value) {
			if nameShape.in(w) || strings.HasPrefix(w, "*.") {
				d.Names = append(d.Names, clip(w))
			}
		}
	case strings.HasPrefix(id, "cert_expirationStatus"), strings.HasPrefix(id, "cert_validityPeriod"):
		if m := testsslDates.find(value); m != nil {
			n.describe(0).NotBefore, n.describe(0).NotAfter = when(m[1]), when(m[2])
		} else if strings.HasPrefix(low, "expired") {
			n.claim(Claim{Codes: []finding.Code{finding.Expired}, Text: "Certificate Validity: " + value, Depth: 0})
		}
	case strings.HasPrefix(id, "cert_notBefore"):
		n.describe(0).NotBefore = when(value)
	case strings.HasPrefix(id, "cert_notAfter"):
		n.describe(0).NotAfter = when(value)
	case strings.HasPrefix(id, "cert_caIssuers"):
		n.describe(0).Issuer = "CN=" + clip(value)
	case id == "TLS1", id == "TLS1_1", id == "TLS1_2", id == "TLS1_3":
		if r.versions == nil {
			r.versions = map[string]bool{}
		}
		r.versions[id] = strings.HasPrefix(low, "offered")
	case id == "scanProblem", id == "engine_problem" && strings.Contains(low, "connect"):
		n.says(value, -1)
	}
}

// trust takes what testssl.sh says of the chain: "Ok", or "NOT ok (chain incomplete)".
func (r *testerReader) trust(n *notes, value, low string) {
	n.certified = true
	for reason, codes := range map[string][]finding.Code{
		"chain incomplete": {finding.MissingIntermediate, finding.IssuerUnknown}, "self signed ca": {finding.IssuerNotTrusted}, "self-signed ca": {finding.IssuerNotTrusted},
		"self signed": {finding.SelfSigned}, "self-signed": {finding.SelfSigned}, "expired": {finding.Expired}, "revoked": {finding.Revoked},
	} {
		if strings.Contains(low, reason) && !(strings.HasPrefix(reason, "self") && !strings.HasSuffix(reason, "ca") && strings.Contains(low, reason+" ca")) {
			n.refused = true
			n.claim(Claim{Codes: codes, Text: "Chain of trust: " + value, Depth: 0})
			return
		}
	}
	switch {
	case strings.HasPrefix(low, "not ok"), strings.HasPrefix(low, "failed"):
		n.refused = true
		n.claim(Claim{Codes: []finding.Code{finding.IssuerUnknown, finding.MissingIntermediate, finding.IssuerNotTrusted}, Text: "Chain of trust: " + value, Depth: -1})
	case strings.HasPrefix(low, "ok"), strings.HasPrefix(low, "passed"):
		n.ok = true
	}
}

func firstWord(s string) string {
	w, _, _ := strings.Cut(s, " ")
	return w
}

// sslscan reads the output of sslscan, which lists and does not judge.
func (r *testerReader) sslscan(s string) bool {
	if m := scanTarget.find(s); m != nil {
		r.meet(SSLScan, cmp.Or(m[3], m[1]), m[2])
		return true
	}
	if m := scanXML.find(s); m != nil {
		r.meet(SSLScan, m[1], m[2])
		return true
	}
	if !r.has(SSLScan) {
		return false
	}
	if m := scanField.find(s); m != nil {
		d := r.of(SSLScan).describe(0)
		switch m[1] {
		case "subject":
			d.Subject = dn(m[2])
		case "issuer":
			d.Issuer = dn(m[2])
		case "altnames":
			d.Names = sanNames(m[2])
		case "not-valid-before":
			d.NotBefore = when(m[2])
		case "not-valid-after":
			d.NotAfter = when(m[2])
		}
		return true
	}
	if m := scanVersion.find(s); m != nil {
		if r.versions == nil {
			r.versions = map[string]bool{}
		}
		r.versions[map[string]string{"SSLv2": "SSL2", "SSLv3": "SSL3", "TLSv1.0": "TLS1", "TLSv1.1": "TLS1_1", "TLSv1.2": "TLS1_2", "TLSv1.3": "TLS1_3"}[m[1]]] = m[2] == "enabled"
		return true
	}
	for name, set := range map[string]func(*Described, string){
		"Subject:":  func(d *Described, v string) { d.Subject = dn(v) },
		"Altnames:": func(d *Described, v string) { d.Names = sanNames(v) },
		"Issuer:":   func(d *Described, v string) { d.Issuer = dn(v) },
	} {
		if v, ok := after(s, name); ok {
			set(r.of(SSLScan).describe(0), v)
			return true
		}
	}
	return false
}

// dn makes a distinguished name of what some tools print of one: the common name alone.
func dn(v string) string {
	if !isName(v) {
		v = "CN=" + v
	}
	return clip(v)
}

// nmap reads the script ssl-cert.
func (r *testerReader) nmap(s string) bool {
	if m := nmapTarget.find(s); m != nil {
		n := r.begin(Nmap)
		n.host = m[1]
		return true
	}
	if !r.has(Nmap) {
		if !strings.HasPrefix(s, "Starting Nmap ") && !nmapSubject.in(s) {
			return false
		}
	}
	if m := nmapPort.find(s); m != nil {
		n := r.of(Nmap)
		if n.connected && n.port != 0 {
			host := n.host
			n = r.begin(Nmap)
			n.host = host
		}
		n.port, _ = strconv.Atoi(m[1])
		n.connected = m[2] == "open"
		return true
	}
	if m := nmapSubject.find(s); m != nil {
		n := r.of(Nmap)
		n.connected = true
		n.describe(0).Subject = clip(m[1])
		return true
	}
	return strings.HasPrefix(s, "Starting Nmap ") || strings.HasPrefix(s, "Nmap done:") || strings.HasPrefix(s, "Host is up") || strings.HasPrefix(s, "PORT ") || strings.HasPrefix(s, "Public Key ") || strings.HasPrefix(s, "MD5:") || strings.HasPrefix(s, "SHA-1:") || strings.HasPrefix(s, "SHA-256:")
}

// checktls reads the report of CheckTLS.
func (r *testerReader) checktls(s string) bool {
	if m := checkName.find(s); m != nil {
		n := r.of(CheckTLS)
		n.connected, n.certified, n.host, n.port, n.upgrade = true, true, m[2], 25, true
		d := n.describe(0)
		d.Subject = dn(strings.TrimSpace(m[3]))
		d.Names = append(d.Names, sanNames(m[4])...)
		if m[1] == "VERIFIED" {
			n.named = true
		} else {
			n.refused = true
			n.claim(Claim{Codes: []finding.Code{finding.NameMismatch}, Text: s, Depth: 0})
		}
		return true
	}
	if v, ok := after(s, "Cert VALIDATED:"); ok {
		n := r.of(CheckTLS)
		n.connected, n.certified, n.ok = true, true, strings.HasPrefix(v, "ok")
		return true
	}
	if v, ok := after(s, "Cert NOT VALIDATED:"); ok {
		n := r.of(CheckTLS)
		n.connected, n.certified, n.refused = true, true, true
		n.says(v, -1)
		return true
	}
	if strings.HasSuffix(s, "TLS is not an option on this server") && len(s) < 60 {
		n := r.of(CheckTLS)
		n.connected, n.upgrade, n.port = true, true, 25
		n.claim(Claim{Codes: []finding.Code{finding.StartTLSNotOffered, finding.CapabilityStripped}, Text: s, Depth: -1})
		return true
	}
	if !r.has(CheckTLS) {
		return false
	}
	return strings.HasPrefix(s, "SSLVersion in use") || strings.HasPrefix(s, "Cipher in use") || strings.HasPrefix(s, "Perfect Forward") || strings.HasPrefix(s, "Certificate #") || strings.HasPrefix(s, "So email is encrypted")
}

// sslyze reads what sslyze says in JSON of what it verified; the certificates stand in it as PEM.
func (r *testerReader) sslyze(s string) bool {
	if strings.Contains(s, `"leaf_certificate_subject_matches_hostname"`) {
		n := r.of(SSLyze)
		n.connected, n.certified = true, true
		if n.named = strings.Contains(s, "true"); !n.named {
			n.refused = true
			n.claim(Claim{Codes: []finding.Code{finding.NameMismatch}, Text: s, Depth: 0})
		}
		return true
	}
	if m := sslyzeHost.find(s); m != nil {
		n := r.of(SSLyze)
		n.host, n.connected = m[1], true
		if p := jsonPort.find(s); p != nil {
			n.port, _ = strconv.Atoi(p[1])
		}
		return true
	}
	if !r.has(SSLyze) {
		return false
	}
	for _, name := range []string{`"validation_error"`, `"openssl_error_string"`, `"verify_string"`} {
		if v, ok := after(s, name); ok && !strings.Contains(v, "null") {
			n := r.of(SSLyze)
			if m, ok := message.Find(v, message.Client); ok {
				n.refused = true
				n.claim(Claim{Codes: m.Codes, Text: v, Depth: -1, Side: message.Client})
			}
			return true
		}
	}
	if strings.Contains(s, `"was_validation_successful": true`) {
		r.of(SSLyze).ok = true
		return true
	}
	if m := jsonPort.find(s); m != nil {
		n := r.of(SSLyze)
		if n.port == 0 {
			n.port, _ = strconv.Atoi(m[1])
		}
		return true
	}
	return false
}

// end says which versions a server offers, where all of them are old.
func (r *testerReader) end() {
	old, modern := false, false
	for id, offered := range r.versions {
		if id == "TLS1_2" || id == "TLS1_3" {
			modern = modern || offered
		} else {
			old = old || offered
		}
	}
	n := r.last()
	if i := slices.IndexFunc(r.sessions, func(n *notes) bool { return n.tool == TestSSL || n.tool == SSLScan }); i >= 0 {
		n = r.sessions[i]
	}
	if old && !modern && n != nil {
		n.claim(Claim{Codes: []finding.Code{finding.ProtocolTooOld}, Text: "of the versions of TLS only old ones are offered", Depth: -1})
	}
	for _, n := range r.sessions {
		if n.proto == "" && n.tool == SSLScan && n.port == 25 {
			n.proto = account.Submission
		}
	}
}
