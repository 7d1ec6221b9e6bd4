package chain_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/internal/mint"
)

// replaced edits a certificate's bytes where they stand, lengths and all.
func replaced(t testing.TB, der, old, new []byte) []byte {
	t.Helper()
	if !bytes.Contains(der, old) || len(old) != len(new) {
		t.Fatalf("%x is not in the certificate", old)
	}
	return bytes.Replace(bytes.Clone(der), old, new, 1)
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// plainKey is a SubjectPublicKeyInfo of RSA with other parameters and another key than they ought to be.
func plainKey(t testing.TB, oid asn1.ObjectIdentifier, parameters, key []byte) []byte {
	t.Helper()
	algorithm := mint.Sequence(t, append([][]byte{mint.Marshal(t, oid)}, parameters)...)
	if parameters == nil {
		algorithm = mint.Sequence(t, mint.Marshal(t, oid))
	}
	return mint.Sequence(t, algorithm, mint.Marshal(t, asn1.BitString{Bytes: key, BitLength: 8 * len(key)}))
}

// lenientRows are leaves, and a CA, that crypto/x509 refuses to read, and that have other faults besides.
func lenientRows(t testing.TB) []row {
	t.Helper()
	root := forge(t, "Root", "", nil)
	ca := forge(t, "CA", "", root)
	key := rsaKey(t, 2048)
	old := window(-9*time.Hour, -time.Hour)
	san := func(names ...asn1.RawValue) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.DNSNames = nil
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: mint.Marshal(t, names)}}
		}
	}
	name, uri := general(2, []byte(host)), general(6, []byte("http://a.test"))
	badURI := func(der []byte) []byte { return replaced(t, der, []byte("http://a.test"), []byte("http://a b\x7f%z")) }
	badIP := func(der []byte) []byte { // an address of five bytes, and one of three
		return replaced(t, der, []byte{0x87, 4, 10, 0, 0, 1, 0x87, 4, 10, 0, 0, 2}, []byte{0x87, 5, 10, 0, 0, 1, 7, 0x87, 3, 10, 0, 0})
	}
	addresses := forge(t, host, host, ca, old, san(name, general(7, net.IPv4(10, 0, 0, 1).To4()), general(7, net.IPv4(10, 0, 0, 2).To4()))).Raw
	field := func(place int, value []byte) func([][]byte) { return func(f [][]byte) { f[place] = value } }
	withoutNull := plainKey(t, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, nil, x509.MarshalPKCS1PublicKey(&key.PublicKey))
	negative := plainKey(t, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, []byte{5, 0}, mint.Sequence(t, []byte{2, 2, 0xff, 1}, []byte{2, 1, 3}))
	brainpool := asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 7}
	at := func(name, codes string, know *chain.Knowledge, certs ...[]byte) row {
		return row{name: name, codes: codes, know: know, evidence: served(certs, host, now())}
	}
	leaf := func(more ...func(*x509.Certificate)) []byte { return forge(t, host, host, ca, more...).Raw }
	other := forge(t, "other.test", "other.test", ca, old).Raw
	self := forge(t, host, host, nil, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature })
	mixed := forge(t, host, host, ca, san(name, uri, general(7, net.IPv4(10, 0, 0, 1).To4()))).Raw
	return []row{
		at("rsa without parameters", "malformed-certificate", trusting(root), mint.Rewritten(t, leaf(), ca, field(mint.FieldKey, withoutNull)), ca.Raw),
		at("rsa without parameters, expired, another name", "name-mismatch expired malformed-certificate", trusting(root), mint.Rewritten(t, other, ca, field(mint.FieldKey, withoutNull)), ca.Raw),
		at("rsa with a negative modulus", "malformed-certificate", trusting(root), mint.Rewritten(t, leaf(), ca, field(mint.FieldKey, negative)), ca.Raw),
		at("rsa with a negative modulus, self-signed", "self-signed malformed-certificate", trusting(root), mint.Rewritten(t, self.Raw, self, field(mint.FieldKey, negative))),
		at("ca with a negative modulus", "malformed-certificate", trusting(root), leaf(), mint.Rewritten(t, ca.Raw, root, field(mint.FieldKey, negative))),
		at("a uri that is none", "malformed-certificate", trusting(root), mint.Rewritten(t, badURI(mixed), ca, nil), ca.Raw),
		at("a uri that is none, lone", "issuer-unknown malformed-certificate", trusting(root), mint.Rewritten(t, badURI(mixed), ca, nil)),
		at("addresses of five and of three bytes, expired", "expired malformed-certificate", trusting(root), mint.Rewritten(t, badIP(addresses), ca, nil), ca.Raw),
		at("a dsa key", "unsupported-algorithm", trusting(root), mint.Rewritten(t, leaf(), ca, field(mint.FieldKey, dsaKey(t))), ca.Raw),
		at("root on a Brainpool curve", "unsupported-algorithm", chain.NewKnowledge(chain.ParseRoots([][]byte{curve(t, root.Raw, brainpool)}), nil), leaf(), ca.Raw),
		at("a serial number below zero", "malformed-certificate", trusting(root), mint.Rewritten(t, leaf(), ca, field(mint.FieldSerial, []byte{2, 1, 0xff})), ca.Raw),
		at("a subject in the wrong letters", "malformed-certificate", trusting(root), mint.Rewritten(t, leaf(), ca, field(mint.FieldSubject, wrongLetters(t))), ca.Raw),
		at("dates without seconds", "expired malformed-certificate", trusting(root), mint.Rewritten(t, leaf(), ca, field(mint.FieldValidity, mint.Sequence(t, []byte("\x18\x0d202001010000Z"), []byte("\x18\x1120210101000000.5Z")))), ca.Raw),
		at("key usage of another type, clients only", "malformed-certificate wrong-purpose", trusting(root), mint.Rewritten(t, broken(leaf(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })), ca, nil), ca.Raw),
		at("an extension twice", "malformed-certificate", trusting(root), mint.Rewritten(t, leaf(), ca, func(f [][]byte) {
			list := mint.Elements(t, mint.Elements(t, append([]byte{0x30}, f[mint.FieldExtensions][1:]...))[0])
			f[mint.FieldExtensions] = mint.Marshal(t, asn1.RawValue{Class: 2, Tag: 3, IsCompound: true, Bytes: mint.Sequence(t, append(list, list[0])...)})
		}), ca.Raw),
		at("an algorithm named twice, and not alike", "malformed-certificate", trusting(root), mint.Rewritten(t, leaf(), ca, field(mint.FieldAlgorithm, mint.Sequence(t, mint.Marshal(t, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3})))), ca.Raw),
		at("more behind the certificate", "malformed-certificate", trusting(root), append(bytes.Clone(leaf()), 5, 0), ca.Raw),
		at("a key on a Brainpool curve", "unsupported-algorithm", trusting(root), mint.Rewritten(t, curve(t, leaf(), brainpool), ca, nil), ca.Raw),
	}
}

