package capture

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
	"software.sslmate.com/src/go-pkcs12"
)

// pki is a chain made for one test: leaf, intermediate, root.
type pki struct {
	key   *ecdsa.PrivateKey // the leaf's
	certs []*x509.Certificate
}

func newPKI(t testing.TB) pki {
	t.Helper()
	var p pki
	var parent *x509.Certificate
	var parentKey *ecdsa.PrivateKey
	for i, name := range []string{"Test Root", "Test CA", "mail.example.test"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		tmpl := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name}, NotBefore: seen, NotAfter: seen.Add(24 * time.Hour),
			BasicConstraintsValid: true, IsCA: i < 2,
		}
		if parent == nil {
			parent, parentKey = tmpl, key
		}
		der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), parentKey)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		p.certs = append([]*x509.Certificate{c}, p.certs...)
		p.key, parent, parentKey = key, c, key
	}
	return p
}

func (p pki) pem() []byte {
	var out bytes.Buffer
	for _, c := range p.certs {
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return out.Bytes()
}

func (p pki) der() []byte {
	var out []byte
	for _, c := range p.certs {
		out = append(out, c.Raw...)
	}
	return out
}

// must returns v; a test that cannot make its input has nothing to say.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func TestRead(t *testing.T) {
	p := newPKI(t)
	bag7 := must(pkcs7.DegenerateCertificate(slices.Concat(p.certs[2].Raw, p.certs[0].Raw, p.certs[1].Raw)))
	bag12 := must(pkcs12.Modern.Encode(p.key, p.certs[0], []*x509.Certificate{p.certs[2], p.certs[1]}, "secret"))
	old12 := must(pkcs12.LegacyDES.Encode(p.key, p.certs[0], p.certs[1:], "secret"))
	store := must(pkcs12.Modern.EncodeTrustStore(p.certs, "secret"))
	key := must(x509.MarshalPKCS8PrivateKey(p.key))
	csr := must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, p.key))
	junk := []byte("Certificate:\n    Data:\n-----\nhello\n")
	for _, c := range []struct {
		name    string
		data    []byte
		form    string
		keys    int
		notRead string
	}{
		{"pem", p.pem(), "PEM", 0, ""},
		{"junk around pem", slices.Concat(junk, p.pem(), junk), "PEM", 0, ""},
		{"windows lines", bytes.ReplaceAll(p.pem(), []byte("\n"), []byte("\r\n")), "PEM", 0, ""},
		{"der", p.der(), "DER", 0, ""},
		{"base64", []byte(base64.StdEncoding.EncodeToString(p.der())), "base64", 0, ""},
		{"pkcs7", bag7, "PKCS #7", 0, ""},
		{"pkcs7 in pem", block("PKCS7", bag7), "PKCS #7", 0, ""},
		{"pkcs12", bag12, "PKCS #12", 1, ""},
		{"pkcs12, older", old12, "PKCS #12", 1, ""},
		{"pkcs12, no key", store, "PKCS #12", 0, ""},
		{"key and pem", slices.Concat(block("PRIVATE KEY", key), p.pem()), "PEM", 1, ""},
		{"request and pem", slices.Concat(p.pem(), block("CERTIFICATE REQUEST", csr)), "PEM", 0, "a certificate request"},
		{"damaged block behind", append(p.pem(), "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"...), "PEM", 0, "is damaged"},
		{"cut off behind", append(p.pem(), "-----BEGIN CERTIFICATE-----\nMIIB\n"...), "PEM", 0, "has no end"},
		{"der cut off behind", append(p.der(), p.certs[0].Raw[:100]...), "DER", 0, "cut off"},
	} {
		got, err := Read(c.data, "secret")
		if err != nil || got.Form != c.form || got.Keys != c.keys || !strings.Contains(strings.Join(got.NotRead, "; "), c.notRead) || c.notRead == "" && len(got.NotRead) > 0 {
			t.Errorf("%s: %v, %s, %d keys, not read %q", c.name, err, got.Form, got.Keys, got.NotRead)
			continue
		}
		for i, cert := range p.certs {
			if len(got.Certificates) != len(p.certs) || !bytes.Equal(got.Certificates[i], cert.Raw) {
				t.Errorf("%s: certificate %d of %d differs", c.name, i, len(got.Certificates))
			}
		}
		if len(got.Sentence()) > 100 {
			t.Errorf("%s: %s", c.name, got.Sentence())
		}
	}
}

