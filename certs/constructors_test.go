package certs_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/mailtlslab/mailtlslab/certs"
)

func clock() time.Time { return time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC) }

func inDays(n int) time.Time { return clock().Add(time.Duration(n) * 24 * time.Hour) }

// A constructed fault comes with what everybody can see on the wire when it is there.
type constructed struct {
	name  string // the constructor
	fault certs.Fault
	seen  func(sight) bool
}

func constructors() []constructed {
	return slices.Concat(chainConstructors(), leafConstructors(), issuerConstructors(), formConstructors())
}

func chainConstructors() []constructed {
	return []constructed{
		{"RootAlsoSent", certs.RootAlsoSent(), func(s sight) bool { return slices.ContainsFunc(s.sent, selfIssuedCA) }},
		{"SelfSigned", certs.SelfSigned(), sight.selfSigned},
		{"IssuedByRoot", certs.IssuedByRoot(), func(s sight) bool { return len(s.path) == 1 && s.trusted() }},
		{"PrivateCA", certs.PrivateCA(), func(s sight) bool { return len(s.path) > 0 && !s.trusted() && !s.selfSigned() }},
		{"PrivateRootOnly", certs.PrivateRootOnly(), func(s sight) bool { return len(s.path) <= 1 && !s.trusted() && !s.selfSigned() }},
		{"OmitIntermediate", certs.OmitIntermediate(), func(s sight) bool {
			return len(s.path) > 0 && subordinate(s.path[0]) && !slices.ContainsFunc(s.sent, subordinate)
		}},
		{"WrongIntermediate", certs.WrongIntermediate(), func(s sight) bool {
			return len(s.sent) > 0 && len(s.path) > 0 && subordinate(s.sent[0]) && !slices.ContainsFunc(s.path, s.sent[0].Equal) && !slices.ContainsFunc(s.sent, s.path[0].Equal)
		}},
		{"Reversed", certs.Reversed(), func(s sight) bool {
			return len(s.sent) > 1 && len(s.path) > 1 && s.path[0].Equal(s.sent[1]) && s.path[1].Equal(s.sent[0]) && slices.ContainsFunc(s.sent, func(c *x509.Certificate) bool {
				return !slices.ContainsFunc(s.path, c.Equal)
			})
		}},
		{"SameNameIssuer", certs.SameNameIssuer(), func(s sight) bool {
			if len(s.path) == 0 {
				return false
			}
			top := s.path[len(s.path)-1]
			return bytes.Equal(top.RawIssuer, s.root.RawSubject) && !s.trusted()
		}},
		{"NotCA", certs.NotCA(), func(s sight) bool {
			return slices.ContainsFunc(s.path, func(c *x509.Certificate) bool { return subordinate(c) && !c.IsCA })
		}},
		{"Expired", certs.Expired(certs.Intermediate, 1), func(s sight) bool { return slices.ContainsFunc(s.path, both(subordinate, over)) }},
		{"Expired", certs.Expired(certs.Root, 1), func(s sight) bool { return s.rootUnseen() || slices.ContainsFunc(s.path, both(selfIssuedCA, over)) }},
		{"NotYetValid", certs.NotYetValid(certs.Intermediate, 2), func(s sight) bool { return slices.ContainsFunc(s.path, both(subordinate, early)) }},
		{"NotYetValid", certs.NotYetValid(certs.Root, 2), func(s sight) bool { return s.rootUnseen() || slices.ContainsFunc(s.path, both(selfIssuedCA, early)) }},
	}
}

