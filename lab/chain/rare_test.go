package chain_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/mint"
)

func extension(oid asn1.ObjectIdentifier, critical bool, value []byte) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oid, Critical: critical, Value: value})
	}
}

// A general name of one form, as RFC 5280 section 4.2.1.6 tags it.
func general(tag int, value []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: tag == 4 || tag == 0, Bytes: value}
}

func directory(t testing.TB, cn string) []byte {
	t.Helper()
	return mint.Marshal(t, pkix.Name{CommonName: cn}.ToRDNSequence())
}

// constraints are critical name constraints on forms that crypto/x509 does not judge.
func constraints(t testing.TB, permitted, excluded []asn1.RawValue) func(*x509.Certificate) {
	t.Helper()
	type subtree struct{ Base asn1.RawValue }
	list := func(names []asn1.RawValue) (out []subtree) {
		for _, n := range names {
			out = append(out, subtree{n})
		}
		return out
	}
	return extension(asn1.ObjectIdentifier{2, 5, 29, 30}, true, mint.Marshal(t, struct {
		Permitted []subtree `asn1:"optional,omitempty,tag:0"`
		Excluded  []subtree `asn1:"optional,omitempty,tag:1"`
	}{list(permitted), list(excluded)}))
}

// rareRows are faults that no scenario shows and that other people's corpora do.
func rareRows(t testing.TB) []row {
	t.Helper()
	root := forge(t, "Root", "", nil)
	within := forge(t, "CA", "", root, constraints(t, []asn1.RawValue{general(4, directory(t, host))}, nil))
	beside := forge(t, "CA", "", root, constraints(t, []asn1.RawValue{general(4, directory(t, "somebody else"))}, nil))
	barred := forge(t, "CA", "", root, constraints(t, nil, []asn1.RawValue{general(4, directory(t, host))}))
	unknown := forge(t, "CA", "", root, constraints(t, nil, []asn1.RawValue{general(8, []byte{42, 3, 4})}))
	registered := extension(asn1.ObjectIdentifier{2, 5, 29, 17}, false, mint.Marshal(t, []asn1.RawValue{general(2, []byte(host)), general(8, []byte{42, 3, 4})}))
	many := forge(t, "CA", "", root, func(c *x509.Certificate) {
		for i := range 1100 {
			c.PermittedDNSDomains = append(c.PermittedDNSDomains, fmt.Sprintf("n%d.test", i), "lab.test")
		}
	})
	narrow := forge(t, "CA", "", root, func(c *x509.Certificate) {
		for i := range 1100 {
			c.PermittedDNSDomains = append(c.PermittedDNSDomains, fmt.Sprintf("n%d.test", i))
		}
	})
	names := func(c *x509.Certificate) {
		for i := range 1000 {
			c.DNSNames = append(c.DNSNames, fmt.Sprintf("x%d.lab.test", i))
		}
	}
	lone := forge(t, host, host, forge(t, "Some CA", "", nil), extension(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, false, []byte{4, 0}))
	at := func(name, codes string, know *chain.Knowledge, chain ...[]byte) row {
		return row{name: name, codes: codes, know: know, evidence: served(chain, host, now())}
	}
	leaf := func(ca *forged, more ...func(*x509.Certificate)) []byte { return forge(t, host, host, ca, more...).Raw }
	ca := forge(t, "CA", "", root)
	return []row{
		at("directory name within", "unknown-critical-extension", trusting(root), leaf(within), within.Raw),
		at("directory name beside", "ca-not-allowed-for-name", trusting(root), leaf(beside), beside.Raw),
		at("directory name excluded", "ca-not-allowed-for-name", trusting(root), leaf(barred), barred.Raw),
		at("registered id constrained", "ca-not-allowed-for-name", trusting(root), leaf(unknown, registered), unknown.Raw),
		at("registered id absent", "unknown-critical-extension", trusting(root), leaf(unknown), unknown.Raw),
		at("too many comparisons", "too-complex", trusting(root), leaf(many, names), many.Raw),
		at("too many comparisons, and none allows it", "too-complex", trusting(root), leaf(narrow, names), narrow.Raw),
		at("many names, no constraint", "", trusting(root), leaf(ca, names), ca.Raw),
		at("certificate of a public CA, alone", "missing-intermediate", nothing(), lone.Raw),
		at("issuer that cannot be read", "malformed-certificate", trusting(root), leaf(ca), mint.Rewritten(t, broken(ca.Raw), root, nil)),
		at("stranger that cannot be read", "", trusting(root), leaf(ca), ca.Raw, []byte{48, 3, 2, 1, 1}),
		at("root that cannot be read", "malformed-certificate", chain.NewKnowledge(chain.ParseRoots([][]byte{broken(root.Raw)}), nil), leaf(ca), ca.Raw),
		at("root with a key that cannot be read", "malformed-certificate", trusting(&forged{Certificate: parse(t, keyless(t, root.Raw)), Key: nil}), leaf(root)),
		at("root on P-192", "weak-key", chain.NewKnowledge(chain.ParseRoots([][]byte{p192(t, root.Raw)}), nil), leaf(ca), ca.Raw),
		at("leaf that ends too early", "malformed-certificate", trusting(root), root.Raw[:len(root.Raw)/2], ca.Raw),
		at("leaf on P-192", "weak-key", trusting(root), mint.Rewritten(t, p192(t, leaf(ca)), ca, nil), ca.Raw),
	}
}

