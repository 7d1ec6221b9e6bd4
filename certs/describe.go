package certs

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Dates say how Describe writes the dates of a certificate.
type Dates struct {
	// Seen is when the certificate was seen: dates are counted from then.
	Seen time.Time
	// Fixed writes them as they stand in the calendar.
	Fixed bool
}

// far is from when on a date is written as it stands: some certificates end in the year 9999.
const far = 100 * 365 * day

func (d Dates) words(t time.Time) string {
	off := t.Sub(d.Seen.Truncate(time.Second))
	if d.Fixed || off.Abs() > far {
		return t.UTC().Format("2006-01-02T15:04:05Z")
	}
	sign := "+"
	if off < 0 {
		sign, off = "-", -off
	}
	out := ""
	if n := off / day; n > 0 {
		out = fmt.Sprintf("%dd", n)
	}
	for _, unit := range []struct {
		of   time.Duration
		name string
		in   time.Duration
	}{{time.Hour, "h", 24}, {time.Minute, "m", 60}, {time.Second, "s", 60}} {
		if n := off / unit.of % unit.in; n > 0 {
			out += fmt.Sprintf("%d%s", n, unit.name)
		}
	}
	if out == "" {
		out = "0s"
	}
	return sign + out
}

// Describe returns a certificate as an outline has it, without id, issuer and trust, and what it could
// not say, a phrase each. The certificate may be anybody's.
func Describe(c *x509.Certificate, dates Dates) (out Certificate, lost []string) {
	out.From, out.Until = dates.words(c.NotBefore), dates.words(c.NotAfter)
	out.Subject, lost = Attributes(c.RawSubject)
	out.KeyID = c.SubjectKeyId
	lose := func(format string, args ...any) { lost = append(lost, fmt.Sprintf(format, args...)) }
	var why string
	if out.Key, why = describeKey(c.PublicKey); why != "" {
		lose("%s", why)
	}
	if out.Hash, why = describeHash(c.SignatureAlgorithm); why != "" {
		lose("%s", why)
	}
	describeNames(c, &out, lose)
	switch {
	case !c.BasicConstraintsValid:
	case !c.IsCA:
		out.BasicConstraints = "CA:FALSE"
	case c.MaxPathLen > 0 || c.MaxPathLen == 0 && c.MaxPathLenZero:
		out.BasicConstraints = fmt.Sprintf("CA:TRUE, pathlen:%d", min(c.MaxPathLen, 999))
	default:
		out.BasicConstraints = "CA:TRUE"
	}
	for _, word := range sortedWords(keyUsageWords(), func(a, b x509.KeyUsage) int { return int(a) - int(b) }) {
		if c.KeyUsage&keyUsageWords()[word] != 0 {
			out.KeyUsage = append(out.KeyUsage, word)
		}
	}
	words := map[x509.ExtKeyUsage]string{}
	for word, usage := range extKeyUsageWords() {
		words[usage] = word
	}
	for _, usage := range c.ExtKeyUsage {
		if word, ok := words[usage]; ok {
			out.ExtKeyUsage = append(out.ExtKeyUsage, word)
		} else {
			lose("one of its extended key usages")
		}
	}
	for _, id := range c.UnknownExtKeyUsage {
		if text := id.String(); numberForm.MatchString(text) {
			out.ExtKeyUsage = append(out.ExtKeyUsage, text)
		} else {
			lose("one of its extended key usages")
		}
	}
	describeExtensions(c, &out, lose)
	if c.Version < 3 && c.Version > 0 {
		lose("that it is of version %d", c.Version)
	}
	return out, lost
}

func sortedWords[T any](words map[string]T, order func(a, b T) int) []string {
	var out []string
	for word := range words {
		out = append(out, word)
	}
	slices.SortFunc(out, func(a, b string) int { return order(words[a], words[b]) })
	return out
}

func describeKey(public any) (word, why string) {
	switch key := public.(type) {
	case *rsa.PublicKey:
		bits := key.N.BitLen()
		if word = fmt.Sprintf("rsa-%d", bits); keyForm.MatchString(word) {
			return word, ""
		}
		if bits < leastBits {
			return "rsa-1024", fmt.Sprintf("that its RSA key has %d bits: fewer than %d are not made", bits, leastBits)
		}
		return "rsa-4096", fmt.Sprintf("that its RSA key has %d bits: more than 4096 take too long to make", bits)
	case *ecdsa.PublicKey:
		if word = strings.ToLower(strings.Replace(key.Params().Name, "-", "", 1)); keyForm.MatchString(word) {
			return word, ""
		}
	case ed25519.PublicKey:
		return "ed25519", ""
	}
	return "", "the kind of its key"
}