func leafConstructors() []constructed {
	return []constructed{
		{"Names", certs.Names("pop.lab.test"), func(s sight) bool {
			return len(s.leaf.DNSNames) == 0 || slices.Equal(s.leaf.DNSNames, []string{"pop.lab.test"})
		}},
		{"CommonName", certs.CommonName("imap.lab.test"), func(s sight) bool { return s.leaf.Subject.CommonName == "imap.lab.test" }},
		{"NoSAN", certs.NoSAN(), func(s sight) bool { return len(s.leaf.DNSNames)+len(s.leaf.IPAddresses) == 0 }},
		{"CALeaf", certs.CALeaf(), func(s sight) bool { return s.leaf.IsCA }},
		{"DefaultInstallation", certs.DefaultInstallation(), func(s sight) bool {
			return s.selfSigned() && s.leaf.Subject.CommonName == "localhost" && len(s.leaf.Subject.Organization) == 1
		}},
		{"Expired", certs.Expired(certs.Leaf, 1), func(s sight) bool { return over(s.leaf) }},
		{"NotYetValid", certs.NotYetValid(certs.Leaf, 2), func(s sight) bool { return early(s.leaf) }},
		{"ExpiresIn", certs.ExpiresIn(3), func(s sight) bool { return s.leaf.NotAfter.Equal(inDays(3)) }},
		{"SmallRSA", certs.SmallRSA(1024), func(s sight) bool {
			key, ok := s.leaf.PublicKey.(*rsa.PublicKey)
			return ok && key.N.BitLen() == 1024
		}},
		{"SHA1", certs.SHA1(), func(s sight) bool {
			return s.leaf.SignatureAlgorithm == x509.ECDSAWithSHA1 || s.leaf.SignatureAlgorithm == x509.SHA1WithRSA
		}},
		{"CorruptSignature", certs.CorruptSignature(), sight.damaged},
		{"WrongKey", certs.WrongKey(), func(s sight) bool { return !s.matches() }},
		{"ExtKeyUsage", certs.ExtKeyUsage("clientAuth"), func(s sight) bool {
			return slices.Equal(s.leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth})
		}},
		{"CRL", certs.CRL(certs.StatusRevoked), func(s sight) bool { return s.says("/crl/") && len(s.leaf.CRLDistributionPoints) == 1 }},
		{"OCSP", certs.OCSP(certs.StatusRevoked), func(s sight) bool { return s.says("/ocsp/") && len(s.leaf.OCSPServer) == 1 }},
		{"MustStaple", certs.MustStaple(), func(s sight) bool {
			return slices.ContainsFunc(s.leaf.Extensions, func(e pkix.Extension) bool { return e.Id.String() == "1.3.6.1.5.5.7.1.24" })
		}},
		{"Staple", certs.Staple(certs.StatusRevoked), func(s sight) bool {
			r, err := ocsp.ParseResponseForCert(s.b.TLS().OCSPStaple, s.leaf, nil)
			return err == nil && r.Status == ocsp.Revoked
		}},
	}
}

// A sight is a chain as a client that knows the lab's CAs sees it.
type sight struct {
	a    *certs.Authority
	b    *certs.Bundle
	leaf *x509.Certificate
	root *x509.Certificate
	sent []*x509.Certificate // after the leaf
	path []*x509.Certificate // the issuers upwards, as far as anybody knows them
}

func look(a *certs.Authority, b *certs.Bundle) sight {
	s := sight{a: a, b: b, leaf: b.Leaf(), root: a.Root(), sent: slices.DeleteFunc(slices.Clone(b.Chain[1:]), detour)}
	known := slices.Concat(s.sent, a.Intermediates(), a.Roots())
	for _, d := range b.Documents() { // a client that fetches
		if c, err := x509.ParseCertificate(d.Body); err == nil {
			known = append(known, c)
		}
	}
	for top := s.leaf; !bytes.Equal(top.RawSubject, top.RawIssuer); top = s.path[len(s.path)-1] {
		i := slices.IndexFunc(known, func(c *x509.Certificate) bool {
			return bytes.Equal(c.RawSubject, top.RawIssuer) && bytes.Equal(c.SubjectKeyId, top.AuthorityKeyId)
		})
		if i < 0 {
			break
		}
		s.path = append(s.path, known[i])
	}
	return s
}

// says reports whether the CA publishes something below prefix that revokes the leaf.
func (s sight) says(prefix string) bool {
	for _, d := range s.b.Documents() {
		if !strings.HasPrefix(d.Path, prefix) {
			continue
		}
		if list, err := x509.ParseRevocationList(d.Body); err == nil {
			return slices.ContainsFunc(list.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool { return e.SerialNumber.Cmp(s.leaf.SerialNumber) == 0 })
		}
		r, err := ocsp.ParseResponseForCert(d.Body, s.leaf, nil)
		return err == nil && r.Status == ocsp.Revoked
	}
	return false
}

// detour reports whether c is a cross-certificate, beside which there is a better way.
func detour(c *x509.Certificate) bool { return strings.HasPrefix(c.Issuer.CommonName, "Bygone Trust") }

func (s sight) selfSigned() bool {
	return bytes.Equal(s.leaf.RawSubject, s.leaf.RawIssuer) && len(s.sent) == 0 && len(s.path) == 0
}

func (s sight) trusted() bool {
	return len(s.path) > 0 && slices.ContainsFunc(s.a.Roots(), s.path[len(s.path)-1].Equal)
}

