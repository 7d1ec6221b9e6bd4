package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// name returns what a certificate and all above it are, as one word: two with the same are one. It is
// empty for the leaf, which every build makes anew, and for what hangs on it.
func (r *outliner) name(id string) string {
	if name, ok := r.names[id]; ok {
		return name
	}
	at := r.outline.at(id)
	c := r.outline.Certificates[at]
	above, key := "", r.slot(id)
	if c.Issuer != "" {
		above = r.name(c.Issuer)
	}
	may := []string{}
	if c.Trusted { // it may certify the names of this outline
		may = r.outline.hosts()
	}
	r.names[id] = ""
	if at > 0 && key != "" && (c.Issuer == "" || above != "") {
		r.names[id] = digest(c.alone(), append(may, above, key)...)
	}
	return r.names[id]
}

// slot tells the keys of one run apart: two certificates of two outlines that say the same of
// themselves have one key. It is empty for the leaf's, which is made anew.
func (r *outliner) slot(id string) string {
	at := r.outline.at(id)
	if c := r.outline.Certificates[at]; c.KeyOf != "" {
		return r.slot(c.KeyOf)
	}
	if at == 0 {
		return ""
	}
	own := r.outline.Certificates[at].alone()
	twins := 0
	for _, c := range r.outline.Certificates[:at] {
		if reflect.DeepEqual(c.alone(), own) {
			twins++
		}
	}
	return digest(own, strconv.Itoa(twins))
}

// alone is a certificate without what ties it to others.
func (c Certificate) alone() Certificate {
	c.ID, c.Issuer, c.KeyOf = "", "", ""
	return c
}

