package chain

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// A reading is a certificate that crypto/x509 refuses to read, read without the parts for which it
// does. Those are looked for one by one, and crypto/x509 reads all the others; then the sent bytes
// are put back in their place, so that signatures and names are compared as they came.
type reading struct {
	cert *x509.Certificate
	why  error // the words of crypto/x509 about the whole

	parts []string // that cannot be read, as a sentence names them: "its public key"
	key   []byte   // the public key (SubjectPublicKeyInfo, DER), where that is one of them

	uLabels []string // names of its SAN that are not ASCII
}

// What is taken apart of a stranger's certificate. Beyond that it counts as unreadable.
const (
	mostExtensions = 100
	mostNames      = 1000
)

// Places in a TBSCertificate (RFC 5280 section 4.1) once its version is written out.
const (
	tbsVersion = iota
	tbsSerial
	tbsAlgorithm
	tbsIssuer
	tbsValidity
	tbsSubject
	tbsKey
	tbsExtensions
	tbsFields
)

// readLeniently reads a certificate that was refused for why, or returns nil.
func readLeniently(der []byte, why error) *reading {
	if len(der) > bound.MaxCertificate {
		return nil
	}
	whole := inside(der, 4)
	if len(whole) != 3 {
		return nil
	}
	sent, extensions, ok := takenApart(whole[0].FullBytes)
	if !ok {
		return nil
	}
	r := &reading{why: why}
	told := healthy()
	for place, name := range []string{"its version", "its serial number", "", "the name of its issuer", "its dates", "its subject", "its public key"} {
		if told[place] = sent[place]; place == tbsAlgorithm || legible(place, sent[place]) == nil {
			continue
		}
		r.parts = append(r.parts, name)
		if told[place] = repaired(place, sent[place]); told[place] == nil {
			return nil
		}
	}
	algorithm := whole[1].FullBytes
	if !bytes.Equal(sent[tbsAlgorithm], algorithm) {
		r.parts = append(r.parts, "the algorithm of its signature, which is named twice, and not alike,")
		told[tbsAlgorithm] = algorithm
	}
	told[tbsExtensions] = r.kept(extensions)
	if trailing := der[len(first(der)):]; len(trailing) > 0 {
		r.parts = append(r.parts, "what follows behind it")
	}
	return r.put(der, whole, told, sent)
}

// put has crypto/x509 read what is left, and puts the bytes that were sent back.
func (r *reading) put(der []byte, whole []asn1.RawValue, told, sent [tbsFields][]byte) *reading {
	c, err := x509.ParseCertificate(sequence(sequence(told[:]...), whole[1].FullBytes, whole[2].FullBytes))
	if err != nil {
		return nil
	}
	if slices.Contains(r.parts, "its public key") {
		r.key = sent[tbsKey]
	} else if why := bound.Key(c); why != nil {
		r.parts, r.key, r.why = append(r.parts, "its public key"), sent[tbsKey], why
	}
	if r.key != nil {
		c.PublicKeyAlgorithm, c.PublicKey = x509.UnknownPublicKeyAlgorithm, nil
		if key := plainRSA(r.key); key != nil {
			c.PublicKeyAlgorithm, c.PublicKey = x509.RSA, key
		}
	}
	c.Raw, c.RawTBSCertificate = der, whole[0].FullBytes
	c.RawIssuer, c.RawSubject, c.RawSubjectPublicKeyInfo = sent[tbsIssuer], sent[tbsSubject], sent[tbsKey]
	if len(r.uLabels) > 0 {
		r.giveBack(c)
	}
	r.cert = c
	return r
}

// takenApart returns the fields of a TBSCertificate as they were sent, with the version written out,
// and its extensions one by one.
func takenApart(tbs []byte) (sent [tbsFields][]byte, extensions [][]byte, ok bool) {
	fields := inside(tbs, 12)
	if len(fields) > 0 && fields[0].Class != asn1.ClassContextSpecific {
		fields = slices.Insert(fields, 0, asn1.RawValue{FullBytes: []byte{0xa0, 3, 2, 1, 0}})
	}
	if len(fields) < tbsExtensions {
		return sent, nil, false
	}
	for i := range tbsExtensions {
		sent[i] = fields[i].FullBytes
	}
	for _, f := range fields[tbsExtensions:] {
		if f.Class != asn1.ClassContextSpecific || f.Tag != 3 {
			continue // unique identifiers: nobody asks for them
		}
		list := inside(f.Bytes, mostExtensions+1)
		if len(list) > mostExtensions {
			return sent, nil, false
		}
		for _, e := range list {
			extensions = append(extensions, e.FullBytes)
		}
	}
	return sent, extensions, true
}

// healthy returns the fields of a certificate that crypto/x509 reads, and that says nothing.
func healthy() (out [tbsFields][]byte) {
	out[tbsVersion] = []byte{0xa0, 3, 2, 1, 2}
	out[tbsSerial] = []byte{asn1.TagInteger, 1, 1}
	out[tbsAlgorithm] = sequence([]byte{asn1.TagOID, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2}) // ecdsa-with-SHA256
	out[tbsIssuer], out[tbsSubject] = sequence(), sequence()
	out[tbsValidity] = dated(time.Unix(0, 0), time.Unix(0, 0))
	out[tbsKey] = generator()
	return out
}

