package chain_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/mint"
)

// These tests have no clock. Without a bound each of them takes longer than any test may.
const absurdBits = 8_000_000

// handmade builds certificates that crypto/x509 does not make: it would compute with their keys.
type handmade struct {
	subject, issuer string
	key             any
	extensions      []pkix.Extension
}

func (h handmade) der(t testing.TB) []byte {
	t.Helper()
	spki, err := x509.MarshalPKIXPublicKey(h.key)
	if err != nil {
		t.Fatal(err)
	}
	name := func(cn string) pkix.RDNSequence { return pkix.Name{CommonName: cn}.ToRDNSequence() }
	withRSA := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue}
	type validity struct{ From, To time.Time }
	signed := mint.Marshal(t, struct {
		Version    int `asn1:"explicit,tag:0"`
		Serial     int
		Algorithm  pkix.AlgorithmIdentifier
		Issuer     pkix.RDNSequence
		Validity   validity
		Subject    pkix.RDNSequence
		Key        asn1.RawValue
		Extensions []pkix.Extension `asn1:"explicit,tag:3"`
	}{2, 1, withRSA, name(h.issuer), validity{now().AddDate(0, -1, 0), now().AddDate(0, 1, 0)}, name(h.subject), asn1.RawValue{FullBytes: spki}, h.extensions})
	return mint.Marshal(t, struct {
		Signed    asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: signed}, withRSA, asn1.BitString{Bytes: slices.Repeat([]byte{0x11}, absurdBits/8), BitLength: absurdBits}})
}

func ofCA(t testing.TB) []pkix.Extension {
	return []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Critical: true, Value: mint.Marshal(t, struct{ CA bool }{true})}}
}

// absurd returns a leaf and its issuer, with whose key nobody could compute in the time of a test.
func absurd(t testing.TB) (leaf, issuer []byte) {
	key := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), absurdBits-1, 1), E: 1<<31 - 1}
	issuer = handmade{subject: "Huge CA", issuer: "Huge CA", key: key, extensions: ofCA(t)}.der(t)
	leaf = handmade{subject: host, issuer: "Huge CA", key: mint.NewKey(t).Public()}.der(t)
	return leaf, issuer
}

func codesOf(j chain.Judgement) []finding.Code { return finding.Codes(j.Findings) }

// A key is never computed with that is larger than clients take: sent, fetched, or trusted.
func TestAbsurdKeys(t *testing.T) {
	leaf, issuer := absurd(t)
	// What is signed by such a key is as long as the key: here the issuer is small enough to be read.
	key := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 600_000, 1), E: 1<<31 - 1}
	small := shortSignature(t, handmade{subject: "Huge CA", issuer: "Huge CA", key: key, extensions: ofCA(t)}.der(t), 75_001)
	child := shortSignature(t, leaf, 75_001)
	root := forge(t, "Root", "", nil)
	for name, c := range map[string]struct {
		know *chain.Knowledge
		sent [][]byte
		want finding.Code
	}{
		"sent":         {trusting(root), [][]byte{child, small}, finding.MalformedCertificate},
		"as the leaf":  {trusting(root), [][]byte{small}, finding.MalformedCertificate},
		"fetched":      {trusting(root).Fetching([]chain.Fetched{{URL: "http://ca.example/", Certificate: small}}), [][]byte{child}, finding.MalformedCertificate},
		"trusted":      {chain.NewKnowledge(chain.ParseRoots([][]byte{small}), nil), [][]byte{child}, finding.MalformedCertificate},
		"parsed":       {chain.NewKnowledge([]chain.Root{{Certificate: parse(t, small)}}, nil), [][]byte{child}, finding.MalformedCertificate},
		"known":        {chain.NewKnowledge(nil, []*x509.Certificate{parse(t, small)}), [][]byte{child}, finding.IssuerUnknown},
		"of megabytes": {trusting(root), [][]byte{leaf, issuer}, finding.MalformedCertificate},
	} {
		j := chain.Judge{Knowledge: c.know}.Judge(chain.Evidence{Certificates: c.sent, Host: host, At: now()})
		if !slices.Contains(codesOf(j), c.want) {
			t.Errorf("%s: %v, want %s", name, codesOf(j), c.want)
		}
		said := fmt.Sprint(j.Findings)
		if c.want == finding.MalformedCertificate && !strings.Contains(said, "RSA key has 600001 bits") && !strings.Contains(said, "refuses more than 256") {
			t.Errorf("%s: nothing says what is too large: %s", name, said)
		}
	}
}

// shortSignature cuts the signature of a certificate down, so that the whole can be read.
func shortSignature(t testing.TB, der []byte, size int) []byte {
	var c struct {
		Signed    asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &c); err != nil {
		t.Fatal(err)
	}
	c.Signature = asn1.BitString{Bytes: c.Signature.Bytes[:size], BitLength: 8 * size}
	return mint.Marshal(t, c)
}