// wrongLetters is a subject with an underscore in a PrintableString, which has none (X.680 section 41.4).
func wrongLetters(t testing.TB) []byte {
	t.Helper()
	value := asn1.RawValue{Tag: asn1.TagPrintableString, Bytes: []byte("mail_lab")}
	attribute := mint.Sequence(t, mint.Marshal(t, asn1.ObjectIdentifier{2, 5, 4, 3}), mint.Marshal(t, value))
	return mint.Sequence(t, mint.Marshal(t, asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: attribute}))
}

// dsaKey is a SubjectPublicKeyInfo of DSA (RFC 3279 section 2.3.2), with numbers that are none.
func dsaKey(t testing.TB) []byte {
	t.Helper()
	number := []byte{2, 1, 23}
	return plainKey(t, asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}, mint.Sequence(t, number, number, number), number)
}

// curve gives a certificate's key another curve.
func curve(t testing.TB, der []byte, oid asn1.ObjectIdentifier) []byte {
	t.Helper()
	return mint.SignedBy(t, der, nil, func([]byte) []byte { return nil }, func(f [][]byte) {
		key := mint.Elements(t, f[mint.FieldKey])
		algorithm := mint.Elements(t, key[0])
		f[mint.FieldKey] = mint.Sequence(t, mint.Sequence(t, algorithm[0], mint.Marshal(t, oid)), key[1])
	})
}

func TestLenientReading(t *testing.T) {
	for _, r := range lenientRows(t) {
		t.Run(r.name, r.check)
	}
}

