package status

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// CRL judges a revocation list by RFC 5280 section 6.3.3, as far as a list that is complete
// for its scope goes: delta lists and those about other CAs' certificates are told, not used.
func CRL(source, url string, der []byte, leaf, issuer *x509.Certificate, at time.Time) Word {
	w := Word{Source: source}
	list, err := readList(der, leaf.SerialNumber)
	switch {
	case err != nil:
		return w.Useless(finding.DetailUnreadable, "cannot be read: %s", finding.Clip(err.Error()))
	case !bytes.Equal(list.RawIssuer, issuer.RawSubject):
		return w.Useless(finding.DetailOtherSigner, "is the list of %s, not of the issuer, %s", finding.Clip(list.Issuer.String()), finding.CertificateName(issuer))
	case list.CheckSignatureFrom(issuer) != nil:
		return w.Useless(finding.DetailOtherSigner, "is not signed by the issuer, %s", finding.CertificateName(issuer))
	}
	if why := scope(list, url); why != "" {
		return w.Useless(finding.DetailOtherScope, "%s", why)
	}
	w.Good = true
	for _, e := range list.RevokedCertificateEntries {
		if e.SerialNumber.Cmp(leaf.SerialNumber) == 0 {
			w.Good, w.Revoked, w.Since, w.Reason = false, true, e.RevocationTime, e.ReasonCode
		}
	}
	return w.current(list.ThisUpdate, list.NextUpdate, at)
}

// issuingPoint is the extension IssuingDistributionPoint, RFC 5280 section 5.2.5.
type issuingPoint struct {
	Point struct {
		FullName []asn1.RawValue `asn1:"optional,tag:0"`
	} `asn1:"optional,tag:0"`
	OnlyUsers      bool           `asn1:"optional,tag:1"`
	OnlyCAs        bool           `asn1:"optional,tag:2"`
	OnlyReasons    asn1.BitString `asn1:"optional,tag:3"`
	Indirect       bool           `asn1:"optional,tag:4"`
	OnlyAttributes bool           `asn1:"optional,tag:5"`
}

// scope says why a list does not speak about the leaf. Large CAs split their lists: without this
// look somebody on the way could answer with another part, on which the leaf cannot be.
func scope(list *x509.RevocationList, url string) string {
	for _, e := range list.Extensions {
		if !e.Critical {
			continue
		}
		if !e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 28}) {
			return fmt.Sprintf("has the critical extension %s, which cannot be used here", e.Id)
		}
		var p issuingPoint
		if rest, err := asn1.Unmarshal(e.Value, &p); err != nil || len(rest) > 0 {
			return "says in a way that cannot be read what it is about"
		}
		if p.OnlyCAs || p.OnlyAttributes || p.Indirect || p.OnlyReasons.BitLength > 0 {
			return "is not about all reasons to revoke a server's certificate"
		}
		named := slices.ContainsFunc(p.Point.FullName, func(v asn1.RawValue) bool { return string(v.Bytes) == url })
		if len(p.Point.FullName) > 0 && !named {
			return "is a part of the CA's list, and not the one that the certificate names"
		}
	}
	return ""
}

var errList = errors.New("it is not built as a revocation list is")

// readList parses a list as crypto/x509 does, with those of its entries alone that are about one
// serial number: parsed, a list of megabytes takes many times its size. What is signed stays whole.
func readList(der []byte, serial *big.Int) (*x509.RevocationList, error) {
	input := cryptobyte.String(der)
	var outer, signed, body cryptobyte.String
	if !input.ReadASN1(&outer, casn1.SEQUENCE) || !input.Empty() || !outer.ReadASN1Element(&signed, casn1.SEQUENCE) {
		return nil, errList
	}
	behind := outer // algorithm and signature
	whole := signed
	if !signed.ReadASN1(&body, casn1.SEQUENCE) {
		return nil, errList
	}
	short, err := shortened(body, serial)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(short) })
		b.AddBytes(behind)
	})
	again, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	list, err := x509.ParseRevocationList(again)
	if err != nil {
		return nil, err
	}
	list.Raw, list.RawTBSRevocationList = der, whole
	return list, nil
}

// shortened returns the fields of a TBSCertList (RFC 5280 section 5.1.2) without the entries about
// other serial numbers.
func shortened(body cryptobyte.String, serial *big.Int) ([]byte, error) {
	var before, field, entries, kept cryptobyte.String
	var last casn1.Tag
	for !body.Empty() {
		var tag casn1.Tag
		at := body
		if !body.ReadAnyASN1Element(&field, &tag) {
			return nil, errList
		}
		// The entries are the sequence behind the dates; algorithm and issuer, sequences too, go before.
		if tag == casn1.SEQUENCE && (last == casn1.UTCTime || last == casn1.GeneralizedTime) {
			if !at.ReadASN1(&entries, casn1.SEQUENCE) {
				return nil, errList
			}
			break
		}
		before, last = append(before, field...), tag
	}
	for !entries.Empty() {
		var entry, inner cryptobyte.String
		number := new(big.Int)
		if !entries.ReadASN1Element(&entry, casn1.SEQUENCE) {
			return nil, errList
		}
		whole := entry
		if !entry.ReadASN1(&inner, casn1.SEQUENCE) || !inner.ReadASN1Integer(number) {
			return nil, errList
		}
		if number.Cmp(serial) == 0 {
			kept = append(kept, whole...)
		}
	}
	var b cryptobyte.Builder
	b.AddBytes(before)
	if len(kept) > 0 {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(kept) })
	}
	b.AddBytes(body)
	return b.Bytes()
}