// The parser of OCSP responses computes with the key of the certificate that comes along.
func TestAbsurdKeyInAStaple(t *testing.T) {
	_, issuer := absurd(t)
	key := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 200_000, 1), E: 1<<31 - 1}
	along := shortSignature(t, handmade{subject: "Responder", issuer: "Huge CA", key: key}.der(t), 256)
	c := newCA(t)
	for want, certificate := range map[string][]byte{"200001 bits": along, "no response has more than 64": issuer} {
		var outer struct {
			Status   asn1.Enumerated
			Response struct {
				Type     asn1.ObjectIdentifier
				Response []byte
			} `asn1:"explicit,tag:0,optional"`
		}
		var basic struct {
			Data         asn1.RawValue
			Algorithm    pkix.AlgorithmIdentifier
			Signature    asn1.BitString
			Certificates []asn1.RawValue `asn1:"explicit,tag:0,optional"`
		}
		if _, err := asn1.Unmarshal(c.response(), &outer); err != nil {
			t.Fatal(err)
		}
		if _, err := asn1.Unmarshal(outer.Response.Response, &basic); err != nil {
			t.Fatal(err)
		}
		basic.Certificates = []asn1.RawValue{{FullBytes: certificate}}
		outer.Response.Response = mint.Marshal(t, basic)
		j := chain.Judge{Knowledge: trusting(c.root)}.Judge(chain.Evidence{Certificates: raws(c.leaf, c.issuer), Host: host, At: now(),
			Handshake: &chain.Handshake{Staple: mint.Marshal(t, outer)}})
		if said := fmt.Sprint(j.Findings); !slices.Contains(codesOf(j), finding.StaleStaple) || !strings.Contains(said, want) {
			t.Errorf("%s: %s", want, said)
		}
	}
}

// Of a large list the entries are passed over one by one; what it says of the leaf is the same.
func TestListOfManyEntries(t *testing.T) {
	c := newCA(t, names(listURL))
	for _, revoked := range []bool{false, true} {
		list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now().Add(-time.Hour), NextUpdate: now().Add(time.Hour)}
		for i := range 20_000 {
			list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(int64(i + 10_000)), RevocationTime: now().Add(-2 * time.Hour)})
		}
		if revoked {
			list.RevokedCertificateEntries[12_345].SerialNumber = c.leaf.SerialNumber
			list.RevokedCertificateEntries[12_345].ReasonCode = 1
		}
		der, err := x509.CreateRevocationList(rand.Reader, list, c.issuer.Certificate, c.issuer.Key)
		if err != nil {
			t.Fatal(err)
		}
		ask := chain.Ask{Kind: chain.FetchCRL, URL: listURL}
		evidence := chain.Evidence{Certificates: raws(c.leaf, c.issuer), Host: host, At: now(), Handshake: &chain.Handshake{}, Answers: []chain.Answer{{Ask: ask, Response: der}}}
		j := chain.Judge{Knowledge: trusting(c.root)}.Judge(evidence)
		if slices.Contains(codesOf(j), finding.Revoked) != revoked || slices.Contains(codesOf(j), finding.RevocationUnknown) {
			t.Errorf("revoked %v: %v", revoked, j.Findings)
		}
		der[len(der)/2] ^= 1 // an entry: what is signed is the whole list
		evidence.Answers[0].Response = der
		if j := (chain.Judge{Knowledge: trusting(c.root)}).Judge(evidence); !slices.Contains(codesOf(j), finding.RevocationUnknown) {
			t.Errorf("a changed list is believed: %v", j.Findings)
		}
	}
}

// Names and constraints that would have to be compared some hundred million times are not.
func TestConstraintsOfOtherFormsAreBounded(t *testing.T) {
	directory := func(cn string) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: mint.Marshal(t, pkix.Name{CommonName: cn}.ToRDNSequence())}
	}
	type subtree struct{ Base asn1.RawValue }
	var constraints struct {
		Excluded []subtree `asn1:"tag:1"`
	}
	var names []asn1.RawValue
	for i := range 3_000 {
		constraints.Excluded = append(constraints.Excluded, subtree{directory(fmt.Sprint("x", i))})
		names = append(names, directory(fmt.Sprint("y", i)))
	}
	root := forge(t, "Root", "", nil)
	issuer := forge(t, "Issuing", "", root, func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 30}, Critical: true, Value: mint.Marshal(t, constraints)}}
	})
	leaf := forge(t, host, host, issuer, func(c *x509.Certificate) {
		all := append(names, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 2, Bytes: []byte(host)})
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: mint.Marshal(t, all)}}
	})
	j := chain.Judge{Knowledge: trusting(root)}.Judge(chain.Evidence{Certificates: raws(leaf, issuer), Host: host, At: now()})
	if !slices.Contains(codesOf(j), finding.TooComplex) || !strings.Contains(fmt.Sprint(j.Findings), "so many names") {
		t.Errorf("%v", j.Findings)
	}
}

// A root of a hundred thousand names keeps none of them: each would take its bytes many times over.
func TestRootsKeepFewNames(t *testing.T) {
	root := forge(t, "Root", "", nil, func(c *x509.Certificate) {
		for range 10_000 {
			c.URIs = append(c.URIs, &url.URL{Scheme: "a", Host: "b"})
		}
	})
	if got := chain.ParseRoots([][]byte{root.Raw})[0].Certificate; len(got.URIs) > 0 {
		t.Errorf("%d are kept", len(got.URIs))
	}
}

// FuzzRevocation reads anything as a staple, and as a list.
func FuzzRevocation(f *testing.F) {
	c := newCA(f, names(listURL))
	f.Add(c.response())
	f.Add(c.signed(c.delegate(c.issuer), c.delegate(c.issuer).Certificate))
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now(), NextUpdate: now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: c.leaf.SerialNumber, RevocationTime: now()}}}
	der, err := x509.CreateRevocationList(rand.Reader, list, c.issuer.Certificate, c.issuer.Key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Add(der[:len(der)/2])
	know := trusting(c.root)
	f.Fuzz(func(t *testing.T, der []byte) {
		chain.Judge{Knowledge: know}.Judge(chain.Evidence{Certificates: raws(c.leaf, c.issuer), Host: host, At: now(), Handshake: &chain.Handshake{Staple: der},
			Answers: []chain.Answer{{Ask: chain.Ask{Kind: chain.FetchCRL, URL: listURL}, Response: der}}})
	})
}
