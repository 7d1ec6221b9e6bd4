package chain_test

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/internal/mint"
)

// called is a name of one attribute, a string of this type.
func called(t testing.TB, tag int, name string) []byte {
	t.Helper()
	value := asn1.RawValue{Tag: tag, Bytes: []byte(name)}
	attribute := mint.Sequence(t, mint.Marshal(t, asn1.ObjectIdentifier{2, 5, 4, 3}), mint.Marshal(t, value))
	return mint.Sequence(t, mint.Marshal(t, asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: attribute}))
}

// namingRows are about issuers whose names are written in two ways.
func namingRows(t testing.TB) []row {
	t.Helper()
	root := forge(t, "Root", "", nil)
	ca := forge(t, "Some CA", "", root)
	issuedBy := func(f *forged, issuer *forged, name []byte) []byte {
		return mint.Rewritten(t, f.Raw, issuer, func(fields [][]byte) { fields[mint.FieldIssuer] = name })
	}
	leaf := forge(t, host, host, ca)
	old := forge(t, host, host, ca, window(-9*time.Hour, -time.Hour))
	utf8 := issuedBy(leaf, ca, called(t, asn1.TagUTF8String, "Some CA"))
	upper := parse(t, issuedBy(ca, root, called(t, asn1.TagPrintableString, "ROOT")))
	at := func(name, codes string, know *chain.Knowledge, certs ...[]byte) row {
		return row{name: name, codes: codes, know: know, evidence: served(certs, host, now())}
	}
	lone := issuedBy(forge(t, host, host, root), root, called(t, asn1.TagUTF8String, "Root"))
	return []row{
		at("utf8 for printable", "issuer-name-encoding", trusting(root), utf8, ca.Raw),
		at("another case and more space", "issuer-name-encoding", trusting(root), issuedBy(leaf, ca, called(t, asn1.TagPrintableString, " some  cA ")), ca.Raw),
		at("expired too", "issuer-name-encoding expired", trusting(root), issuedBy(old, ca, called(t, asn1.TagUTF8String, "Some CA")), ca.Raw),
		at("the trusted root", "issuer-name-encoding", trusting(root), lone),
		at("in the middle, by case", "issuer-name-encoding", trusting(root), leaf.Raw, upper.Raw),
		at("and not sent", "missing-intermediate issuer-name-encoding", trusting(root, ca), utf8),
		at("private", "issuer-not-trusted issuer-name-encoding", nothing(), utf8, ca.Raw, root.Raw),
		at("another name", "issuer-unknown unrelated-certificate", trusting(root), issuedBy(leaf, ca, called(t, asn1.TagUTF8String, "Some CAs")), ca.Raw),
		at("another key", "issuer-key-mismatch issuer-name-encoding", trusting(root), utf8, forge(t, "Some CA", "", root).Raw),
	}
}

func TestNaming(t *testing.T) {
	for _, r := range namingRows(t) {
		t.Run(r.name, r.check)
	}
}

// TestMesh: CAs that all sign each other, of which one is trusted or none. The reason is always one
// that is told.
func TestMesh(t *testing.T) {
	const size = 5
	own := make([]*forged, size)
	for i := range own {
		own[i] = forge(t, fmt.Sprint("CA ", i), "", nil)
	}
	var mesh [][]byte
	for i, c := range own {
		for j, by := range own {
			if i != j {
				mesh = append(mesh, crossed(t, c, by))
			}
		}
	}
	other := forge(t, "Other Root", "", nil)
	upward := crossed(t, own[3], other)
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		r.Shuffle(len(mesh), func(a, b int) { mesh[a], mesh[b] = mesh[b], mesh[a] })
		for _, row := range []struct {
			want string
			know *chain.Knowledge
			leaf *forged
		}{
			{"", trusting(own[4]), forge(t, host, host, own[0])},
			{"", trusting(other), forge(t, host, host, own[0])},
			{"issuer-not-trusted", nothing(), forge(t, host, host, own[0])},
			{"expired", trusting(other), forge(t, host, host, own[1], window(-9*time.Hour, -time.Hour))},
			{"wrong-purpose", trusting(own[2]), forge(t, host, host, own[1], func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })},
		} {
			sent := append([][]byte{row.leaf.Raw, upward}, mesh...)
			got := chain.Judge{Knowledge: row.know}.Judge(served(sent, host, now()))
			var codes string
			for _, f := range got.Findings {
				if f.Severity == "error" {
					codes += string(f.Code)
				}
			}
			if codes != row.want {
				t.Errorf("seed %d: %q, want %q", seed, codes, row.want)
			}
		}
	}
}
