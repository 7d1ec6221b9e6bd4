package der

import (
	"bytes"
	"crypto"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
)

// The end of two object identifiers of one length: sha256WithRSAEncryption (RFC 8017) and
// md5WithRSAEncryption (RFC 8017 appendix A.2.4).
const (
	sha256WithRSA = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
	md5WithRSA    = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"
)

// SignMD5 returns a certificate that an RSA key signed with SHA-256, signed by it with MD5:
// crypto/x509 has not written such signatures since Go 1.16.
func SignMD5(cert []byte, issuer crypto.Signer) ([]byte, error) {
	key, ok := issuer.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("an MD5 signature needs an issuer with an RSA key, not %T", issuer.Public())
	}
	c, err := x509.ParseCertificate(cert)
	if err != nil {
		return nil, err
	}
	if c.SignatureAlgorithm != x509.SHA256WithRSA {
		return nil, fmt.Errorf("the signature is %s and not with SHA-256 and RSA", c.SignatureAlgorithm)
	}
	// The algorithm is told twice, first inside what is signed (RFC 5280 section 4.1.1.2).
	tbs := bytes.Replace(c.RawTBSCertificate, []byte(sha256WithRSA), []byte(md5WithRSA), 1)
	sum := md5.Sum(tbs)
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.MD5, sum[:])
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue
		}
		Signature asn1.BitString
	}{
		TBS: asn1.RawValue{FullBytes: tbs},
		Algorithm: struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue
		}{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}, asn1.NullRawValue},
		Signature: asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
	})
}
