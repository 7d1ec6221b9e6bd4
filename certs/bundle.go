package certs

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
)

// A Bundle is what a server presents: a chain and a private key. It is never changed; what
// changes it returns another.
type Bundle struct {
	// Chain are the certificates as sent, the leaf first.
	Chain []*x509.Certificate
	// Raw is the same as it goes over the wire, DER.
	Raw [][]byte

	leaf   *draft
	key    crypto.Signer       // of the handshake; the leaf's unless that is the fault
	trusts []*x509.Certificate // of its outline
}

func newBundle(leaf *draft, key crypto.Signer, rest []*x509.Certificate) *Bundle {
	b := &Bundle{leaf: leaf, key: key, Chain: append([]*x509.Certificate{leaf.cert}, rest...)}
	for _, c := range b.Chain {
		b.Raw = append(b.Raw, c.Raw)
	}
	return b
}

// Trusts returns the certificates of the outline that clients trust; none where there is no outline.
func (b *Bundle) Trusts() []*x509.Certificate { return b.trusts }

// Leaf returns the server's certificate.
func (b *Bundle) Leaf() *x509.Certificate { return b.Chain[0] }

// TLS returns the bundle for crypto/tls. It is filled by hand, because tls.X509KeyPair would
// refuse a key that does not match.
func (b *Bundle) TLS() tls.Certificate {
	return tls.Certificate{Certificate: b.Raw, PrivateKey: b.key, OCSPStaple: b.leaf.staple}
}

// PEM returns the chain as sent, and the key in PKCS #8 form.
func (b *Bundle) PEM() (chain, key []byte, err error) {
	var out bytes.Buffer
	for _, raw := range b.Raw {
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: raw}); err != nil {
			return nil, nil, err
		}
	}
	der, err := x509.MarshalPKCS8PrivateKey(b.key)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot write the private key: %w", err)
	}
	return out.Bytes(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// A Change is what to alter about a certificate that is issued anew. Everything else stays as
// it is, faults included.
type Change struct {
	Dates      bool     // a fresh window
	Names      []string // exactly these names
	Trusted    bool     // issued by the authority's intermediate, which is sent with it
	StrongKey  bool     // a new P-256 key, in the certificate and in the handshake
	ServerAuth bool     // key usage digitalSignature; extended key usage serverAuth, and no other
	EndEntity  bool     // basic constraints CA:FALSE
	Signature  bool     // an undamaged signature with SHA-256, and no extension that clients do not know
	MatchKey   bool     // the handshake uses the certificate's own key
	Revocation bool     // what it names as CRL and OCSP responder answers, and is up to date
}

// Reissue issues the leaf of b anew with one or more changes, by the same issuer unless Trusted
// says otherwise.
func (a *Authority) Reissue(b *Bundle, c Change) (*Bundle, error) {
	if b == nil || b.leaf == nil {
		return nil, errors.New("cannot reissue a bundle that no authority built")
	}
	d := b.leaf.clone()
	if b.leaf.exact { // nobody here has its issuer's key
		c.Trusted, c.MatchKey = true, true
	}
	key, rest := b.key, b.Chain[1:]
	if c.Dates {
		d.tmpl.NotBefore, d.tmpl.NotAfter = a.window()
	}
	if len(c.Names) > 0 {
		if slices.Contains(c.Names, "") {
			return nil, errors.New("cannot reissue for an empty name")
		}
		d.setNames(c.Names)
	}
	if c.Trusted {
		d.issuer, rest = a.intermediate, []*x509.Certificate{a.intermediate.cert}
		d.tmpl.IssuingCertificateURL, d.tmpl.SignatureAlgorithm = nil, 0
		d.md5 = false // that CA's key is not RSA, and cannot sign so
	}
	if c.StrongKey {
		strong, err := newKey()
		if err != nil {
			return nil, err
		}
		// Who makes a new key installs it, so this cures a key that did not match too.
		d.key, key = strong, strong
		d.status.revoked = false
		d.tmpl.KeyUsage &^= x509.KeyUsageKeyEncipherment
	}
	if c.ServerAuth {
		d.tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		d.tmpl.KeyUsage |= x509.KeyUsageDigitalSignature
	}
	if c.EndEntity {
		d.tmpl.IsCA, d.tmpl.MaxPathLen = false, 0
		d.tmpl.KeyUsage &^= x509.KeyUsageCertSign
	}
	if c.Signature {
		d.sha1, d.md5, d.corrupt = false, false, false
		d.tmpl.ExtraExtensions, d.tmpl.SignatureAlgorithm = nil, 0
	}
	if c.Revocation {
		d.status = d.status.repaired()
	}
	if c.MatchKey {
		key = d.key
	}
	if err := d.sign(); err != nil {
		return nil, err
	}
	return newBundle(d, key, rest), nil
}

// WithIntermediate returns the bundle with one more certificate (DER) sent after the leaf.
func (b *Bundle) WithIntermediate(der []byte) (*Bundle, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("the intermediate to send cannot be read: %w", err)
	}
	return newBundle(b.leaf, b.key, append([]*x509.Certificate{c}, b.Chain[1:]...)), nil
}

// Sorted returns the bundle with the leaf first, then each issuer that was sent, and nothing
// else: no strangers, no root.
func (b *Bundle) Sorted() *Bundle {
	var rest []*x509.Certificate
	for top := b.Leaf(); ; {
		next := issuerAmong(b.Chain[1:], top)
		if next == nil || bytes.Equal(next.RawSubject, next.RawIssuer) || slices.ContainsFunc(rest, next.Equal) {
			return newBundle(b.leaf, b.key, rest)
		}
		rest = append(rest, next)
		top = next
	}
}

// WithoutCross returns the bundle without certificates that another CA issued for the name and
// key of one of these roots: a client that has the root needs none.
func (b *Bundle) WithoutCross(roots []*x509.Certificate) *Bundle {
	rest := slices.DeleteFunc(slices.Clone(b.Chain[1:]), func(c *x509.Certificate) bool {
		return !bytes.Equal(c.RawSubject, c.RawIssuer) && slices.ContainsFunc(roots, func(root *x509.Certificate) bool {
			return bytes.Equal(c.RawSubject, root.RawSubject) && bytes.Equal(c.RawSubjectPublicKeyInfo, root.RawSubjectPublicKeyInfo)
		})
	})
	return newBundle(b.leaf, b.key, rest)
}

// issuerAmong returns the issuer of child by its signature. Where that cannot tell, because it
// is damaged, uses SHA-1, or the issuer is no CA, the name and the key identifiers do: putting a
// chain in order must not lose a certificate over another fault.
func issuerAmong(certs []*x509.Certificate, child *x509.Certificate) *x509.Certificate {
	var likely *x509.Certificate
	for _, c := range certs {
		if !bytes.Equal(c.RawSubject, child.RawIssuer) {
			continue
		}
		if child.CheckSignatureFrom(c) == nil {
			return c
		}
		if likely == nil && len(c.SubjectKeyId) > 0 && bytes.Equal(c.SubjectKeyId, child.AuthorityKeyId) {
			likely = c
		}
	}
	return likely
}
