package clone

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// mostDrawn is how many certificates of a chain are cloned, and mostMade how many of them with keys of
// the lab's own, unless they are on the path.
const (
	mostDrawn = 30
	mostMade  = 10
)

// A drawing is the work on one chain.
type drawing struct {
	*builder
	sent [][]byte
	path chain.Path

	ders  [][]byte            // all certificates, each once: the leaf, the rest of the path, what else was sent
	certs []*x509.Certificate // the same, nil for one that cannot be read
	names map[int][]string    // of a leaf with names in UTF-8, in place of those that were read
	out   certs.Outline
	ids   []string // of each
}

// outline writes a chain out. It reports whether it could do so with keys of the lab's own; else the
// certificates are served as they are.
func (b *builder) outline(sent [][]byte, path *chain.Path) (out certs.Outline, leaf *x509.Certificate, own bool) {
	d := &drawing{builder: b, sent: sent, names: map[int][]string{}}
	if path != nil {
		d.path = *path
	}
	d.gather()
	leaf = d.certs[0]
	if leaf == nil || b.options.Exact {
		if leaf == nil && !b.options.Exact {
			b.note("The server's certificate cannot be read here, so that its own bytes are served, with the dates of the calendar.")
		}
		return d.exact(), leaf, false
	}
	d.write()
	return d.out, leaf, true
}

// gather lists the certificates that belong to the chain.
func (d *drawing) gather() {
	add := func(der []byte) {
		if slices.ContainsFunc(d.ders, func(other []byte) bool { return bytes.Equal(other, der) }) {
			return
		}
		if len(d.ders) >= mostDrawn {
			d.note("A chain has more than %d certificates, and the rest is left out.", mostDrawn)
			return
		}
		d.ders = append(d.ders, der)
	}
	add(d.sent[0])
	for _, c := range d.path.Certificates {
		add(c.DER)
	}
	for _, der := range d.sent {
		add(der)
	}
	for i, der := range d.ders {
		c, err := bound.Certificate(der)
		if err != nil && i == 0 {
			c, d.names[0] = readUTF8(der)
		}
		d.certs = append(d.certs, c)
	}
	d.identify()
}

// identify gives each certificate an id by its place.
func (d *drawing) identify() {
	count := map[string]int{}
	for i, der := range d.ders {
		word := "stranger"
		at := slices.IndexFunc(d.path.Certificates, func(c chain.Certificate) bool { return bytes.Equal(c.DER, der) })
		switch {
		case i == 0:
			word = "leaf"
		case at >= 0 && at == len(d.path.Certificates)-1 && (d.path.Certificates[at].Anchor || d.certs[i] != nil && selfIssued(d.certs[i])):
			word = "root"
		case at >= 0:
			word = "intermediate"
		}
		if count[word]++; count[word] > 1 {
			word = fmt.Sprintf("%s-%d", word, count[word])
		}
		d.ids = append(d.ids, word)
	}
}

func (d *drawing) idOf(der []byte) string {
	if i := slices.IndexFunc(d.ders, func(other []byte) bool { return bytes.Equal(other, der) }); i >= 0 {
		return d.ids[i]
	}
	return ""
}

// order says what is sent after the leaf.
func (d *drawing) order() {
	const most = 100
	for _, der := range d.sent[1:] {
		if id := d.idOf(der); id != "" && len(d.out.Sent) < most {
			d.out.Sent = append(d.out.Sent, id)
		}
	}
}

// anchor reports whether a certificate is a root that clients trust: others than this device too.
func (d *drawing) anchor(i int) bool {
	for _, p := range d.ports {
		if slices.Contains(p.Settings.MissingRoots, finding.Fingerprint(d.ders[i])) {
			return true
		}
	}
	return slices.ContainsFunc(d.path.Certificates, func(c chain.Certificate) bool { return c.Anchor && bytes.Equal(c.DER, d.ders[i]) })
}

// exact is the chain byte for byte.
func (d *drawing) exact() certs.Outline {
	for i, der := range d.ders {
		d.out.Certificates = append(d.out.Certificates, certs.Certificate{ID: d.ids[i], Raw: der, Trusted: d.anchor(i)})
	}
	d.order()
	return d.out
}

