package certs

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/certs/internal/der"
)

const day = 24 * time.Hour

func days(n int) time.Duration { return time.Duration(n) * day }

// A draft is a certificate before and after it is signed. A signed draft is never changed.
type draft struct {
	tmpl    x509.Certificate
	key     crypto.Signer
	issuer  *draft // nil signs itself
	sha1    bool   // signed with SHA-1
	md5     bool   // signed with MD5, by an issuer with an RSA key
	corrupt bool   // the signature is damaged afterwards
	exact   bool   // it is somebody else's, and sent as it is: key is not the certificate's
	status  status // what is said of its revocation, and where

	uLabels []string // the only names of the SAN, in UTF-8, which crypto/x509 neither writes nor reads

	raw  []byte            // once signed
	cert *x509.Certificate // the same, parsed

	documents []Document // what the CA publishes about it
	staple    []byte     // what the server staples to it
}

// clone returns an unsigned copy.
func (d *draft) clone() *draft {
	c := *d
	c.raw, c.cert, c.documents, c.staple, c.exact = nil, nil, nil, nil, false
	return &c
}

// sign finishes the draft, and those it depends on.
func (d *draft) sign() error {
	if d.cert != nil {
		return nil
	}
	parent, signer := &d.tmpl, d.key
	if d.issuer != nil {
		if err := d.issuer.sign(); err != nil {
			return err
		}
		parent, signer = d.issuer.cert, d.issuer.key
	}
	tmpl := d.tmpl
	if tmpl.SerialNumber == nil {
		serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
		if err != nil {
			return err
		}
		tmpl.SerialNumber = serial
	}
	if tmpl.SubjectKeyId == nil { // nobody chose one
		id, err := keyID(d.key)
		if err != nil {
			return err
		}
		tmpl.SubjectKeyId = id
	}
	d.status.address(&tmpl)
	if d.issuer == nil {
		parent = &tmpl
	}
	if d.sha1 {
		algorithm, err := sha1With(signer)
		if tmpl.SignatureAlgorithm = algorithm; err != nil {
			return err
		}
	}
	if len(d.uLabels) > 0 {
		if err := writeRaw(&tmpl, d.uLabels); err != nil {
			return err
		}
	}
	raw, err := x509.CreateCertificate(rand.Reader, &tmpl, parent, d.key.Public(), signer)
	if err == nil && d.md5 {
		raw, err = der.SignMD5(raw, signer)
	}
	if err != nil {
		return fmt.Errorf("cannot sign the certificate of %s: %w", tmpl.Subject.CommonName, err)
	}
	if d.corrupt {
		raw = der.FlipSignature(raw)
	}
	if d.cert, err = readBack(raw, d.uLabels); err != nil {
		return fmt.Errorf("cannot read back the certificate of %s: %w", tmpl.Subject.CommonName, err)
	}
	d.raw = raw
	return d.speak()
}

// writeRaw has the SAN hold these names byte for byte.
func writeRaw(tmpl *x509.Certificate, names []string) error {
	san, err := der.SAN(names)
	if err != nil {
		return err
	}
	tmpl.DNSNames, tmpl.IPAddresses = nil, nil
	tmpl.ExtraExtensions = slices.Concat(tmpl.ExtraExtensions, []pkix.Extension{san})
	return nil
}

// readBack parses a certificate. One with names in UTF-8 is parsed with other letters in their
// place, and then given back the bytes and the names that it has.
func readBack(raw []byte, uLabels []string) (*x509.Certificate, error) {
	if len(uLabels) == 0 {
		return x509.ParseCertificate(raw)
	}
	c, err := x509.ParseCertificate(der.Masked(raw, uLabels))
	if err != nil {
		return nil, err
	}
	at := bytes.Index(c.Raw, c.RawTBSCertificate)
	c.Raw, c.RawTBSCertificate, c.DNSNames = raw, raw[at:at+len(c.RawTBSCertificate)], slices.Clone(uLabels)
	return c, nil
}

func sha1With(signer crypto.Signer) (x509.SignatureAlgorithm, error) {
	switch signer.Public().(type) {
	case *ecdsa.PublicKey:
		return x509.ECDSAWithSHA1, nil
	case *rsa.PublicKey:
		return x509.SHA1WithRSA, nil
	}
	return 0, fmt.Errorf("a SHA-1 signature needs an issuer with an ECDSA or RSA key, not %T", signer.Public())
}

// keyID is a subject key identifier by RFC 7093 section 2, method 1.
func keyID(key crypto.Signer) ([]byte, error) {
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(spki)
	return sum[:20], nil
}

func newKey() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// caDraft returns a CA certificate whose window holds every healthy one. It may issue for servers
// alone, so that whoever trusts the lab trusts it with nothing else.
func caDraft(subject pkix.Name, key crypto.Signer, issuer *draft, now time.Time) *draft {
	return &draft{key: key, issuer: issuer, tmpl: x509.Certificate{
		Subject:               subject,
		NotBefore:             now.AddDate(-3, 0, 0),
		NotAfter:              now.Add(90 * day),
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            -1,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}}
}

// leafDraft returns a healthy server certificate for host, and for what tools need that cannot
// map names: *.lab.test, localhost and the loopback addresses.
func (a *Authority) leafDraft(host string, more []string, key crypto.Signer, issuer *draft) *draft {
	from, until := a.window()
	d := &draft{key: key, issuer: issuer, tmpl: x509.Certificate{
		NotBefore:             from,
		NotAfter:              until,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}}
	d.setNames(append([]string{host, "*.lab.test", "localhost", "127.0.0.1", "::1"}, more...))
	return d
}

// setNames makes the draft for exactly these names, the first also as Common Name; the rest of
// the subject stays. A name is listed once, however often it is given. An address gets words around it as Common Name:
// OpenSSL holds what looks like a host name there against the root's name constraints.
func (d *draft) setNames(names []string) {
	d.setCommonName(names[0])
	if net.ParseIP(names[0]) != nil {
		d.setCommonName("server at " + names[0])
	}
	d.tmpl.DNSNames, d.tmpl.IPAddresses, d.uLabels = nil, nil, nil
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] {
			continue
		}
		seen[n] = true
		if ip := net.ParseIP(n); ip != nil {
			d.tmpl.IPAddresses = append(d.tmpl.IPAddresses, ip)
		} else {
			d.tmpl.DNSNames = append(d.tmpl.DNSNames, n)
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
