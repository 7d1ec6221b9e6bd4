package chain

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"

	// Hashes that a signature is verified with.
	_ "crypto/md5"
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"

	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// A scheme is a way of signing.
type scheme int

const (
	unjudged scheme = iota // known, and not by the standard library
	pkcs1v15
	pss
	ecdsaASN1
	pureEd25519
)

// A signing is a signature algorithm, by its object identifier.
type signing struct {
	oid    string
	name   string
	scheme scheme
	hash   crypto.Hash // 0 where the scheme has none, or the library has not
	broken bool        // its hash is: RFC 6149 and 6150 for MD2 and MD4, RFC 6151 for MD5, RFC 9155 for SHA-1
}

var (
	oidRSA = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
)

// signings are the algorithms that certificates are signed with: RFC 3279, 4055, 5758, 8410, 8692,
// 9215, 9881 and 9909, GB/T 33560, and what was in use before them.
func signings() []signing {
	return []signing{
		{"1.2.840.113549.1.1.2", "MD2 with RSA", pkcs1v15, 0, true},
		{"1.2.840.113549.1.1.3", "MD4 with RSA", pkcs1v15, 0, true},
		{"1.2.840.113549.1.1.4", "MD5-RSA", pkcs1v15, crypto.MD5, true},
		{"1.3.14.3.2.2", "MD4 with RSA", pkcs1v15, 0, true},
		{"1.3.14.3.2.3", "MD5-RSA", pkcs1v15, crypto.MD5, true},
		{"1.3.14.3.2.4", "MD4 with RSA", pkcs1v15, 0, true},
		{"1.3.14.3.2.15", "SHA-0 with RSA", pkcs1v15, 0, true},
		{"1.2.840.113549.1.1.5", "SHA1-RSA", pkcs1v15, crypto.SHA1, true},
		{"1.3.14.3.2.29", "SHA1-RSA", pkcs1v15, crypto.SHA1, true},
		{"1.2.840.113549.1.1.14", "SHA224-RSA", pkcs1v15, crypto.SHA224, false},
		{"1.2.840.113549.1.1.11", "SHA256-RSA", pkcs1v15, crypto.SHA256, false},
		{"1.2.840.113549.1.1.12", "SHA384-RSA", pkcs1v15, crypto.SHA384, false},
		{"1.2.840.113549.1.1.13", "SHA512-RSA", pkcs1v15, crypto.SHA512, false},
		{"1.2.840.113549.1.1.15", "SHA512/224-RSA", pkcs1v15, crypto.SHA512_224, false},
		{"1.2.840.113549.1.1.16", "SHA512/256-RSA", pkcs1v15, crypto.SHA512_256, false},
		{"1.3.36.3.3.1.2", "RIPEMD-160 with RSA", unjudged, 0, false},
		{"1.2.840.113549.1.1.10", "RSA-PSS", pss, 0, false},
		{"1.2.840.10045.4.1", "ECDSA-SHA1", ecdsaASN1, crypto.SHA1, true},
		{"1.2.840.10045.4.3.1", "ECDSA-SHA224", ecdsaASN1, crypto.SHA224, false},
		{"1.2.840.10045.4.3.2", "ECDSA-SHA256", ecdsaASN1, crypto.SHA256, false},
		{"1.2.840.10045.4.3.3", "ECDSA-SHA384", ecdsaASN1, crypto.SHA384, false},
		{"1.2.840.10045.4.3.4", "ECDSA-SHA512", ecdsaASN1, crypto.SHA512, false},
		{"1.3.101.112", "Ed25519", pureEd25519, 0, false},
		{"1.2.840.10040.4.3", "DSA-SHA1", unjudged, 0, true},
		{"1.3.14.3.2.27", "DSA-SHA1", unjudged, 0, true},
		{"2.16.840.1.101.3.4.3.1", "DSA-SHA224", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.2", "DSA-SHA256", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.3", "DSA-SHA384", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.4", "DSA-SHA512", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.9", "ECDSA-SHA3-224", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.10", "ECDSA-SHA3-256", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.11", "ECDSA-SHA3-384", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.12", "ECDSA-SHA3-512", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.13", "SHA3-224 with RSA", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.14", "SHA3-256 with RSA", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.15", "SHA3-384 with RSA", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.16", "SHA3-512 with RSA", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.17", "ML-DSA-44", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.18", "ML-DSA-65", unjudged, 0, false},
		{"2.16.840.1.101.3.4.3.19", "ML-DSA-87", unjudged, 0, false},
		{"1.3.101.113", "Ed448", unjudged, 0, false},
		{"1.2.643.2.2.3", "GOST R 34.10-2001", unjudged, 0, false},
		{"1.2.643.2.2.4", "GOST R 34.10-94", unjudged, 0, false},
		{"1.2.643.7.1.1.3.2", "GOST R 34.10-2012 (256 bits)", unjudged, 0, false},
		{"1.2.643.7.1.1.3.3", "GOST R 34.10-2012 (512 bits)", unjudged, 0, false},
		{"1.2.156.10197.1.501", "SM2 with SM3", unjudged, 0, false},
	}
}

// foreignKey names a kind of key that is known and that crypto/x509 does not use, by its object
// identifier, or by that of its curve; "" for others.
func foreignKey(oid asn1.ObjectIdentifier) string {
	id := oid.String()
	for _, k := range []struct{ oid, name string }{
		{"1.2.840.10040.4.1", "DSA"}, {"1.3.14.3.2.12", "DSA"},
		{"1.3.101.113", "Ed448"}, {"1.3.101.111", "X448"}, {"1.3.101.110", "X25519"},
		{"1.2.840.113549.1.1.10", "RSA-PSS alone"},
		{"1.2.643.2.2.19", "GOST R 34.10-2001"}, {"1.2.643.2.2.20", "GOST R 34.10-94"},
		{"1.2.643.7.1.1.1.1", "GOST R 34.10-2012"}, {"1.2.643.7.1.1.1.2", "GOST R 34.10-2012"},
		{"1.2.156.10197.1.301", "SM2"},
		{"1.3.132.0.10", "the curve secp256k1"},
		{"2.16.840.1.101.3.4.3.17", "ML-DSA"}, {"2.16.840.1.101.3.4.3.18", "ML-DSA"}, {"2.16.840.1.101.3.4.3.19", "ML-DSA"},
	} {
		if k.oid == id {
			return k.name
		}
	}
	switch {
	case id == "1.3.132.0.33" || id == "1.3.132.0.34" || id == "1.3.132.0.35":
		return "" // P-224, P-384 and P-521
	case strings.HasPrefix(id, "1.3.36.3.3.2.8.1.1."):
		return "a Brainpool curve"
	case strings.HasPrefix(id, "1.3.132.0."):
		return "a curve of SEC 2 that nobody uses"
	}
	return ""
}

// signingOf returns the algorithm that c is signed with, and its parameters; false for one that
// is in no table.
func signingOf(c *x509.Certificate) (signing, asn1.RawValue, bool) {
	parts := inside(c.Raw, 3)
	if len(parts) < 2 {
		return signing{}, asn1.RawValue{}, false
	}
	var ai pkix.AlgorithmIdentifier
	if _, err := asn1.Unmarshal(parts[1].FullBytes, &ai); err != nil {
		return signing{}, asn1.RawValue{}, false
	}
	id := ai.Algorithm.String()
	for _, s := range signings() {
		if s.oid == id {
			return s, ai.Parameters, true
		}
	}
	return signing{oid: id, name: "the algorithm " + id}, ai.Parameters, false
}

// signedWith names the algorithm that c is signed with.
func signedWith(c *x509.Certificate) string {
	if c.SignatureAlgorithm != x509.UnknownSignatureAlgorithm {
		return c.SignatureAlgorithm.String()
	}
	s, _, _ := signingOf(c)
	return s.name
}

// outdated reports whether c is signed with a hash that clients no longer accept.
func outdated(c *x509.Certificate) bool {
	switch c.SignatureAlgorithm {
	case x509.UnknownSignatureAlgorithm:
		s, params, _ := signingOf(c)
		if s.scheme == pss {
			p, ok := pssOf(params)
			return ok && p.hash == crypto.SHA1
		}
		return s.broken
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}

// keyOf returns the public key of c, with those that crypto/x509 leaves out and crypto/rsa knows.
func keyOf(c *x509.Certificate) crypto.PublicKey {
	if c.PublicKey != nil || c.PublicKeyAlgorithm != x509.UnknownPublicKeyAlgorithm {
		return c.PublicKey
	}
	if key := plainRSA(c.RawSubjectPublicKeyInfo); key != nil {
		return key
	}
	return nil
}

// publicKeyInfo is SubjectPublicKeyInfo of RFC 5280 section 4.1.
type publicKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Key       asn1.BitString
}

// plainRSA returns the key of a SubjectPublicKeyInfo for RSA, or for RSASSA-PSS alone, whatever its
// parameters are; nil for others, and for one that is no RSA key.
func plainRSA(spki []byte) *rsa.PublicKey {
	var info publicKeyInfo
	if rest, err := asn1.Unmarshal(spki, &info); err != nil || len(rest) > 0 {
		return nil
	}
	if !info.Algorithm.Algorithm.Equal(oidRSA) && !info.Algorithm.Algorithm.Equal(oidPSS) {
		return nil
	}
	key, err := x509.ParsePKCS1PublicKey(info.Key.Bytes)
	if err != nil || key.N.BitLen() > bound.MaxRSA {
		return nil
	}
	return key
}

// keyKind returns what is known of the kind of key that c has: its name where crypto/x509 does not
// use it, and "" for one that it uses, or that nobody knows.
func keyKind(spki []byte) string {
	var info publicKeyInfo
	if _, err := asn1.Unmarshal(spki, &info); err != nil {
		return ""
	}
	if name := foreignKey(info.Algorithm.Algorithm); name != "" {
		return name
	}
	var curve asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &curve); err != nil {
		return ""
	}
	if smallCurve(curve) > 0 {
		return ""
	}
	return foreignKey(curve)
}

