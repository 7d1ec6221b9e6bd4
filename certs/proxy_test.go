package certs

import (
	"crypto/x509"
	"testing"
)

// A proxy's root is made once for each name, is as constrained as the lab's, and trusted by nobody.
func TestProxy(t *testing.T) {
	a := newAuthorityT(t)
	b := build(t, a, Expired(Leaf, 3), CorruptSignature())
	root, err := a.Proxy("Proxy Root")
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Resign(b, "Proxy Root")
	if err != nil {
		t.Fatal(err)
	}
	switch leaf := r.Leaf(); {
	case len(r.Chain) != 2 || !r.Chain[1].Equal(root):
		t.Error("the proxy's root should be sent after the leaf, the same for each chain")
	case leaf.CheckSignatureFrom(root) != nil || leaf.Issuer.CommonName != "Proxy Root":
		t.Error("the proxy should have signed the leaf")
	case leaf.VerifyHostname(DefaultHost) != nil || !leaf.NotAfter.Equal(b.Leaf().NotAfter):
		t.Error("names and dates should be those of the server's certificate")
	}
	if permits(root, "example.com") || !permits(root, DefaultHost) {
		t.Error("a proxy's root should be limited to the lab's names")
	}
	for _, c := range append(a.Roots(), a.Intermediates()...) {
		if c.Equal(root) {
			t.Error("nobody should trust or know a proxy's root")
		}
	}
	if _, err := r.Leaf().Verify(x509.VerifyOptions{Roots: pool(root), CurrentTime: b.Leaf().NotBefore}); err != nil {
		t.Errorf("who trusts the proxy should accept: %v", err)
	}
	if _, err := a.Resign(nil, "Proxy Root"); err == nil {
		t.Error("there is nothing to sign again")
	}
	if _, err := a.Proxy(""); err == nil {
		t.Error("a proxy without a name")
	}
}