func describeHash(a x509.SignatureAlgorithm) (word, why string) {
	switch a {
	case x509.MD5WithRSA:
		return "md5", ""
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1:
		return "sha1", ""
	case x509.SHA256WithRSA, x509.ECDSAWithSHA256:
		return "sha256", ""
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384:
		return "sha384", ""
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512:
		return "sha512", ""
	case x509.SHA256WithRSAPSS:
		return "sha256-pss", ""
	case x509.SHA384WithRSAPSS:
		return "sha384-pss", ""
	case x509.SHA512WithRSAPSS:
		return "sha512-pss", ""
	case x509.PureEd25519:
		return "", ""
	}
	return "", "the algorithm of the signature on it"
}

func describeNames(c *x509.Certificate, out *Certificate, lose func(string, ...any)) {
	for _, n := range c.DNSNames {
		if n == "" || net.ParseIP(n) != nil || strings.ContainsAny(n, "@") || strings.Contains(n, "://") || !utf8.ValidString(n) {
			lose("a DNS name that can be none (%.60q)", n)
			continue
		}
		out.Names = append(out.Names, n)
	}
	for _, ip := range c.IPAddresses {
		out.Names = append(out.Names, ip.String())
	}
	for _, n := range c.EmailAddresses {
		if !strings.Contains(n, "@") || !isASCII(n) {
			lose("a mail address that can be none")
			continue
		}
		out.Names = append(out.Names, n)
	}
	for _, u := range c.URIs {
		if n := u.String(); !strings.Contains(n, "://") || !isASCII(n) || u.Hostname() == "" {
			lose("a URI among its names")
		} else {
			out.Names = append(out.Names, n)
		}
	}
	const most = 1000
	if len(out.Names) > most {
		lose("%d of its %d names", len(out.Names)-most, len(out.Names))
		out.Names = out.Names[:most]
	}
}

// telling are the extensions that change what anybody thinks of a certificate without being critical:
// name constraints (RFC 5280 section 4.2.1.10), what a server must do (RFC 7633), time stamps of logs
// (RFC 6962 section 3.3), and the mark of a proxy certificate (RFC 3820).
func telling() []string {
	return []string{"2.5.29.30", "1.3.6.1.5.5.7.1.24", "1.3.6.1.4.1.11129.2.4.2", "1.3.6.1.5.5.7.1.14"}
}

func describeExtensions(c *x509.Certificate, out *Certificate, lose func(string, ...any)) {
	for _, e := range c.Extensions {
		id := e.Id.String()
		if slices.Contains(saidOtherwise(), id) || !e.Critical && !slices.Contains(telling(), id) {
			continue
		}
		if !numberForm.MatchString(id) || len(e.Value) > 8<<10 || len(out.Extensions) >= 20 {
			lose("the extension %.40s", id)
			continue
		}
		out.Extensions = append(out.Extensions, Extension{ID: id, Critical: e.Critical, Value: e.Value})
	}
	for _, e := range c.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) && otherNames(e.Value) {
			lose("names of another kind than DNS names, addresses and URIs")
		}
	}
}

// otherNames reports whether a SAN (DER) has names of a kind that crypto/x509 does not read.
func otherNames(san []byte) bool {
	const mail, dns, uri, address = 1, 2, 6, 7
	var list asn1.RawValue
	if _, err := asn1.Unmarshal(san, &list); err != nil {
		return true
	}
	for rest := list.Bytes; len(rest) > 0; {
		var name asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &name); err != nil || !slices.Contains([]int{mail, dns, uri, address}, name.Tag) {
			return true
		}
	}
	return false
}

// Attributes returns a distinguished name (DER) as an outline has it, and what it could not say.
func Attributes(raw []byte) (out, lost []string) {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &name); err != nil || len(rest) > 0 {
		return nil, []string{"its subject, which cannot be read"}
	}
	words := map[string]string{}
	for word, id := range attributeTypes() {
		words[id.String()] = word
	}
	for _, set := range name {
		for _, a := range set {
			kind, ok := words[a.Type.String()]
			if !ok {
				kind = a.Type.String()
			}
			value, isText := a.Value.(string)
			fits := isText && value != "" && utf8.ValidString(value) && len(value) <= 1000 && (ok || numberForm.MatchString(kind)) && (kind != "DC" && kind != "E" || isASCII(value))
			if !fits || len(out) >= 50 {
				lost = append(lost, "a part of its subject")
				continue
			}
			out = append(out, kind+"="+value)
		}
	}
	return out, lost
}