// write writes every certificate out.
func (d *drawing) write() {
	for i, c := range d.certs {
		if c != nil && i >= max(1, len(d.path.Certificates)) && i >= mostMade { // keys take long to make
			d.note("%s belongs to no path and is sent byte for byte: the clone has no more than %d certificates of its own.", quoted(chain.Name(c)), mostMade)
			d.certs[i], c = nil, nil
		}
		if c == nil {
			d.out.Certificates = append(d.out.Certificates, certs.Certificate{ID: d.ids[i], Raw: d.ders[i]})
			continue
		}
		one, lost := certs.Describe(c, d.dates())
		if names := d.names[i]; len(names) > 0 {
			one.Names = names
		}
		if one.ID, one.Trusted = d.ids[i], d.anchor(i); i == 0 {
			one.KeyID = nil // which nothing refers to
		}
		for _, what := range lost {
			d.note("Of the certificate %s the clone does not have %s.", quoted(chain.Name(c)), what)
		}
		d.sameKey(i, &one)
		d.out.Certificates = append(d.out.Certificates, one)
	}
	for i, c := range d.certs {
		if c != nil {
			d.signed(i, c)
		}
	}
	d.order()
	d.limits()
}

// sameKey says that an earlier certificate has the same key.
func (d *drawing) sameKey(i int, one *certs.Certificate) {
	for j, c := range d.certs[:i] {
		if c != nil && bytes.Equal(c.RawSubjectPublicKeyInfo, d.certs[i].RawSubjectPublicKeyInfo) {
			if one.KeyOf, one.Key = d.ids[j], ""; d.out.Certificates[j].KeyOf != "" {
				one.KeyOf = d.out.Certificates[j].KeyOf
			}
			return
		}
	}
}

// signed says who signed the i-th certificate.
func (d *drawing) signed(i int, c *x509.Certificate) {
	one := &d.out.Certificates[i]
	at := slices.IndexFunc(d.path.Certificates, func(p chain.Certificate) bool { return bytes.Equal(p.DER, d.ders[i]) })
	link, above := chain.Link(""), -1
	if at >= 0 && at < len(d.path.Links) && at+1 < len(d.path.Certificates) {
		link = d.path.Links[at]
		above = slices.IndexFunc(d.ders, func(der []byte) bool { return bytes.Equal(der, d.path.Certificates[at+1].DER) })
	}
	switch {
	case above >= 0 && d.certs[above] == nil:
		above = -1
		d.note("The issuer of %s cannot be read here as it is: it is sent byte for byte, and in the clone somebody else of its name has signed.", quoted(chain.Name(c)))
	case link == chain.Sound || link == chain.Weak:
	case link == chain.Broken:
		one.Damaged = true
		if !fits(c, d.certs[above]) {
			one.Hash = ""
		}
	case link != "":
		above = -1
	}
	switch {
	case above >= 0:
		one.Issuer = d.ids[above]
	case selfIssued(c) && link == "":
		one.Damaged = !d.ownSignature(c)
		if one.Damaged && !fits(c, c) {
			one.Hash = ""
		}
	default:
		issuer := d.issuerOf(i, c) // which may add one
		d.out.Certificates[i].Issuer = issuer
	}
}

// ownSignature reports whether a certificate is signed by its own key, as far as anybody can tell.
func (d *drawing) ownSignature(c *x509.Certificate) bool {
	err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	return err == nil || c.SignatureAlgorithm == x509.MD5WithRSA || isInsecure(err)
}

func isInsecure(err error) bool {
	return strings.Contains(err.Error(), "insecure algorithm")
}

// fits reports whether an algorithm is one of the issuer's kind of key.
func fits(c, issuer *x509.Certificate) bool {
	switch issuer.PublicKey.(type) {
	case *rsa.PublicKey:
		return c.SignatureAlgorithm >= x509.MD2WithRSA && c.SignatureAlgorithm <= x509.SHA512WithRSA || c.SignatureAlgorithm >= x509.SHA256WithRSAPSS && c.SignatureAlgorithm <= x509.SHA512WithRSAPSS
	case *ecdsa.PublicKey:
		return c.SignatureAlgorithm >= x509.ECDSAWithSHA1 && c.SignatureAlgorithm <= x509.ECDSAWithSHA512
	case ed25519.PublicKey:
		return c.SignatureAlgorithm == x509.PureEd25519
	}
	return false
}

// below reports whether the j-th certificate hangs on another one.
func (d *drawing) below(j int, id string) bool {
	for range d.ders {
		issuer := d.out.Certificates[j].Issuer
		if issuer == id {
			return true
		}
		next := slices.Index(d.ids, issuer)
		if next < 0 {
			return false
		}
		j = next
	}
	return false
}