// foreignSignature judges a signature that crypto/x509 does not: by its algorithm, or by the key.
func foreignSignature(child, parent *x509.Certificate) Link {
	s, params, known := signingOf(child)
	if !known || s.scheme == unjudged || unreadableSigning(child) {
		return Unusable
	}
	key := keyOf(parent)
	p := pssParameters{hash: s.hash}
	if s.scheme == pss {
		var ok bool
		if p, ok = pssOf(params); !ok {
			return Unusable
		}
	}
	fits := false
	switch key := key.(type) {
	case *rsa.PublicKey:
		switch {
		case s.scheme != pkcs1v15 && s.scheme != pss || s.scheme == pkcs1v15 && onlyPSS(parent):
			return Broken
		case p.hash == 0:
			return Weak // nobody computes MD2 any more: the hash alone is judged
		case s.scheme == pss && p.foreign:
			return Unusable
		case s.scheme == pss:
			fits = rsa.VerifyPSS(key, p.hash, digest(p.hash, child), child.Signature, &rsa.PSSOptions{SaltLength: p.salt}) == nil
		default:
			fits = rsa.VerifyPKCS1v15(key, p.hash, digest(p.hash, child), child.Signature) == nil
		}
	case *ecdsa.PublicKey:
		if s.scheme != ecdsaASN1 {
			return Broken
		}
		fits = ecdsa.VerifyASN1(key, digest(p.hash, child), child.Signature)
	case ed25519.PublicKey:
		if s.scheme != pureEd25519 {
			return Broken
		}
		fits = ed25519.Verify(key, child.RawTBSCertificate, child.Signature)
	default:
		return Unusable
	}
	switch {
	case !fits:
		return Broken
	case s.broken || p.hash == crypto.SHA1:
		return Weak
	}
	return Foreign
}