func TestReadRefuses(t *testing.T) {
	p := newPKI(t)
	bag12, err := pkcs12.Modern.Encode(p.key, p.certs[0], nil, "secret")
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalECPrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "the file is empty"},
		{"space", []byte(" \r\n"), "the file is empty"},
		{"text", []byte("BEGIN:VCARD"), "neither PEM nor DER"},
		{"cut off der", p.certs[0].Raw[:200], "the file is cut off"},
		{"broken der", []byte{0x30, 0x03, 0x02, 0x05, 0x01}, "there is no certificate in it"},
		{"key alone", block("EC PRIVATE KEY", key), "only a private key; never send that"},
		{"key alone, der", key, "only a private key"},
		{"cut off pem", p.pem()[:200], "has no end"},
		{"too many", bytes.Repeat(p.pem(), 700), "more than 2000 certificates"},
		{"too many, der", bytes.Repeat(p.der(), 700), "more than 2000 certificates"},
		{"too large", make([]byte, MaxFile+1), "larger than 10 MB"},
		{"another password", bag12, "does not open with this password"},
	} {
		if got, err := Read(c.data, "wrong"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %d certificates", c.name, err, len(got.Certificates))
		}
	}
	if _, err := Read(bag12, "wrong"); !errors.Is(err, ErrPassword) {
		t.Errorf("%v", err)
	}
}

// A bag says how often its password is hashed, and must not keep a machine busy by it.
func TestRoundsAreBounded(t *testing.T) {
	salted := func(rounds int) []byte {
		der, err := asn1.Marshal(struct {
			OID    asn1.ObjectIdentifier
			Params struct {
				Salt   []byte
				Rounds int
			}
		}{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 3}, struct {
			Salt   []byte
			Rounds int
		}{[]byte("salt"), rounds}})
		if err != nil {
			t.Fatal(err)
		}
		outer, err := asn1.Marshal([]asn1.RawValue{{FullBytes: []byte{2, 1, 3}}, {Tag: asn1.TagOctetString, Bytes: der}})
		if err != nil {
			t.Fatal(err)
		}
		return outer
	}
	if tooManyRounds(salted(600_000)) || !tooManyRounds(salted(1<<31)) || !tooManyRounds(bytes.Repeat(salted(1_000_000), 4)) {
		t.Error("rounds are not bounded")
	}
	if _, err := Read(salted(1<<31), ""); err == nil || !strings.Contains(err.Error(), "hashed more than") {
		t.Errorf("%v", err)
	}
}

// A certificate that crypto/x509 cannot read is handed on: that is for the diagnosis to say.
func TestReadKeepsWhatCannotBeParsed(t *testing.T) {
	p := newPKI(t)
	got, err := Read(slices.Concat(block("CERTIFICATE", []byte{0x30, 0x00}), block("CERTIFICATE", p.certs[1].Raw)), "")
	if err != nil || len(got.Certificates) != 2 {
		t.Errorf("%v %d", err, len(got.Certificates))
	}
	got, err = Read(slices.Concat(block("CERTIFICATE", p.certs[0].Raw), block("CERTIFICATE", []byte{0x30, 0x00})), "")
	if err != nil || len(got.Certificates) != 2 || len(got.NotRead) != 1 || !strings.Contains(got.NotRead[0], "certificate 2 cannot be read") {
		t.Errorf("%v %q", err, got.NotRead)
	}
}

func TestLeafFirst(t *testing.T) {
	p := newPKI(t)
	a, b, c := p.certs[0].Raw, p.certs[1].Raw, p.certs[2].Raw
	for _, order := range [][][]byte{{a, b, c}, {c, b, a}, {b, a, c}, {c, a, b}} {
		got := LeafFirst(order)
		if !bytes.Equal(got[0], a) || !bytes.Equal(got[1], b) || !bytes.Equal(got[2], c) {
			t.Errorf("not sorted")
		}
	}
	junk := []byte{1, 2, 3}
	if got := LeafFirst([][]byte{junk, a}); len(got) != 2 || !bytes.Equal(got[0], a) {
		t.Errorf("what cannot be read comes first")
	}
	if got := LeafFirst([][]byte{junk}); len(got) != 1 {
		t.Errorf("%d", len(got))
	}
}

