package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// A faultCase is one constructor, what crypto/x509 says to the chain, and what the certificates
// themselves must show.
type faultCase struct {
	name   string
	fault  []Fault
	reason string
	sent   int
	check  func(a *Authority, b *Bundle) bool
}

func faultCases() []faultCase {
	return slices.Concat(nameCases(), chainCases(), leafCases(), rareCases())
}

func nameCases() []faultCase {
	return []faultCase{
		{"healthy", nil, "", 2, func(a *Authority, b *Bundle) bool {
			l := b.Leaf()
			return l.Subject.CommonName == DefaultHost && slices.Equal(l.DNSNames, []string{DefaultHost, "*.lab.test", "localhost"}) &&
				len(l.IPAddresses) == 2 && b.Chain[1].Equal(a.Intermediates()[0]) && sameKey(b)
		}},
		{"names", []Fault{Names("pop.lab.test", "192.0.2.7")}, "name", 2, func(_ *Authority, b *Bundle) bool {
			l := b.Leaf()
			return l.Subject.CommonName == "pop.lab.test" && slices.Equal(l.DNSNames, []string{"pop.lab.test"}) &&
				len(l.IPAddresses) == 1 && l.IPAddresses[0].String() == "192.0.2.7"
		}},
		{"wildcard", []Fault{Names("*.lab.test")}, "", 2, func(_ *Authority, b *Bundle) bool {
			return slices.Equal(b.Leaf().DNSNames, []string{"*.lab.test"}) && b.Leaf().IPAddresses == nil
		}},
		{"common name", []Fault{Names("pop.lab.test"), CommonName(DefaultHost)}, "name", 2, func(_ *Authority, b *Bundle) bool {
			return b.Leaf().Subject.CommonName == DefaultHost && slices.Equal(b.Leaf().DNSNames, []string{"pop.lab.test"})
		}},
		{"no san", []Fault{NoSAN()}, "name", 2, func(_ *Authority, b *Bundle) bool {
			l := b.Leaf()
			return l.Subject.CommonName == DefaultHost && !slices.ContainsFunc(l.Extensions, isSAN)
		}},
		{"default installation", []Fault{DefaultInstallation()}, "name", 1, func(_ *Authority, b *Bundle) bool {
			l := b.Leaf()
			return l.Subject.CommonName == "localhost" && len(l.Subject.Organization) == 1 && l.CheckSignature(l.SignatureAlgorithm, l.RawTBSCertificate, l.Signature) == nil
		}},
	}
}