func digest(h crypto.Hash, c *x509.Certificate) []byte {
	w := h.New()
	w.Write(c.RawTBSCertificate)
	return w.Sum(nil)
}

// onlyPSS reports whether the key of c may make no other signatures (RFC 4055 section 1.2).
func onlyPSS(c *x509.Certificate) bool {
	var info publicKeyInfo
	_, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info)
	return err == nil && info.Algorithm.Algorithm.Equal(oidPSS)
}

// pssParameters are those of RSASSA-PSS (RFC 4055 section 3.1), as far as crypto/rsa can follow.
type pssParameters struct {
	hash    crypto.Hash
	salt    int
	foreign bool // another hash in the mask, which crypto/rsa does not take
}

// pssOf reads the parameters of RSASSA-PSS, with what they leave out: SHA-1, and 20 bytes of salt.
func pssOf(params asn1.RawValue) (pssParameters, bool) {
	var raw struct {
		Hash    pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:0"`
		MGF     pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:1"`
		Salt    int                      `asn1:"optional,explicit,tag:2,default:20"`
		Trailer int                      `asn1:"optional,explicit,tag:3,default:1"`
	}
	if rest, err := asn1.Unmarshal(params.FullBytes, &raw); err != nil || len(rest) > 0 || raw.Salt < 0 || raw.Trailer != 1 {
		return pssParameters{}, false
	}
	hash, ok := hashCalled(raw.Hash.Algorithm)
	if !ok {
		return pssParameters{}, false
	}
	mask := asn1.ObjectIdentifier(nil)
	if raw.MGF.Algorithm != nil {
		var ai pkix.AlgorithmIdentifier
		if _, err := asn1.Unmarshal(raw.MGF.Parameters.FullBytes, &ai); err != nil || !raw.MGF.Algorithm.Equal(oidMGF) {
			return pssParameters{}, false
		}
		mask = ai.Algorithm
	}
	maskHash, ok := hashCalled(mask)
	return pssParameters{hash: hash, salt: raw.Salt, foreign: !ok || maskHash != hash}, true
}