func TestReadKey(t *testing.T) {
	p := newPKI(t)
	p8, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := x509.MarshalECPrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"pkcs8": block("PRIVATE KEY", p8), "ec": block("EC PRIVATE KEY", ec), "der": p8, "ec der": ec,
		"with parameters": slices.Concat(block("EC PARAMETERS", []byte{6, 1, 1}), block("EC PRIVATE KEY", ec)),
		"with its chain":  slices.Concat(p.pem(), block("PRIVATE KEY", p8)),
	} {
		key, err := ReadKey(data)
		if err != nil || !Fits(p.certs[0].Raw, key) || Fits(p.certs[1].Raw, key) || Fits([]byte{1}, key) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"encrypted":        {block("ENCRYPTED PRIVATE KEY", p8), "is encrypted"},
		"encrypted, older": {pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED"}, Bytes: []byte{1}}), "is encrypted"},
		"certificates":     {p.pem(), "only certificates: the two files may have been mixed up"},
		"two keys":         {slices.Concat(block("PRIVATE KEY", p8), block("PRIVATE KEY", p8)), "more than one private key"},
		"damaged":          {block("PRIVATE KEY", p8[:20]), "cannot be read"},
		"cut off":          {block("PRIVATE KEY", p8)[:60], "has no end"},
		"empty":            {nil, "the file is empty"},
		"text":             {[]byte("hello"), "cannot be read"},
		"too large":        {make([]byte, MaxFile+1), "larger than 10 MB"},
	} {
		if _, err := ReadKey(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if key, err := rsa.GenerateKey(rand.Reader, 2048); err == nil {
		got, err := ReadKey(block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)))
		if err != nil || !key.PublicKey.Equal(got.Public()) {
			t.Errorf("rsa: %v", err)
		}
	}
}

// However bags are nested, reading them takes their bytes and no more.
func TestNestedBags(t *testing.T) {
	p := newPKI(t)
	bag, err := pkcs7.DegenerateCertificate(p.der())
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"open lengths":         bytes.Repeat([]byte{0x30, 0x80}, 2<<20),
		"open lengths, closed": slices.Concat(bytes.Repeat([]byte{0x30, 0x80}, 1<<20), make([]byte, 2<<20)),
		"within the content":   inBag(slices.Concat(bytes.Repeat([]byte{0x30, 0x80}, 1<<20), make([]byte, 2<<20))),
		"cut off":              bag[:len(bag)/2],
		"of another kind":      {0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03},
	} {
		if c, err := Read(data, ""); err == nil || len(c.Certificates) > 0 {
			t.Errorf("%s: %d certificates", name, len(c.Certificates))
		}
	}
	open := inBag(slices.Concat([]byte{0x30, 0x80}, berItem(0x02, []byte{1}), berItem(0x31, nil), []byte{0x30, 0x80, 0, 0},
		[]byte{0xa0, 0x80}, p.certs[0].Raw, p.certs[1].Raw, []byte{0, 0}, []byte{0x31, 0}, []byte{0, 0}))
	c, err := Read(open, "")
	if err != nil || len(c.Certificates) != 2 || !bytes.Equal(c.Certificates[0], p.certs[0].Raw) {
		t.Errorf("with open lengths: %v, %d certificates", err, len(c.Certificates))
	}
}

// inBag puts signed data into a bag of open lengths.
func inBag(signed []byte) []byte {
	return slices.Concat([]byte{0x30, 0x80}, berItem(0x06, oidSignedData), []byte{0xa0, 0x80}, signed, []byte{0, 0, 0, 0})
}

func berItem(id byte, inner []byte) []byte { return slices.Concat([]byte{id, byte(len(inner))}, inner) }

// Whoever parses a key computes with it.
func TestKeyTooLarge(t *testing.T) {
	if _, err := ReadKey(block("RSA PRIVATE KEY", make([]byte, 1<<20))); err == nil || !strings.Contains(err.Error(), "no server can work with") {
		t.Errorf("%v", err)
	}
}

// seen is a day on which the certificates of the tests are in date.
var seen = time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)