// generator is a public key that is nobody's and can be read: the base point of P-256 (FIPS 186-5).
func generator() []byte {
	key, _ := hex.DecodeString("3059301306072a8648ce3d020106082a8648ce3d030107034200" +
		"046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" +
		"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
	return key
}

// legible says why crypto/x509 does not read one field of a certificate, judged alone.
func legible(place int, value []byte) error {
	fields := healthy()
	fields[place] = value
	_, err := x509.ParseCertificate(sequence(sequence(fields[:]...), fields[tbsAlgorithm], []byte{asn1.TagBitString, 2, 0, 0}))
	return err
}

// repaired returns what crypto/x509 can read in the place of a field that it cannot, and nil where
// nothing would be true.
func repaired(place int, value []byte) []byte {
	switch place {
	case tbsIssuer, tbsSubject:
		return relettered(value)
	case tbsValidity:
		return redated(value)
	}
	return healthy()[place]
}

// kept returns the extensions that crypto/x509 reads, each once, and notes the others.
func (r *reading) kept(extensions [][]byte) []byte {
	var out [][]byte
	var seen []string
	for _, e := range extensions {
		parts := inside(e, 4)
		if len(parts) == 0 {
			r.parts = append(r.parts, "an extension")
			continue
		}
		id := string(parts[0].FullBytes)
		if slices.Contains(seen, id) {
			r.parts = append(r.parts, "the second "+extensionName(parts[0].FullBytes))
			continue
		}
		seen = append(seen, id)
		if legible(tbsExtensions, extended(e)) == nil {
			out = append(out, e)
			continue
		}
		if bytes.Equal(parts[0].FullBytes, []byte{asn1.TagOID, 3, 0x55, 0x1d, 0x11}) {
			if names := r.names(parts); names != nil {
				out = append(out, names)
				continue
			}
		}
		r.parts = append(r.parts, "the "+extensionName(parts[0].FullBytes))
	}
	if len(out) == 0 {
		return nil
	}
	return extended(out...)
}

// names returns a SAN without the names that crypto/x509 does not read, nil where that is all.
func (r *reading) names(parts []asn1.RawValue) []byte {
	id, list := parts[0].FullBytes, inside(parts[len(parts)-1].Bytes, mostNames+1)
	if len(list) == 0 || len(list) > mostNames {
		return nil
	}
	san := func(names ...[]byte) []byte { return sequence(id, enclosed(asn1.TagOctetString, sequence(names...))) }
	var out [][]byte
	bad := 0
	for _, n := range list {
		name := n.FullBytes
		if n.Class == asn1.ClassContextSpecific && n.Tag == formDNS && !isASCII(n.Bytes) {
			r.uLabels = append(r.uLabels, string(n.Bytes))
			name = enclosed(int(name[0]), masked(n.Bytes))
		}
		if legible(tbsExtensions, extended(san(name))) != nil {
			bad++
			continue
		}
		out = append(out, name)
	}
	switch {
	case bad == 1:
		r.parts = append(r.parts, "an entry of its subject alternative name")
	case bad > 1:
		r.parts = append(r.parts, fmt.Sprintf("%d entries of its subject alternative name", bad))
	case len(r.uLabels) == 0:
		return nil // each can be read: the list cannot
	}
	if len(out) == 0 {
		return nil
	}
	return san(out...)
}

// masked returns a name with other letters for those that are not ASCII.
func masked(name []byte) []byte {
	out := bytes.Clone(name)
	for i, b := range out {
		if b >= 0x80 {
			out[i] = 'x'
		}
	}
	return out
}

// giveBack replaces the masked names of c by the ASCII form that was meant.
func (r *reading) giveBack(c *x509.Certificate) {
	for _, label := range r.uLabels {
		if i := slices.Index(c.DNSNames, string(masked([]byte(label)))); i >= 0 {
			c.DNSNames[i] = toASCII(label)
		}
	}
}

// malformed is the finding about a certificate that was read without some parts.
func (r *reading) malformed(whose string, about finding.Pointer) finding.Finding {
	u := skim(r.cert.Raw, r.why)
	var large *bound.TooLargeError
	if r.key != nil && (u.bits > 0 || u.foreign != "" || errors.As(r.why, &large)) {
		return u.fault(whose, about)
	}
	f := u.fault(whose, about)
	f.Summary = fmt.Sprintf("%s is not written as it must be: %s cannot be read", whose, finding.AndList(r.parts))
	f.Evidence = []string{says(r.why), "everything else was read, and is judged"}
	f.Counterfactual.Text = "were that part written as RFC 5280 has it, every client could read the certificate"
	return f
}

// extensionName returns what to call an extension by its object identifier (DER).
func extensionName(der []byte) string {
	var oid asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(der, &oid); err != nil {
		return "extension without a name"
	}
	names := map[string]string{
		"2.5.29.14": "subject key identifier", "2.5.29.15": "key usage", "2.5.29.17": "subject alternative name",
		"2.5.29.19": "basic constraints", "2.5.29.30": "name constraints", "2.5.29.31": "CRL distribution points",
		"2.5.29.32": "certificate policies", "2.5.29.35": "authority key identifier", "2.5.29.37": "extended key usage",
		"1.3.6.1.5.5.7.1.1": "authority information access",
	}
	if name := names[oid.String()]; name != "" {
		return "extension for its " + name
	}
	return "extension " + oid.String()
}