func chainCases() []faultCase {
	return []faultCase{
		{"root also sent", []Fault{RootAlsoSent()}, "", 3, func(a *Authority, b *Bundle) bool { return b.Chain[2].Equal(a.Root()) }},
		{"self-signed", []Fault{SelfSigned()}, "unknown", 1, func(_ *Authority, b *Bundle) bool {
			return selfIssued(b.Leaf()) && !b.Leaf().IsCA && b.Leaf().BasicConstraintsValid
		}},
		{"self-signed CA", []Fault{SelfSigned(), CALeaf()}, "unknown", 1, func(_ *Authority, b *Bundle) bool {
			return b.Leaf().IsCA && b.Leaf().CheckSignatureFrom(b.Leaf()) == nil
		}},
		{"CA by the root", []Fault{CALeaf(), IssuedByRoot()}, "", 1, func(a *Authority, b *Bundle) bool {
			return b.Leaf().IsCA && b.Leaf().CheckSignatureFrom(a.Root()) == nil
		}},
		{"private CA", []Fault{PrivateCA()}, "unknown", 2, func(a *Authority, b *Bundle) bool {
			return b.Leaf().CheckSignatureFrom(b.Chain[1]) == nil && !bytes.Equal(b.Chain[1].RawIssuer, a.Root().RawSubject) && !selfIssued(b.Chain[1])
		}},
		{"private root only", []Fault{PrivateRootOnly()}, "unknown", 1, func(a *Authority, b *Bundle) bool {
			return !selfIssued(b.Leaf()) && b.leaf.issuer.issuer == nil && len(a.Intermediates()) == 1
		}},
		{"omit intermediate", []Fault{OmitIntermediate()}, "unknown", 1, func(a *Authority, b *Bundle) bool {
			return b.Leaf().CheckSignatureFrom(a.Intermediates()[0]) == nil
		}},
		{"wrong intermediate", []Fault{WrongIntermediate()}, "unknown", 2, func(a *Authority, b *Bundle) bool {
			return b.Chain[1].CheckSignatureFrom(a.Root()) == nil && !bytes.Equal(b.Chain[1].RawSubject, b.Leaf().RawIssuer)
		}},
		{"reversed", []Fault{Reversed()}, "", 4, func(a *Authority, b *Bundle) bool {
			upper, lower, stray := b.Chain[1], b.Chain[2], b.Chain[3]
			return b.Leaf().CheckSignatureFrom(lower) == nil && lower.CheckSignatureFrom(upper) == nil &&
				upper.CheckSignatureFrom(a.Root()) == nil && stray.CheckSignatureFrom(a.Root()) != nil
		}},
		{"same name issuer", []Fault{SameNameIssuer()}, "signature", 2, func(a *Authority, b *Bundle) bool {
			in := b.Chain[1]
			return bytes.Equal(in.RawIssuer, a.Root().RawSubject) && !bytes.Equal(in.AuthorityKeyId, a.Root().SubjectKeyId) && in.CheckSignatureFrom(a.Root()) != nil
		}},
		{"not a CA", []Fault{NotCA()}, "not-ca", 2, func(a *Authority, b *Bundle) bool {
			in := b.Chain[1]
			return !in.IsCA && a.Root().CheckSignature(in.SignatureAlgorithm, in.RawTBSCertificate, in.Signature) == nil
		}},
	}
}

func leafCases() []faultCase {
	return []faultCase{
		{"expired leaf", []Fault{Expired(Leaf, 1)}, "time", 2, func(_ *Authority, b *Bundle) bool { return window(b.Leaf(), -91, -1) }},
		{"expired intermediate", []Fault{Expired(Intermediate, 1)}, "time", 2, func(_ *Authority, b *Bundle) bool {
			return b.Chain[1].NotAfter.Equal(testNow().Add(-day)) && window(b.Leaf(), -31, 60)
		}},
		{"expired root", []Fault{Expired(Root, 1)}, "time", 2, func(a *Authority, b *Bundle) bool {
			return len(a.Roots()) == 2 && a.Roots()[1].NotAfter.Equal(testNow().Add(-day)) && b.Chain[1].CheckSignatureFrom(a.Roots()[1]) == nil &&
				b.Chain[1].NotAfter.After(testNow()) && b.Leaf().NotAfter.After(testNow())
		}},
		{"leaf not yet valid", []Fault{NotYetValid(Leaf, 2)}, "time", 2, func(_ *Authority, b *Bundle) bool { return window(b.Leaf(), 2, 60) }},
		{"intermediate not yet valid", []Fault{NotYetValid(Intermediate, 2)}, "time", 2, func(_ *Authority, b *Bundle) bool { return window(b.Chain[1], 2, 90) }},
		{"expires in 7", []Fault{ExpiresIn(7)}, "", 2, func(_ *Authority, b *Bundle) bool { return window(b.Leaf(), -80, 7) }},
		{"RSA 1024", []Fault{SmallRSA(1024)}, "", 2, func(_ *Authority, b *Bundle) bool {
			key, ok := b.Leaf().PublicKey.(*rsa.PublicKey)
			return ok && key.N.BitLen() == 1024 && b.Leaf().KeyUsage&x509.KeyUsageKeyEncipherment != 0 && sameKey(b)
		}},
		{"SHA-1", []Fault{SHA1()}, "weak", 2, func(_ *Authority, b *Bundle) bool { return b.Leaf().SignatureAlgorithm == x509.ECDSAWithSHA1 }},
		{"corrupt", []Fault{CorruptSignature()}, "signature", 2, func(_ *Authority, b *Bundle) bool {
			l := b.Leaf()
			return b.Chain[1].CheckSignature(l.SignatureAlgorithm, l.RawTBSCertificate, l.Signature) != nil
		}},
		{"wrong key", []Fault{WrongKey()}, "", 2, func(_ *Authority, b *Bundle) bool { return !sameKey(b) }},
		{"client certificate", []Fault{ExtKeyUsage("clientAuth")}, "usage", 2, func(_ *Authority, b *Bundle) bool {
			return slices.Equal(b.Leaf().ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth})
		}},
		{"S/MIME certificate", []Fault{ExtKeyUsage("emailProtection")}, "usage", 2, func(_ *Authority, b *Bundle) bool {
			return slices.Equal(b.Leaf().ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection})
		}},
		{"CRL", []Fault{CRL(StatusRevoked)}, "", 2, func(_ *Authority, b *Bundle) bool { return listed(b) == "revoked" }},
		{"OCSP", []Fault{OCSP(StatusRevoked)}, "", 2, func(_ *Authority, b *Bundle) bool { return answered(b) == "revoked" }},
		{"must staple", []Fault{MustStaple()}, "", 2, func(_ *Authority, b *Bundle) bool {
			return slices.ContainsFunc(b.Leaf().Extensions, isTLSFeature) && b.TLS().OCSPStaple == nil
		}},
		{"staple", []Fault{Staple(StatusRevoked)}, "", 2, func(_ *Authority, b *Bundle) bool { return stapled(b) == "revoked" }},
	}
}