// signedRows are about signatures that crypto/x509 does not verify.
func signedRows(t testing.TB) []row {
	t.Helper()
	key := rsaKey(t, 2048)
	root := forgeWith(t, key, "Root", "", nil)
	leaf := forge(t, host, host, root).Raw
	algorithm := func(parameters []byte, oid ...int) []byte {
		if parameters == nil {
			return mint.Sequence(t, mint.Marshal(t, asn1.ObjectIdentifier(oid)))
		}
		return mint.Sequence(t, mint.Marshal(t, asn1.ObjectIdentifier(oid)), parameters)
	}
	null := []byte{5, 0}
	by := func(h crypto.Hash, opts *rsa.PSSOptions) mint.Signer {
		return func(tbs []byte) []byte {
			w := h.New()
			w.Write(tbs)
			var o crypto.SignerOpts = h
			if opts != nil {
				o = opts
			}
			sig, err := key.Sign(rand.Reader, w.Sum(nil), o)
			if err != nil {
				t.Fatal(err)
			}
			return sig
		}
	}
	pss := func(hash asn1.ObjectIdentifier, mask asn1.ObjectIdentifier, salt int) []byte {
		explicit := func(tag int, der []byte) []byte {
			return mint.Marshal(t, asn1.RawValue{Class: 2, Tag: tag, IsCompound: true, Bytes: der})
		}
		return algorithm(mint.Sequence(t, explicit(0, algorithm(null, hash...)), explicit(1, algorithm(algorithm(null, mask...), 1, 2, 840, 113549, 1, 1, 8)), explicit(2, mint.Marshal(t, salt))), 1, 2, 840, 113549, 1, 1, 10)
	}
	sha256, sha384 := asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	onlyPSS := &forged{Certificate: parse(t, mint.SignedBy(t, root.Raw, nil, by(crypto.SHA256, nil), func(f [][]byte) {
		f[mint.FieldKey] = plainKey(t, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}, nil, x509.MarshalPKCS1PublicKey(&key.PublicKey))
	})), Key: key}
	at := func(name, codes string, know *chain.Knowledge, alg []byte, sign mint.Signer) row {
		return row{name: name, codes: codes, know: know, evidence: served([][]byte{mint.SignedBy(t, leaf, alg, sign, nil)}, host, now())}
	}
	some := func([]byte) []byte { return make([]byte, 256) }
	sha224 := algorithm(null, 1, 2, 840, 113549, 1, 1, 14)
	salted := &rsa.PSSOptions{SaltLength: 20, Hash: crypto.SHA256}
	usual := &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}
	return []row{
		at("sha-224", "unsupported-algorithm", trusting(root), sha224, by(crypto.SHA224, nil)),
		at("sha-224 that does not fit", "bad-signature", trusting(root), sha224, by(crypto.SHA256, nil)),
		at("pss with a short salt", "unsupported-algorithm", trusting(root), pss(sha256, sha256, 20), by(crypto.SHA256, salted)),
		at("pss with another salt than it says", "bad-signature", trusting(root), pss(sha256, sha256, 32), by(crypto.SHA256, salted)),
		at("pss with another hash in the mask", "unsupported-algorithm", trusting(root), pss(sha256, sha384, 32), some),
		at("pss of sha-1", "weak-signature", trusting(root), algorithm([]byte{0x30, 0}, 1, 2, 840, 113549, 1, 1, 10), by(crypto.SHA1, &rsa.PSSOptions{SaltLength: 20, Hash: crypto.SHA1})),
		at("pss with parameters that are none", "malformed-certificate", trusting(root), algorithm([]byte{4, 1, 7}, 1, 2, 840, 113549, 1, 1, 10), some),
		at("pss by a key for pss alone", "unsupported-algorithm", trusting(onlyPSS), pss(sha256, sha256, 32), by(crypto.SHA256, usual)),
		at("v1.5 by a key for pss alone", "bad-signature", trusting(onlyPSS), nil, by(crypto.SHA256, nil)),
		at("md2", "weak-signature", trusting(root), algorithm(null, 1, 2, 840, 113549, 1, 1, 2), some),
		at("md4", "weak-signature", trusting(root), algorithm(null, 1, 2, 840, 113549, 1, 1, 3), some),
		at("md2, issuer unknown", "issuer-unknown weak-signature", nothing(), algorithm(null, 1, 2, 840, 113549, 1, 1, 2), some),
		at("dsa with sha-256", "unsupported-algorithm", trusting(root), algorithm(nil, 2, 16, 840, 1, 101, 3, 4, 3, 2), some),
		at("dsa with sha-1", "weak-signature", trusting(root), algorithm(nil, 1, 2, 840, 10040, 4, 3), some),
		at("gost", "unsupported-algorithm", trusting(root), algorithm(nil, 1, 2, 643, 7, 1, 1, 3, 2), some),
		at("ed448", "unsupported-algorithm", trusting(root), algorithm(nil, 1, 3, 101, 113), some),
		at("an algorithm of nobody", "unsupported-algorithm", trusting(root), algorithm(nil, 1, 3, 6, 1, 4, 1, 99999, 1), some),
		at("ecdsa by an rsa key", "bad-signature", trusting(root), algorithm(nil, 1, 2, 840, 10045, 4, 3, 1), some),
	}
}

func TestSignaturesOfOtherAlgorithms(t *testing.T) {
	for _, r := range signedRows(t) {
		t.Run(r.name, r.check)
	}
}

// FuzzLenientReading: whatever stands where a certificate should is no crash, and what is read of it
// is judged in sentences.
func FuzzLenientReading(f *testing.F) {
	root := forge(f, "Root", "", nil)
	for _, r := range lenientRows(f) {
		for _, der := range r.evidence.Certificates {
			f.Add(der)
		}
	}
	know := trusting(root)
	f.Fuzz(func(t *testing.T, der []byte) {
		sane(t, chain.Judge{Knowledge: know}.Judge(served([][]byte{der, root.Raw}, host, now())))
		sane(t, chain.Judge{Knowledge: know}.Judge(served([][]byte{root.Raw, der}, host, now())))
	})
}