// broken spoils a certificate's key usage, so that crypto/x509 refuses to read it and its name
// and key stay as they were.
func broken(der []byte) []byte {
	return bytes.Replace(der, []byte{6, 3, 0x55, 0x1d, 0x0f, 1, 1, 0xff, 4}, []byte{6, 3, 0x55, 0x1d, 0x0f, 1, 1, 0xff, 2}, 1)
}

// keyless renames the algorithm of a certificate's key, so that crypto/x509 reads all but that.
func keyless(t testing.TB, der []byte) []byte {
	t.Helper()
	ec := []byte{6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1}
	out := bytes.Replace(der, ec, append(ec[:8:8], 9), 1)
	if bytes.Equal(out, der) {
		t.Fatal("the certificate has no EC key")
	}
	return out
}

// p192 renames the curve of a certificate's key. Its signature no longer fits, which nobody asks.
func p192(t testing.TB, der []byte) []byte {
	t.Helper()
	p256 := []byte{6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}
	out := bytes.Replace(der, p256, append(p256[:9:9], 1), 1)
	if bytes.Equal(out, der) {
		t.Fatal("the certificate is not on P-256")
	}
	return out
}

func TestRareChains(t *testing.T) {
	for _, r := range rareRows(t) {
		t.Run(r.name, r.check)
	}
}

// An RSA key of 512 bits signs, and crypto/rsa does not verify: the key is weak, and nobody can
// say that the signature is bad.
func TestIssuerTooWeakToVerify(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, 512)
	if err != nil {
		t.Skipf("this Go makes no RSA keys of 512 bits: %v", err)
	}
	root := forge(t, "Root", "", nil)
	ca := forgeWith(t, key, "CA", "", root)
	leaf := forge(t, host, host, ca)
	t.Setenv("GODEBUG", "rsa1024min=1")
	row{codes: "weak-key", know: trusting(root), evidence: served(raws(leaf, ca), host, now())}.check(t)
}

func TestChainSaysWhatTheLibrarySays(t *testing.T) {
	root := forge(t, "Root", "", nil)
	ca := forge(t, "CA", "", root)
	server := forge(t, host, host, ca, func(c *x509.Certificate) { c.IsCA = true })
	judge := chain.Judge{Knowledge: trusting(root)}
	for _, c := range []struct {
		name     string
		evidence chain.Evidence
		codes    []finding.Code
		accepted bool
	}{
		{"policy of a client", chain.Evidence{Certificates: raws(server, ca), Host: host, At: now()}, []finding.Code{finding.CAUsedAsServer}, true},
		{"another name", chain.Evidence{Certificates: raws(server, ca), Host: "x.test", At: now(), Usage: chain.Client}, []finding.Code{finding.NameMismatch, finding.WrongPurpose}, false},
		{"no name, any use", chain.Evidence{Certificates: raws(server, ca), At: now(), Usage: chain.Any}, nil, true},
		{"nothing", chain.Evidence{At: now()}, []finding.Code{finding.MalformedCertificate}, false},
	} {
		v := judge.Judge(c.evidence)
		fs, accepted := v.Findings, v.Accepted
		if fmt.Sprint(finding.Codes(fs)) != fmt.Sprint(c.codes) || accepted != c.accepted {
			t.Errorf("%s: %v, accepted %v", c.name, finding.Codes(fs), accepted)
		}
	}
}