func rareCases() []faultCase {
	return []faultCase{
		{"fetchable intermediate", []Fault{FetchableIntermediate()}, "unknown", 1, func(a *Authority, b *Bundle) bool {
			return len(a.Intermediates()) == 1 && b.Leaf().IssuingCertificateURL[0] == unpublished+b.Documents()[0].Path
		}},
		{"expired cross-sign", []Fault{ExpiredCrossSign()}, "", 3, func(a *Authority, b *Bundle) bool {
			x := b.Chain[2]
			return bytes.Equal(x.RawSubject, a.Root().RawSubject) && a.root.key.Public().(*ecdsa.PublicKey).Equal(x.PublicKey) &&
				!selfIssued(x) && x.NotAfter.Before(testNow()) && len(a.Intermediates()) == 1
		}},
		{"distrusted root", []Fault{DistrustedRoot()}, "unknown", 2, func(a *Authority, b *Bundle) bool {
			return len(a.Distrusted()) == 1 && len(a.Roots()) == 1 && b.Chain[1].CheckSignatureFrom(a.Distrusted()[0]) == nil
		}},
		{"name constraint", []Fault{NameConstraint("other.test")}, "constraint", 2, func(_ *Authority, b *Bundle) bool { return b.Chain[1].PermittedDNSDomainsCritical }},
		{"leaf issuer", []Fault{LeafIssuer()}, "not-ca", 3, func(_ *Authority, b *Bundle) bool {
			return !b.Chain[1].IsCA && slices.Contains(b.Chain[1].DNSNames, "www.lab.test")
		}},
		{"u-label", []Fault{ULabel("münchen.lab.test")}, "name", 2, func(_ *Authority, b *Bundle) bool {
			return b.Leaf().CheckSignatureFrom(b.Chain[1]) == nil && bytes.Contains(b.Raw[0], []byte("münchen"))
		}},
		{"900 days", []Fault{ValidFor(900)}, "", 2, func(_ *Authority, b *Bundle) bool { return window(b.Leaf(), -840, 60) }},
		{"MD5", []Fault{MD5()}, "weak", 2, func(_ *Authority, b *Bundle) bool {
			_, ok := b.Chain[1].PublicKey.(*rsa.PublicKey)
			return ok && b.Leaf().SignatureAlgorithm == x509.MD5WithRSA
		}},
		{"SHA-1 intermediate", []Fault{SHA1Intermediate()}, "weak", 2, func(_ *Authority, b *Bundle) bool { return b.Chain[1].SignatureAlgorithm == x509.ECDSAWithSHA1 }},
		{"key usage", []Fault{KeyUsage("keyEncipherment", "keyAgreement")}, "", 2, func(_ *Authority, b *Bundle) bool {
			return b.Leaf().KeyUsage == x509.KeyUsageKeyEncipherment|x509.KeyUsageKeyAgreement
		}},
		{"critical extension", []Fault{CriticalExtension()}, "x509: unhandled critical extension", 2, func(_ *Authority, b *Bundle) bool {
			return len(b.Leaf().UnhandledCriticalExtensions) == 1
		}},
	}
}