func digest(c Certificate, more ...string) string {
	text, err := json.Marshal(append([]any{c}, anys(more)...))
	if err != nil {
		return "" // which strings and bytes never give
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func anys(words []string) (out []any) {
	for _, w := range words {
		out = append(out, w)
	}
	return out
}

// fill says in a draft what the outline says of it.
func (r *outliner) fill(d *draft, c Certificate, leaf bool) (err error) {
	if d.key, err = r.key(c); err != nil {
		return err
	}
	if len(c.Raw) > 0 {
		d.asItIs(c.Raw, r.a)
		return nil
	}
	d.tmpl.NotBefore, d.tmpl.NotAfter = r.a.now.AddDate(-3, 0, 0), r.a.now.Add(90*day)
	if leaf {
		d.tmpl.NotBefore, d.tmpl.NotAfter = r.a.window()
	}
	if c.From != "" {
		d.tmpl.NotBefore, _ = moment(c.From, r.a.now) // CheckOutline has read it
	}
	if c.Until != "" {
		d.tmpl.NotAfter, _ = moment(c.Until, r.a.now)
	}
	d.tmpl.Subject = distinguished(c.Subject)
	d.tmpl.SubjectKeyId = c.KeyID
	d.outlineNames(c.Names)
	d.tmpl.BasicConstraintsValid, d.tmpl.IsCA, d.tmpl.MaxPathLen = basicConstraints(c.BasicConstraints)
	d.tmpl.MaxPathLenZero = d.tmpl.MaxPathLen == 0
	for _, word := range c.KeyUsage {
		d.tmpl.KeyUsage |= keyUsageWords()[word]
	}
	for _, word := range c.ExtKeyUsage {
		if usage, ok := extKeyUsageWords()[word]; ok {
			d.tmpl.ExtKeyUsage = append(d.tmpl.ExtKeyUsage, usage)
		} else {
			d.tmpl.UnknownExtKeyUsage = append(d.tmpl.UnknownExtKeyUsage, number(word))
		}
	}
	for _, e := range c.Extensions {
		d.tmpl.ExtraExtensions = append(d.tmpl.ExtraExtensions, pkix.Extension{Id: number(e.ID), Critical: e.Critical, Value: e.Value})
	}
	if c.Trusted && d.tmpl.IsCA {
		r.constrain(&d.tmpl)
	}
	signer := d.key
	if d.issuer != nil {
		signer = d.issuer.key
	}
	d.tmpl.SignatureAlgorithm, err = signatureWith(c.Hash, signer)
	return err
}

// constrain lets a root certify what the lab's own may, and the names of the outline.
func (r *outliner) constrain(root *x509.Certificate) {
	own := slices.IndexFunc(root.ExtraExtensions, func(e pkix.Extension) bool { return e.Id.Equal(nameConstraints) })
	var value []byte
	if own >= 0 {
		value = root.ExtraExtensions[own].Value
		root.ExtraExtensions = slices.Delete(root.ExtraExtensions, own, own+1)
	}
	r.a.constrainAlike(root)
	root.PermittedDNSDomains, root.PermittedIPRanges = slices.Clone(root.PermittedDNSDomains), slices.Clone(root.PermittedIPRanges)
	root.PermittedEmailAddresses, root.PermittedURIDomains = slices.Clone(root.PermittedEmailAddresses), slices.Clone(root.PermittedURIDomains)
	for _, h := range r.outline.hosts() {
		kind, h, _ := strings.Cut(h, " ")
		ip := net.ParseIP(h)
		switch {
		case kind == "mail":
			root.PermittedEmailAddresses = append(root.PermittedEmailAddresses, h)
		case kind == "uri":
			root.PermittedURIDomains = append(root.PermittedURIDomains, h)
		case ip == nil:
			root.PermittedDNSDomains = append(root.PermittedDNSDomains, h)
		case ip.To4() != nil:
			root.PermittedIPRanges = append(root.PermittedIPRanges, &net.IPNet{IP: ip.To4(), Mask: net.CIDRMask(32, 32)})
		default:
			root.PermittedIPRanges = append(root.PermittedIPRanges, &net.IPNet{IP: ip, Mask: net.CIDRMask(128, 128)})
		}
	}
	if own >= 0 {
		narrow(root, value)
	}
	if len(root.ExtKeyUsage)+len(root.UnknownExtKeyUsage) == 0 {
		root.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
}

// Beyond returns those names of an outline that no root of it can be allowed to certify, because they
// are none: a client that holds a root to its name constraints refuses them for that.
func (o Outline) Beyond() []string {
	var out []string
	for _, c := range o.Certificates {
		for _, n := range c.Names {
			if host, _ := hostOf(n); isASCII(n) && net.ParseIP(host) == nil && !plainName.MatchString(host) && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// Certifiable returns the DNS names and addresses of the first certificate of an outline for which a CA
// would have to be allowed to issue it anew.
func (o Outline) Certifiable() []string {
	if o.IsZero() || len(o.Certificates) == 0 {
		return nil
	}
	beyond := o.Beyond()
	return slices.DeleteFunc(slices.Clone(o.Certificates[0].Names), func(n string) bool {
		_, kind := hostOf(n)
		return kind != "dns" || !isASCII(n) || slices.Contains(beyond, n)
	})
}

// hostOf returns what a name is below, and its kind: dns, mail or uri.
func hostOf(name string) (host, kind string) {
	if u, err := url.Parse(name); err == nil && strings.Contains(name, "://") {
		return u.Hostname(), "uri"
	}
	if _, domain, ok := strings.Cut(name, "@"); ok {
		return domain, "mail"
	}
	return strings.TrimPrefix(name, "*."), "dns"
}

// hosts returns what the names of an outline are below, each with its kind: dns, mail or uri. What
// could be no name constraint is left out.
func (o Outline) hosts() []string {
	var out []string
	for _, c := range o.Certificates {
		for _, n := range c.Names {
			host, kind := hostOf(n)
			if net.ParseIP(host) == nil && !plainName.MatchString(host) {
				continue
			}
			if h := kind + " " + strings.ToLower(host); !slices.Contains(out, h) {
				out = append(out, h)
			}
		}
	}
	slices.Sort(out)
	return out
}

// outlineNames sorts names into the kinds of the SAN.
func (d *draft) outlineNames(names []string) {
	beyond := slices.ContainsFunc(names, func(n string) bool { return !isASCII(n) })
	for _, n := range names {
		ip := net.ParseIP(n)
		u, err := url.Parse(n)
		switch {
		case ip != nil:
			d.tmpl.IPAddresses = append(d.tmpl.IPAddresses, ip)
		case strings.Contains(n, "://") && err == nil:
			d.tmpl.URIs = append(d.tmpl.URIs, u)
		case strings.Contains(n, "@"):
			d.tmpl.EmailAddresses = append(d.tmpl.EmailAddresses, n)
		case beyond:
			d.uLabels = append(d.uLabels, n)
		default:
			d.tmpl.DNSNames = append(d.tmpl.DNSNames, n)
		}
	}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

// asItIs has the draft be a certificate of somebody else. What it would say if it were issued anew is
// what it says now, as far as it can be read.
func (d *draft) asItIs(raw []byte, a *Authority) {
	d.raw, d.exact = raw, true
	if c, err := x509.ParseCertificate(raw); err == nil {
		d.cert, d.tmpl = c, *c
		d.tmpl.Raw, d.tmpl.ExtraExtensions, d.tmpl.SerialNumber = nil, nil, nil
		d.tmpl.SignatureAlgorithm, d.tmpl.SubjectKeyId = 0, nil
		return
	}
	d.cert = &x509.Certificate{Raw: raw}
	d.tmpl = a.leafDraft(DefaultHost, nil, d.key, nil).tmpl
}

// key returns the key of a certificate of the outline.
func (r *outliner) key(c Certificate) (crypto.Signer, error) {
	for c.KeyOf != "" {
		c = r.outline.Certificates[r.outline.at(c.KeyOf)]
	}
	if key, ok := r.keys[c.ID]; ok {
		return key, nil
	}
	slot := r.slot(c.ID)
	key, err := crypto.Signer(nil), error(nil)
	if slot != "" {
		key = r.a.outlineKeys[slot]
	}
	if key == nil {
		if key, err = r.made(c); err != nil {
			return nil, err
		}
	}
	r.keys[c.ID] = key
	if slot != "" {
		if r.a.outlineKeys == nil {
			r.a.outlineKeys = map[string]crypto.Signer{}
		}
		r.a.outlineKeys[slot] = key
	}
	return key, nil
}

// made makes a key. Those of RSA take long: the leaves of a run share one of each size, as those
// of the faults do.
func (r *outliner) made(c Certificate) (crypto.Signer, error) {
	kind := c.Key
	if c.ID == r.outline.Certificates[0].ID && len(c.Raw) > 0 { // of the others nobody shows a key
		kind = keyLike(c.Raw)
	}
	curves := map[string]elliptic.Curve{"p224": elliptic.P224(), "": elliptic.P256(), "p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()}
	if curve, ok := curves[kind]; ok {
		return ecdsa.GenerateKey(curve, rand.Reader)
	}
	if kind == "ed25519" {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	bits, err := strconv.Atoi(strings.TrimPrefix(kind, "rsa-"))
	if err != nil {
		return nil, fmt.Errorf("there is no kind of key %q", kind)
	}
	if strings.Contains(c.BasicConstraints, "TRUE") || c.Issuer == "" {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, fmt.Errorf("cannot make an RSA key of %d bits: %w", bits, err)
		}
		return key, nil
	}
	return r.a.rsaKey(bits)
}

// keyLike returns the kind of the key of a certificate of somebody else, of which another is made: a
// handshake then fails for the key alone.
func keyLike(raw []byte) string {
	c, err := x509.ParseCertificate(raw)
	if err != nil {
		return ""
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return "rsa-2048"
	case *ecdsa.PublicKey:
		return strings.ToLower(strings.Replace(key.Params().Name, "-", "", 1))
	case ed25519.PublicKey:
		return "ed25519"
	}
	return ""
}

// signatureWith returns the algorithm for a hash and the issuer's key, 0 for what suits it. MD5 and
// SHA-1 are the draft's own matter.
func signatureWith(hash string, signer crypto.Signer) (x509.SignatureAlgorithm, error) {
	var found x509.SignatureAlgorithm
	switch signer.Public().(type) {
	case *rsa.PublicKey:
		found = map[string]x509.SignatureAlgorithm{
			"sha256": x509.SHA256WithRSA, "sha384": x509.SHA384WithRSA, "sha512": x509.SHA512WithRSA,
			"sha256-pss": x509.SHA256WithRSAPSS, "sha384-pss": x509.SHA384WithRSAPSS, "sha512-pss": x509.SHA512WithRSAPSS,
		}[hash]
	case *ecdsa.PublicKey:
		found = map[string]x509.SignatureAlgorithm{"sha256": x509.ECDSAWithSHA256, "sha384": x509.ECDSAWithSHA384, "sha512": x509.ECDSAWithSHA512}[hash]
	}
	if found == 0 && hash != "" && hash != "sha1" && hash != "md5" {
		return 0, fmt.Errorf("the issuer's key makes no signature with %s", hash)
	}
	return found, nil
}

// distinguished returns a subject, its attributes in their order.
func distinguished(attributes []string) pkix.Name {
	var out pkix.Name
	for _, a := range attributes {
		kind, value, _ := strings.Cut(a, "=")
		switch {
		case kind == "CN" && out.CommonName == "":
			out.CommonName = value
		case kind == "O":
			out.Organization = append(out.Organization, value)
		}
		id, ok := attributeTypes()[kind]
		if !ok {
			id = number(kind)
		}
		attribute := pkix.AttributeTypeAndValue{Type: id, Value: value}
		if kind == "DC" || kind == "E" {
			attribute.Value = asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(value)}
		}
		out.ExtraNames = append(out.ExtraNames, attribute)
	}
	return out
}

// setCommonName gives the subject another Common Name, at the place of the old one where the order of
// its attributes is kept.
func (d *draft) setCommonName(name string) {
	subject := &d.tmpl.Subject
	subject.CommonName = name
	at := slices.IndexFunc(subject.ExtraNames, func(a pkix.AttributeTypeAndValue) bool { return a.Type.Equal(attributeTypes()["CN"]) })
	if at >= 0 {
		subject.ExtraNames = slices.Clone(subject.ExtraNames)
		subject.ExtraNames[at].Value = name
	}
}
