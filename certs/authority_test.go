package certs

import (
	"crypto/x509"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestAuthority(t *testing.T) {
	a := newAuthorityT(t)
	root, in := a.Root(), a.Intermediates()[0]
	if root.Subject.String() != "CN=mailtlslab Root,O=mailtlslab" || in.Subject.CommonName != "mailtlslab Issuing CA 1" {
		t.Errorf("the CAs are %s and %s", root.Subject, in.Subject)
	}
	for _, c := range []*x509.Certificate{root, in} {
		if !c.NotBefore.Equal(testNow().AddDate(-3, 0, 0)) || !c.NotAfter.Equal(testNow().Add(90*day)) || !c.IsCA {
			t.Errorf("%s is valid from %v to %v, CA %t", c.Subject, c.NotBefore, c.NotAfter, c.IsCA)
		}
	}
	if string(in.AuthorityKeyId) != string(root.SubjectKeyId) || len(root.SubjectKeyId) == 0 {
		t.Error("the key identifiers do not match")
	}
	if root.PermittedDNSDomainsCritical || !slices.Equal(root.PermittedDNSDomains, []string{"test", "localhost"}) || len(root.PermittedIPRanges) != 2 {
		t.Errorf("the root is constrained to %q and %v, critical %t", root.PermittedDNSDomains, root.PermittedIPRanges, root.PermittedDNSDomainsCritical)
	}
	if b := build(t, a); !window(b.Leaf(), -1, 60) || b.leaf.issuer != a.intermediate {
		t.Error("the healthy leaf has another window, or an issuer of its own")
	}
}

func TestZeroOptionsMeanNow(t *testing.T) {
	a, err := NewAuthority(Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := build(t, a)
	if _, err := b.Leaf().Verify(x509.VerifyOptions{DNSName: DefaultHost, Roots: pool(a.Root()), Intermediates: pool(b.Chain[1:]...)}); err != nil {
		t.Error(err)
	}
}

func TestHosts(t *testing.T) {
	hosts := []string{"mail.example.org", "192.0.2.9", "2001:db8::9"}
	a := newAuthorityT(t, hosts...)
	for _, host := range slices.Concat(hosts, []string{DefaultHost, "any.lab.test", "localhost", "127.0.0.1", "::1"}) {
		if got := reason(a, build(t, a), host); got != "" {
			t.Errorf("%s: x509 says %q", host, got)
		}
	}
	b, err := a.Build(Spec{Host: "192.0.2.9"})
	if err != nil {
		t.Fatal(err)
	}
	if !b.Leaf().IPAddresses[0].Equal(a.Root().PermittedIPRanges[2].IP) || len(b.Leaf().IPAddresses) != 4 {
		t.Errorf("the leaf has the addresses %v", b.Leaf().IPAddresses)
	}
	for _, bad := range []string{"", "*.example.org", ".org", "mail.example.org:993", "192.0.2.0/24"} {
		if _, err := NewAuthority(Options{Hosts: []string{bad}}); err == nil {
			t.Errorf("a root was allowed %q", bad)
		}
	}
}

// Trusting the root must not be dangerous: it cannot vouch for names outside the lab.
func TestConstraintsHold(t *testing.T) {
	a := newAuthorityT(t)
	for _, host := range []string{"mail.example.com", "192.0.2.1", "test.example.com"} {
		if got := reason(a, build(t, a, Names(host)), host); got != "constraint" {
			t.Errorf("%s: x509 says %q", host, got)
		}
	}
	if got := reason(a, build(t, a, Expired(Root, 1), Names("mail.example.com")), "mail.example.com"); got == "" {
		t.Error("the expired root vouches for names outside the lab")
	}
}

func TestRSAKeyIsShared(t *testing.T) {
	a := newAuthorityT(t)
	one, two := build(t, a, SmallRSA(1024)), build(t, a, SmallRSA(1024))
	if one.key != two.key {
		t.Error("a second RSA key of the same size was made")
	}
	if other := build(t, a, SmallRSA(1280)); other.key == one.key {
		t.Error("two sizes share one key")
	}
}

func TestConcurrentUse(t *testing.T) {
	a := newAuthorityT(t)
	var wg sync.WaitGroup
	for _, c := range faultCases() {
		wg.Go(func() {
			b, err := a.Build(Spec{Faults: c.fault})
			if err == nil {
				_, err = a.Reissue(b, Change{Dates: true, Trusted: true})
			}
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			_, _ = a.Roots(), a.Intermediates()
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, c := range append(a.Roots(), a.Intermediates()...) {
		if seen[c.Subject.String()] {
			t.Errorf("two CAs are called %s", c.Subject)
		}
		seen[c.Subject.String()] = true
	}
}

func TestListsAreCopies(t *testing.T) {
	a := newAuthorityT(t)
	a.Roots()[0], a.Intermediates()[0] = nil, nil
	if a.Roots()[0] == nil || a.Intermediates()[0] == nil {
		t.Error("a caller can change what the authority knows")
	}
}

func TestNowInAnotherZone(t *testing.T) {
	a, err := NewAuthority(Options{Now: testNow().In(time.FixedZone("somewhere", 5*3600))})
	if err != nil {
		t.Fatal(err)
	}
	if b := build(t, a, Expired(Leaf, 30)); !window(b.Leaf(), -120, -30) {
		t.Errorf("the leaf is valid from %v to %v", b.Leaf().NotBefore, b.Leaf().NotAfter)
	}
}