func window(c *x509.Certificate, from, to int) bool {
	return c.NotBefore.Equal(testNow().Add(days(from))) && c.NotAfter.Equal(testNow().Add(days(to)))
}

func selfIssued(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

func sameKey(b *Bundle) bool {
	switch served := b.key.Public().(type) {
	case *ecdsa.PublicKey:
		return served.Equal(b.Leaf().PublicKey)
	case *rsa.PublicKey:
		return served.Equal(b.Leaf().PublicKey)
	}
	return false
}

func TestFaults(t *testing.T) {
	for _, c := range faultCases() {
		t.Run(c.name, func(t *testing.T) {
			a := newAuthorityT(t)
			b := build(t, a, c.fault...)
			if got := reason(a, b, DefaultHost); got != c.reason {
				t.Errorf("x509 says %q, want %q", got, c.reason)
			}
			if len(b.Chain) != c.sent || len(b.Raw) != c.sent {
				t.Errorf("%d certificates and %d raw ones are sent, want %d", len(b.Chain), len(b.Raw), c.sent)
			}
			if !c.check(a, b) {
				t.Errorf("the certificates are not what the fault says:\n%+v", b.Leaf())
			}
			if !overlap(b.leaf) {
				t.Error("a window does not meet that of its issuer")
			}
			if b.Leaf().SerialNumber.BitLen() < 64 || len(b.Leaf().SubjectKeyId) != 20 {
				t.Errorf("serial number %v, key identifier %x", b.Leaf().SerialNumber, b.Leaf().SubjectKeyId)
			}
			var names []string
			for _, ca := range append(a.Roots(), a.Intermediates()...) {
				names = append(names, ca.Subject.String())
			}
			if slices.Sort(names); len(slices.Compact(slices.Clone(names))) != len(names) {
				t.Errorf("two CAs have one name: %v", names)
			}
			if a.Intermediates()[0] != a.intermediate.cert || a.Roots()[0] != a.Root() {
				t.Error("the healthy CAs do not come first")
			}
		})
	}
}

// Every kind has a case above, so that a new one cannot stay untested.
func TestFaultsAreAllTried(t *testing.T) {
	tried := map[Kind]bool{}
	for _, c := range faultCases() {
		for _, f := range c.fault {
			tried[f.Kind] = true
		}
	}
	for k := range rules() {
		if !tried[k] {
			t.Errorf("no case builds %q", k)
		}
	}
}

func TestSpecRoundTrip(t *testing.T) {
	for _, c := range faultCases() {
		in := Spec{Host: "imap.lab.test", Faults: c.fault}
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var out Spec
		if err := json.Unmarshal(text, &out); err != nil || !reflect.DeepEqual(in, out) {
			t.Errorf("%s: %s became %+v (%v)", c.name, text, out, err)
		}
	}
	text, _ := json.Marshal(Spec{Faults: []Fault{Expired(Leaf, 1)}})
	if want := `{"faults":[{"kind":"expired","on":"leaf","days":1}]}`; string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

func TestRefused(t *testing.T) {
	a := newAuthorityT(t)
	for _, c := range []struct {
		name, want string
		faults     []Fault
	}{
		{"unknown kind", "no certificate fault", []Fault{{Kind: "sha2"}}},
		{"no kind", "no certificate fault", []Fault{{}}},
		{"wrong role", `cannot be on "root"`, []Fault{{Kind: kindSHA1, On: Root}}},
		{"role of a chain", `cannot be on "leaf"`, []Fault{{Kind: kindPrivateCA, On: Leaf}}},
		{"no role", `cannot be on ""`, []Fault{{Kind: kindExpired, Days: 1}}},
		{"unused parameter", "takes no days", []Fault{{Kind: kindNoSAN, Days: 3}}},
		{"no names", "needs names", []Fault{Names()}},
		{"empty name", "empty", []Fault{Names("a.test", "")}},
		{"no days", "needs days", []Fault{Expired(Leaf, 0)}},
		{"negative days", "from 1", []Fault{Expired(Leaf, -1)}},
		{"too many days", "from 1", []Fault{NotYetValid(Leaf, 400)}},
		{"large RSA", "the bits must be from 1024 to 2047, not 2048", []Fault{SmallRSA(2048)}},
		{"tiny RSA", "the bits must be from 1024 to 2047, not 512", []Fault{SmallRSA(512)}},
		{"unknown usage", "it takes the names clientAuth, emailProtection, serverAuth, not", []Fault{ExtKeyUsage("timeStamping")}},
		{"unknown key usage", "it takes the names digitalSignature, keyAgreement, keyEncipherment, not", []Fault{KeyUsage("crlSign")}},
		{"ascii u-label", "in ASCII already", []Fault{ULabel("munich.lab.test")}},
		{"longer than its CA", "from 1", []Fault{ValidFor(2000)}},
		{"cross-sign of no root", "no root", []Fault{SelfSigned(), ExpiredCrossSign()}},
		{"issuer of itself", "no issuer", []Fault{SelfSigned(), LeafIssuer()}},
		{"two hashes", "undo", []Fault{SHA1(), MD5()}},
		{"two kinds of names", "undo", []Fault{ULabel("münchen.lab.test"), Names("a.test")}},
		{"root of none", "no root", []Fault{SelfSigned(), RootAlsoSent()}},
		{"issuer of none", "no root", []Fault{SelfSigned(), SameNameIssuer()}},
		{"intermediate of none", "no intermediate", []Fault{SelfSigned(), WrongIntermediate()}},
		{"intermediate below root", "no intermediate", []Fault{IssuedByRoot(), Expired(Intermediate, 1)}},
		{"edited, then removed", "would remove", []Fault{Expired(Intermediate, 1), SelfSigned()}},
		{"root edited, then removed", "would remove", []Fault{Expired(Root, 1), SelfSigned()}},
		{"two other roots", "already replaced", []Fault{SameNameIssuer(), PrivateCA()}},
		{"early and late", "contradicts", []Fault{Expired(Leaf, 1), NotYetValid(Leaf, 2)}},
		{"it takes the status good, revoked, expired, none, not", "needs status", []Fault{CRL("")}},
		{"unknown status", "it takes the status good, revoked, expired, none, not", []Fault{OCSP("on-hold")}},
		{"no staple", "it takes the status good, revoked, expired, not", []Fault{Staple(StatusNone)}},
		{"status of nothing", "takes no status", []Fault{{Kind: kindMustStaple, On: Leaf, Status: StatusGood}}},
		{"revoked and good", "contradicts", []Fault{CRL(StatusRevoked), OCSP(StatusGood)}},
		{"good and revoked", "contradicts", []Fault{Staple(StatusExpired), CRL(StatusRevoked)}},
		{"revoked and expired", "contradicts", []Fault{CRL(StatusRevoked), Staple(StatusExpired)}},
		{"revoked by nobody", "no CA", []Fault{CRL(StatusGood), SelfSigned()}},
		{"late and early", "contradicts", []Fault{NotYetValid(Leaf, 2), Expired(Leaf, 1)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if b, err := a.Build(Spec{Faults: c.faults}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v and the error %v, want an error with %q", b, err, c.want)
			}
		})
	}
	if len(a.Roots()) != 1 || len(a.Intermediates()) != 1 {
		t.Error("a refused specification left a CA behind")
	}
	if _, err := a.Build(Spec{Host: "mail.example.com"}); err == nil || !strings.Contains(err.Error(), "may not certify") {
		t.Errorf("a host outside the root's names gives %v", err)
	}
}

func TestCombinations(t *testing.T) {
	late := func(c *x509.Certificate) bool { return c.NotAfter.Before(testNow()) }
	for _, c := range []struct {
		name   string
		faults []Fault
		check  func(a *Authority, b *Bundle) bool
	}{
		{"all at once", []Fault{Expired(Leaf, 3), Names("old.lab.test"), PrivateCA()}, func(_ *Authority, b *Bundle) bool {
			return late(b.Leaf()) && slices.Equal(b.Leaf().DNSNames, []string{"old.lab.test"})
		}},
		{"all at once, reordered", []Fault{PrivateCA(), Names("old.lab.test"), Expired(Leaf, 3)}, func(_ *Authority, b *Bundle) bool {
			return late(b.Leaf()) && slices.Equal(b.Leaf().DNSNames, []string{"old.lab.test"})
		}},
		{"expired intermediate, private", []Fault{Expired(Intermediate, 1), PrivateCA()}, func(_ *Authority, b *Bundle) bool { return late(b.Chain[1]) }},
		{"private, expired intermediate", []Fault{PrivateCA(), Expired(Intermediate, 1)}, func(_ *Authority, b *Bundle) bool { return late(b.Chain[1]) }},
		{"no CA, private", []Fault{NotCA(), PrivateCA()}, func(_ *Authority, b *Bundle) bool { return !b.Chain[1].IsCA }},
		{"expired root, private", []Fault{Expired(Root, 1), PrivateCA()}, func(_ *Authority, b *Bundle) bool { return late(b.leaf.issuer.issuer.cert) }},
		{"expired root, same name", []Fault{Expired(Root, 1), SameNameIssuer()}, func(a *Authority, b *Bundle) bool {
			return late(b.leaf.issuer.issuer.cert) && bytes.Equal(b.Chain[1].RawIssuer, a.Root().RawSubject)
		}},
		{"reversed, private", []Fault{Reversed(), PrivateCA()}, func(_ *Authority, b *Bundle) bool { return len(b.Chain) == 4 && len(b.Sorted().Chain) == 3 }},
		{"RSA, SHA-1, self-signed", []Fault{SmallRSA(1024), SHA1(), SelfSigned()}, func(_ *Authority, b *Bundle) bool {
			return b.Leaf().SignatureAlgorithm == x509.SHA1WithRSA
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAuthorityT(t)
			b := build(t, a, c.faults...)
			if !c.check(a, b) {
				t.Error("one of the faults is lost")
			}
			l := b.Leaf()
			if len(a.Roots()) != 1 {
				t.Error("a root that nobody should trust is trusted")
			}
			// With a healthy clock and the right name, trust alone must still be refused.
			if _, err := l.Verify(x509.VerifyOptions{Roots: pool(a.Roots()...), Intermediates: pool(b.Chain[1:]...),
				CurrentTime: l.NotBefore.Add(time.Second)}); err == nil {
				t.Error("the chain is trusted")
			}
		})
	}
}

func TestOldLeafBelowOlderIssuer(t *testing.T) {
	for _, faults := range [][]Fault{{Expired(Intermediate, 200), Expired(Leaf, 1)}, {Expired(Leaf, 1), Expired(Intermediate, 200)}} {
		b := build(t, newAuthorityT(t), faults...)
		if b.Leaf().NotAfter.After(testNow()) || b.Chain[1].NotAfter.After(testNow()) || !overlap(b.leaf) {
			t.Errorf("%v: the leaf is of %v to %v, its issuer ends on %v", faults, b.Leaf().NotBefore, b.Leaf().NotAfter, b.Chain[1].NotAfter)
		}
	}
}

func isSAN(e pkix.Extension) bool { return e.Id.String() == "2.5.29.17" }
