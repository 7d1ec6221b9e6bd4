package certs

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Patterns of what an outline says, for whoever describes outlines or lets people write them.
const (
	MomentPattern      = `^([+-]([0-9]{1,5}d([0-9]{1,2}h)?([0-9]{1,2}m)?([0-9]{1,2}s)?|[0-9]{1,6}h([0-9]{1,2}m)?([0-9]{1,2}s)?|[0-9]{1,6}m([0-9]{1,2}s)?|[0-9]{1,6}s)|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)$`
	KeyPattern         = `^(p224|p256|p384|p521|ed25519|rsa-(102[4-9]|10[3-9][0-9]|1[1-9][0-9]{2}|[23][0-9]{3}|40[0-8][0-9]|409[0-6]))$`
	HashPattern        = `^(md5|sha1|(sha256|sha384|sha512)(-pss)?)$`
	ConstraintsPattern = `^CA:(FALSE|TRUE(, pathlen:[0-9]{1,3})?)$`
	idPattern          = `^[a-z0-9]+(-[a-z0-9]+)*$`
)

var (
	momentForm      = regexp.MustCompile(MomentPattern)
	keyForm         = regexp.MustCompile(KeyPattern)
	hashForm        = regexp.MustCompile(HashPattern)
	constraintsForm = regexp.MustCompile(ConstraintsPattern)
	idForm          = regexp.MustCompile(idPattern)
	numberForm      = regexp.MustCompile(`^[0-2]\.[0-9]{1,3}(\.[0-9]{1,9}){0,20}$`)
	plainName       = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$`)
	nameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}
)

// Bounds of an outline.
const (
	mostOutlined = 40  // certificates
	mostRSA      = 15  // of them with an RSA key of their own, each of which takes up to some seconds
	mostSent     = 100 // of them, in all
	maxID        = 60
)

// CheckOutline refuses an outline that says what nobody knows, or contradicts itself. at is the place,
// such as "certificates[1].from". What only fails when it is built passes.
func CheckOutline(o Outline) (at string, err error) {
	if o.IsZero() {
		return "", nil
	}
	if n := len(o.Certificates); n == 0 || n > mostOutlined {
		return "certificates", fmt.Errorf("there must be 1 to %d, and there are %d", mostOutlined, n)
	}
	if len(o.Sent) > mostSent {
		return "sent", fmt.Errorf("there are %d, and %d are the most", len(o.Sent), mostSent)
	}
	for i, id := range o.Sent {
		if o.at(id) < 0 {
			return fmt.Sprintf("sent[%d]", i), fmt.Errorf("there is no certificate %.60q", id)
		}
	}
	for i, c := range o.Certificates {
		if field, err := c.check(); err != nil {
			return fmt.Sprintf("certificates[%d].%s", i, field), err
		}
		if o.at(c.ID) != i {
			return fmt.Sprintf("certificates[%d].id", i), errors.New("another certificate has it already")
		}
		if field, err := o.checkAbove(i); err != nil {
			return fmt.Sprintf("certificates[%d].%s", i, field), err
		}
	}
	if n := o.keysOfRSA(); n > mostRSA {
		return "certificates", fmt.Errorf("%d have an RSA key of their own, and %d are the most", n, mostRSA)
	}
	if i, field, err := o.checkCircles(); err != nil {
		return fmt.Sprintf("certificates[%d].%s", i, field), err
	}
	return "", nil
}

func (o Outline) keysOfRSA() (n int) {
	for _, c := range o.Certificates {
		if strings.HasPrefix(c.Key, "rsa-") || len(c.Raw) > 0 && strings.HasPrefix(keyLike(c.Raw), "rsa-") && c.ID == o.Certificates[0].ID {
			n++
		}
	}
	return n
}

// checkAbove refuses an issuer or a key that is nobody's, and a way up that ends nowhere.
func (o Outline) checkAbove(i int) (field string, err error) {
	c := o.Certificates[i]
	switch {
	case c.Issuer != "" && o.at(c.Issuer) < 0:
		return "issuer", fmt.Errorf("there is no certificate %.60q", c.Issuer)
	case c.KeyOf != "" && o.at(c.KeyOf) < 0:
		return "keyOf", fmt.Errorf("there is no certificate %.60q", c.KeyOf)
	case c.KeyOf != "" && c.Key != "":
		return "key", errors.New("it has the key of another one; leave out one of key and keyOf")
	}
	return "", nil
}

// checkCircles refuses certificates that would have to be there before themselves, and keys likewise.
func (o Outline) checkCircles() (at int, field string, err error) {
	for i, c := range o.Certificates {
		for _, way := range []struct {
			field string
			up    func(Certificate) string
		}{{"issuer", func(c Certificate) string { return c.Issuer }}, {"keyOf", func(c Certificate) string { return c.KeyOf }}} {
			above := c
			for range o.Certificates {
				next := way.up(above)
				if next == "" {
					break
				}
				above = o.Certificates[o.at(next)]
			}
			if way.up(above) != "" {
				return i, way.field, errors.New("it goes round in a circle; a certificate that signs itself has no issuer")
			}
		}
	}
	return 0, "", nil
}

func (c Certificate) check() (field string, err error) {
	if !idForm.MatchString(c.ID) || len(c.ID) > maxID {
		return "id", fmt.Errorf("it must be words in small letters with hyphens between them, and at most %d characters", maxID)
	}
	if len(c.Raw) > 0 {
		rest := c
		rest.ID, rest.Raw, rest.Trusted = "", nil, false
		if !rest.isZero() {
			return "raw", errors.New("the certificate itself says all the rest; leave out what else is said of it")
		}
		return "", nil
	}
	for _, form := range []struct {
		field, value string
		form         *regexp.Regexp
		about        string
	}{
		{"from", c.From, momentForm, "a time such as 2026-11-24T12:00:00Z, or one counted from the start such as -30d"},
		{"until", c.Until, momentForm, "a time such as 2026-11-24T12:00:00Z, or one counted from the start such as +60d"},
		{"key", c.Key, keyForm, "p224, p256, p384, p521, ed25519, or rsa- with 1024 to 4096 bits"},
		{"hash", c.Hash, hashForm, "md5, sha1, sha256, sha384 or sha512, of the last three also with -pss"},
		{"basicConstraints", c.BasicConstraints, constraintsForm, `CA:TRUE, "CA:TRUE, pathlen:0" or CA:FALSE`},
	} {
		if form.value != "" && !form.form.MatchString(form.value) {
			return form.field, fmt.Errorf("it must be %s, and is %.60q", form.about, form.value)
		}
	}
	for field, value := range map[string]string{"from": c.From, "until": c.Until} {
		if _, err := moment(value, time.Time{}); value != "" && err != nil {
			return field, err
		}
	}
	return c.checkWords()
}

func (c Certificate) isZero() bool {
	return c.ID+c.Issuer+c.From+c.Until+c.Key+c.KeyOf+c.Hash+c.BasicConstraints == "" && !c.Damaged && !c.Trusted && len(c.KeyID)+len(c.Raw) == 0 &&
		len(c.Subject)+len(c.Names)+len(c.KeyUsage)+len(c.ExtKeyUsage)+len(c.Extensions) == 0
}

func (c Certificate) checkWords() (field string, err error) {
	for i, a := range c.Subject {
		kind, value, ok := strings.Cut(a, "=")
		if _, known := attributeTypes()[kind]; !ok || value == "" || !known && !numberForm.MatchString(kind) {
			return fmt.Sprintf("subject[%d]", i), fmt.Errorf("it must be an attribute such as O=Example Company, and is %.60q", a)
		}
		if (kind == "DC" || kind == "E") && !isASCII(value) {
			return fmt.Sprintf("subject[%d]", i), errors.New("it must be in ASCII")
		}
	}
	for i, n := range c.Names {
		u, err := url.Parse(n)
		switch {
		case n == "":
			return fmt.Sprintf("names[%d]", i), errors.New("it is empty")
		case strings.Contains(n, "://") && (err != nil || u.Hostname() == ""):
			return fmt.Sprintf("names[%d]", i), errors.New("it is no URI")
		case (strings.Contains(n, "://") || strings.Contains(n, "@")) && !isASCII(n):
			return fmt.Sprintf("names[%d]", i), errors.New("a mail address or URI must be in ASCII")
		}
	}
	for i, word := range c.KeyUsage {
		if _, ok := keyUsageWords()[word]; !ok {
			return fmt.Sprintf("keyUsage[%d]", i), fmt.Errorf("there is no key usage %.60q", word)
		}
	}
	for i, word := range c.ExtKeyUsage {
		if _, ok := extKeyUsageWords()[word]; !ok && !numberForm.MatchString(word) {
			return fmt.Sprintf("extKeyUsage[%d]", i), fmt.Errorf("there is no extended key usage %.60q", word)
		}
	}
	for i, e := range c.Extensions {
		if !numberForm.MatchString(e.ID) || slices.Contains(saidOtherwise(), e.ID) {
			return fmt.Sprintf("extensions[%d].id", i), fmt.Errorf("it must be a number such as 2.5.29.30, and none that another field says, and is %.60q", e.ID)
		}
		if slices.ContainsFunc(c.Extensions[:i], func(other Extension) bool { return other.ID == e.ID }) {
			return fmt.Sprintf("extensions[%d].id", i), errors.New("it is there already")
		}
	}
	return "", nil
}

// saidOtherwise are the extensions that other fields say, or that faults do: key identifiers, usages,
// the SAN, basic constraints, and where a CA publishes.
func saidOtherwise() []string {
	return []string{"2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.31", "2.5.29.35", "2.5.29.37", "1.3.6.1.5.5.7.1.1"}
}

// moment reads a time, or one counted from now.
func moment(s string, now time.Time) (time.Time, error) {
	if s == "" || s[0] != '+' && s[0] != '-' {
		return time.Parse(time.RFC3339, s)
	}
	days, rest := 0, s[1:]
	if before, after, ok := strings.Cut(rest, "d"); ok {
		n, err := strconv.Atoi(before)
		if err != nil {
			return time.Time{}, err
		}
		days, rest = n, after
	}
	var d time.Duration
	if rest != "" {
		var err error
		if d, err = time.ParseDuration(rest); err != nil {
			return time.Time{}, err
		}
	}
	d += time.Duration(days) * day
	if s[0] == '-' {
		d = -d
	}
	return now.Add(d), nil
}

func basicConstraints(s string) (valid, ca bool, pathLength int) {
	pathLength = -1
	rest, ca := strings.CutPrefix(s, "CA:TRUE")
	if _, n, ok := strings.Cut(rest, "pathlen:"); ok {
		pathLength, _ = strconv.Atoi(n) // CheckOutline has read it
	}
	return s != "", ca, pathLength
}

// number reads an object identifier that CheckOutline lets through.
func number(s string) asn1.ObjectIdentifier {
	var out asn1.ObjectIdentifier
	for _, part := range strings.Split(s, ".") {
		n, _ := strconv.Atoi(part)
		out = append(out, n)
	}
	return out
}

func attributeTypes() map[string]asn1.ObjectIdentifier {
	return map[string]asn1.ObjectIdentifier{
		"C": {2, 5, 4, 6}, "O": {2, 5, 4, 10}, "OU": {2, 5, 4, 11}, "CN": {2, 5, 4, 3}, "L": {2, 5, 4, 7}, "ST": {2, 5, 4, 8}, "STREET": {2, 5, 4, 9},
		"SERIALNUMBER": {2, 5, 4, 5}, "DC": {0, 9, 2342, 19200300, 100, 1, 25}, "E": {1, 2, 840, 113549, 1, 9, 1},
	}
}

func keyUsageWords() map[string]x509.KeyUsage {
	return map[string]x509.KeyUsage{
		"digitalSignature": x509.KeyUsageDigitalSignature, "contentCommitment": x509.KeyUsageContentCommitment, "keyEncipherment": x509.KeyUsageKeyEncipherment,
		"dataEncipherment": x509.KeyUsageDataEncipherment, "keyAgreement": x509.KeyUsageKeyAgreement, "keyCertSign": x509.KeyUsageCertSign,
		"cRLSign": x509.KeyUsageCRLSign, "encipherOnly": x509.KeyUsageEncipherOnly, "decipherOnly": x509.KeyUsageDecipherOnly,
	}
}

func extKeyUsageWords() map[string]x509.ExtKeyUsage {
	return map[string]x509.ExtKeyUsage{
		"any": x509.ExtKeyUsageAny, "serverAuth": x509.ExtKeyUsageServerAuth, "clientAuth": x509.ExtKeyUsageClientAuth, "codeSigning": x509.ExtKeyUsageCodeSigning,
		"emailProtection": x509.ExtKeyUsageEmailProtection, "timeStamping": x509.ExtKeyUsageTimeStamping, "OCSPSigning": x509.ExtKeyUsageOCSPSigning,
		"ipsecEndSystem": x509.ExtKeyUsageIPSECEndSystem, "ipsecTunnel": x509.ExtKeyUsageIPSECTunnel, "ipsecUser": x509.ExtKeyUsageIPSECUser,
		"msSGC": x509.ExtKeyUsageMicrosoftServerGatedCrypto, "nsSGC": x509.ExtKeyUsageNetscapeServerGatedCrypto,
		"msCodeCom": x509.ExtKeyUsageMicrosoftCommercialCodeSigning, "msKernelCode": x509.ExtKeyUsageMicrosoftKernelCodeSigning,
	}
}