func (s sight) rootUnseen() bool { return len(s.path) == 0 || !selfIssuedCA(s.path[len(s.path)-1]) }

// damaged reports whether the leaf's signature is not its issuer's; one whose issuer is nowhere
// to be seen cannot tell.
func (s sight) damaged() bool {
	issuer := s.leaf
	if !s.selfSigned() {
		if len(s.path) == 0 {
			return true
		}
		issuer = s.path[0]
	}
	return issuer.CheckSignature(s.leaf.SignatureAlgorithm, s.leaf.RawTBSCertificate, s.leaf.Signature) != nil
}

func (s sight) matches() bool {
	key := s.b.TLS().PrivateKey.(crypto.Signer).Public()
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		return key.Equal(s.leaf.PublicKey)
	case *rsa.PublicKey:
		return key.Equal(s.leaf.PublicKey)
	}
	return false
}

func over(c *x509.Certificate) bool         { return c.NotAfter.Before(clock()) }
func early(c *x509.Certificate) bool        { return c.NotBefore.After(clock()) }
func subordinate(c *x509.Certificate) bool  { return !bytes.Equal(c.RawSubject, c.RawIssuer) }
func selfIssuedCA(c *x509.Certificate) bool { return !subordinate(c) && c.IsCA }

func both(f, g func(*x509.Certificate) bool) func(*x509.Certificate) bool {
	return func(c *x509.Certificate) bool { return f(c) && g(c) }
}

func authority(t testing.TB, hosts ...string) *certs.Authority {
	t.Helper()
	a, err := certs.NewAuthority(certs.Options{Now: clock(), Hosts: hosts})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func built(t testing.TB, a *certs.Authority, faults ...certs.Fault) *certs.Bundle {
	t.Helper()
	b, err := a.Build(certs.Spec{Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Every kind has a constructor, and every constructor is in the table above: both lists are read
// from the source, so that neither can be forgotten.
func TestKindsAndConstructorsAgree(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var functions, kinds []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if r := n.Type.Results; n.Name.IsExported() && r != nil && len(r.List) == 1 && isNamed(r.List[0].Type, "Fault") {
				functions = append(functions, n.Name.Name)
			}
		case *ast.ValueSpec:
			if isNamed(n.Type, "Kind") {
				value, err := strconv.Unquote(n.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Error(err)
				}
				kinds = append(kinds, value)
			}
		}
		return true
	})
	var tried, made []string
	for _, c := range constructors() {
		tried, made = append(tried, c.name), append(made, string(c.fault.Kind))
	}
	for _, pair := range []struct {
		what      string
		got, want []string
	}{{"constructors tried", tried, functions}, {"kinds made", made, kinds}} {
		slices.Sort(pair.got)
		slices.Sort(pair.want)
		if got := slices.Compact(pair.got); !slices.Equal(got, pair.want) {
			t.Errorf("%s: %q, fault.go has %q", pair.what, got, pair.want)
		}
	}
	if len(kinds) < 20 {
		t.Errorf("only %d kinds were read from fault.go", len(kinds))
	}
}

func isNamed(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// Every fault of every pair, in both orders, is there on the wire, or the pair is refused: none
// is lost in silence.
func TestNoFaultIsLost(t *testing.T) {
	a := authority(t)
	accepted := 0
	for _, first := range constructors() {
		for _, second := range constructors() {
			b, err := a.Build(certs.Spec{Faults: []certs.Fault{first.fault, second.fault}})
			if err != nil {
				continue
			}
			accepted++
			s := look(a, b)
			for _, c := range []constructed{first, second} {
				if !c.seen(s) {
					t.Errorf("%+v, then %+v: %s is lost", first.fault, second.fault, c.name)
				}
			}
		}
	}
	if all := len(constructors()) * len(constructors()); accepted < all*3/4 {
		t.Errorf("only %d of %d pairs are built", accepted, all)
	}
}

// A healthy chain shows no fault at all, so the table above cannot pass by being blind.
func TestHealthyShowsNothing(t *testing.T) {
	a := authority(t)
	healthy := look(a, built(t, a))
	for _, c := range constructors() {
		if c.seen(healthy) {
			t.Errorf("%+v is seen on a healthy chain", c.fault)
		}
		if !c.seen(look(a, built(t, a, c.fault))) {
			t.Errorf("%+v is not seen where it is", c.fault)
		}
	}
}