// issuerOf returns the one of the chain that signed a certificate, or else an authority that is made up
// for it: it is neither sent nor trusted.
func (d *drawing) issuerOf(i int, c *x509.Certificate) string {
	for j, other := range d.certs {
		if j == i || other == nil || !fits(c, other) || other.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) != nil {
			continue
		}
		switch {
		case !bytes.Equal(other.RawSubject, c.RawIssuer):
			d.note("%s names its issuer in other bytes than %s has; in the clone somebody else of that name has signed it.", quoted(chain.Name(c)), quoted(chain.Name(other)))
		case d.below(j, d.ids[i]):
			d.note("%s and %s have signed each other; in the clone somebody else of that name has signed one of them.", quoted(chain.Name(c)), quoted(chain.Name(other)))
		default:
			return d.ids[j]
		}
	}
	subject, lost := certs.Attributes(c.RawIssuer)
	for range lost {
		d.note("Of the name of the issuer of %s the clone does not have all.", quoted(chain.Name(c)))
	}
	subject = d.others(subject)
	made := certs.Certificate{
		Subject: subject, KeyID: c.AuthorityKeyId, BasicConstraints: "CA:TRUE", KeyUsage: []string{"keyCertSign", "cRLSign"}, Key: signerOf(c),
	}
	n := 1
	for _, other := range d.out.Certificates[len(d.ders):] {
		n++
		if slices.Equal(other.Subject, made.Subject) && bytes.Equal(other.KeyID, made.KeyID) && other.Key == made.Key {
			return other.ID
		}
	}
	if made.ID = "issuer"; n > 1 {
		made.ID = fmt.Sprintf("issuer-%d", n)
	}
	if slices.Contains(d.found(), finding.MissingIntermediate) && d.path.End == chain.Dangling && len(subject) > 0 {
		made.Issuer = "public-root"
	}
	d.out.Certificates = append(d.out.Certificates, made)
	if made.Issuer != "" && !slices.ContainsFunc(d.out.Certificates, func(c certs.Certificate) bool { return c.ID == made.Issuer }) {
		d.note("The issuer of %s is known to be a public one by its name, and its certificate was not had: the clone has one made up, below a root made up.", quoted(chain.Name(c)))
		d.out.Certificates = append(d.out.Certificates, certs.Certificate{
			ID: made.Issuer, Subject: []string{"O=mailtlslab", "CN=Public Root"}, BasicConstraints: "CA:TRUE", KeyUsage: []string{"keyCertSign", "cRLSign"}, Trusted: true,
		})
	}
	return made.ID
}

// others returns the name for an authority that nobody here trusts. One that is called as the lab's root
// would be taken for that with another key, unless that is what was found.
func (d *drawing) others(subject []string) []string {
	if !slices.Equal(subject, []string{"O=mailtlslab", "CN=mailtlslab Root"}) || slices.Contains(d.found(), finding.IssuerKeyMismatch) {
		return subject
	}
	d.note("The root is called mailtlslab Root, as the lab's own is: in the clone it is another lab's.")
	return []string{"O=mailtlslab", "CN=another mailtlslab Root"}
}

// signerOf returns a kind of key that can sign as c is signed.
func signerOf(c *x509.Certificate) string {
	switch {
	case c.SignatureAlgorithm == x509.PureEd25519:
		return "ed25519"
	case c.SignatureAlgorithm >= x509.ECDSAWithSHA1 && c.SignatureAlgorithm <= x509.ECDSAWithSHA512 || c.SignatureAlgorithm == 0:
		return ""
	}
	return "rsa-2048"
}

// certificates clones the chain of a port, and what its CA says of it.
func (b *builder) certificates(p *port) {
	s := &p.service
	sent, path := p.TLS.Chain, p.Path
	if p.has(finding.SNIMissing) {
		if o := b.withName(p); o != nil {
			s.Nameless = b.difference(p, o.TLS.Chain[0], sent[0])
			sent, path = o.TLS.Chain, nil
		}
	}
	if p.TLS.Resumed {
		if o := b.freshly(p); o != nil {
			sent = o.TLS.Chain
		}
	}
	if p.has(finding.Intermittent) {
		sent, path = b.machines(p, sent, path)
	}
	outline, leaf, own := b.outline(sent, b.pathOf(sent, path))
	s.Outline = outline
	s.NotReloaded = p.has(finding.MailServiceNotReloaded)
	if own {
		b.revocation(p, leaf)
		b.fetched(p)
		if p.has(finding.KeyDoesNotMatch) {
			s.Chain = append(s.Chain, certs.WrongKey())
		}
	}
}