// hashCalled returns a hash by its object identifier; none means SHA-1, as in RFC 4055.
func hashCalled(oid asn1.ObjectIdentifier) (crypto.Hash, bool) {
	if oid == nil {
		return crypto.SHA1, true
	}
	h, ok := map[string]crypto.Hash{
		"1.3.14.3.2.26":          crypto.SHA1,
		"2.16.840.1.101.3.4.2.4": crypto.SHA224, "2.16.840.1.101.3.4.2.1": crypto.SHA256,
		"2.16.840.1.101.3.4.2.2": crypto.SHA384, "2.16.840.1.101.3.4.2.3": crypto.SHA512,
		"2.16.840.1.101.3.4.2.5": crypto.SHA512_224, "2.16.840.1.101.3.4.2.6": crypto.SHA512_256,
	}[oid.String()]
	return h, ok
}

// unreadableSigning reports whether the algorithm that c is signed with is a known one, and its
// parameters are none that it has.
func unreadableSigning(c *x509.Certificate) bool {
	s, params, _ := signingOf(c)
	switch s.scheme {
	case pss:
		_, ok := pssOf(params)
		return !ok
	case pureEd25519:
		return c.SignatureAlgorithm == x509.UnknownSignatureAlgorithm // RFC 8410 section 3: there are none
	}
	return false
}

// judgedKey reports whether crypto/x509 verifies with this kind of key.
func judgedKey(key crypto.PublicKey) bool {
	switch key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}
