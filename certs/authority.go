// Package certs makes certificate authorities, chains and their faults. A fault is a value that
// is applied to a healthy specification, so "and only this is broken" holds by construction.
//
// Keys are made when an Authority is, and stay in memory unless OpenAuthority is asked to keep
// them. The root may certify only servers, with names under .test, localhost, loopback addresses and
// what Options.Hosts adds, so that trusting it on a device is not dangerous.
//
// A certificate that has expired, and all else in order:
//
//	ca, err := certs.NewAuthority(certs.Options{})
//	bundle, err := ca.Build(certs.Spec{Faults: []certs.Fault{certs.Expired(certs.Leaf, 1)}})
//
// [Bundle.TLS] is for crypto/tls, and [Bundle.PEM] for other servers; [Authority.Root] is what a
// client has to trust. Without faults the bundle is the healthy control.
package certs

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// labDomain is the domain of the lab's mail addresses.
const labDomain = "lab.test"

// Options of an authority. The zero value makes one for now, with the default names.
type Options struct {
	// Now is the time that all windows of validity are relative to; zero means the time of the call.
	Now time.Time
	// Hosts are DNS names and IP addresses that the root may certify, and that healthy leaves
	// carry, beside those of the lab.
	Hosts []string
	// Permit are DNS names and IP addresses that the root may certify too: a name stands for itself
	// and all below it. What a root may certify is settled when it is made.
	Permit []string
}

// An Authority issues the certificates of one run. It is safe for concurrent use.
type Authority struct {
	now          time.Time
	hosts        []string
	root         *draft
	intermediate *draft

	mu            sync.Mutex
	roots         []*x509.Certificate
	intermediates []*x509.Certificate
	distrusted    []*x509.Certificate
	issuers       int                     // issuing CAs named so far
	rsa           map[int]*rsa.PrivateKey // by size in bits: made once, when first needed
	proxies       map[string]*draft       // by name: made when first needed

	foreign     []*x509.Certificate      // those of outlines whose keys are not here
	outlining   sync.Mutex               // while an outline is made
	outlines    map[string]*draft        // the CAs of outlines, by what they are
	outlineKeys map[string]crypto.Signer // their keys, likewise
}

// NewAuthority makes a root and an intermediate with new keys.
func NewAuthority(o Options) (*Authority, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	root := caDraft(rootName(), key, nil, o.Now)
	constrain(&root.tmpl, slices.Concat(o.Hosts, o.Permit))
	return newAuthority(root, o)
}

func rootName() pkix.Name {
	return pkix.Name{Organization: []string{"mailtlslab"}, CommonName: "mailtlslab Root"}
}

// IsRoot reports whether a certificate is the root of an authority, of whichever run: by its name,
// and that it is signed by itself.
func IsRoot(c *x509.Certificate) bool {
	return c.IsCA && c.Subject.String() == rootName().String() && bytes.Equal(c.RawSubject, c.RawIssuer)
}

func newAuthority(root *draft, o Options) (*Authority, error) {
	a := &Authority{now: o.Now, hosts: slices.Clone(o.Hosts), root: root, rsa: map[int]*rsa.PrivateKey{}}
	if err := root.sign(); err != nil {
		return nil, err
	}
	var err error
	if a.intermediate, err = a.issuingCA(root); err != nil {
		return nil, err
	}
	if err := a.intermediate.sign(); err != nil {
		return nil, err
	}
	a.roots = []*x509.Certificate{root.cert}
	a.intermediates = []*x509.Certificate{a.intermediate.cert}
	return a, nil
}

// check refuses what would let the root certify more than one host and those below it: to
// RFC 5280 section 4.2.1.10 an empty name means every name.
func (o Options) check() error {
	for _, h := range slices.Concat(o.Hosts, o.Permit) {
		if h == "" || (net.ParseIP(h) == nil && (strings.ContainsAny(h, "*:/@ ") || strings.Trim(h, ".") != h)) {
			return fmt.Errorf("%q is no host that the root could be allowed; give a DNS name or an IP address", h)
		}
	}
	return nil
}

// constrain limits a root to the lab's names, in mail addresses and URIs too: with its usage, which
// is that of servers alone, nothing that it signs is taken for somebody's mail or program. RFC 5280
// section 4.2.1.10 wants the extension critical; it is not, because mbed TLS 2.28 cannot parse such
// a root. Go, OpenSSL and GnuTLS enforce it either way, and Java takes nothing from a trusted root but
// its name and key. The names of subjects are left free: a server's may be any.
func constrain(root *x509.Certificate, hosts []string) {
	root.PermittedEmailAddresses, root.PermittedURIDomains = []string{labDomain}, []string{labDomain}
	root.PermittedDNSDomains = []string{"test", "localhost"}
	root.PermittedIPRanges = []*net.IPNet{
		{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
		{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
	}
	for _, h := range hosts {
		ip := net.ParseIP(h)
		switch {
		case ip == nil:
			root.PermittedDNSDomains = append(root.PermittedDNSDomains, h)
		case ip.To4() != nil:
			root.PermittedIPRanges = append(root.PermittedIPRanges, &net.IPNet{IP: ip.To4(), Mask: net.CIDRMask(32, 32)})
		default:
			root.PermittedIPRanges = append(root.PermittedIPRanges, &net.IPNet{IP: ip, Mask: net.CIDRMask(128, 128)})
		}
	}
}

// constrainAlike limits another root to the names of the authority's own, which may have been made
// for other hosts than this run has.
func (a *Authority) constrainAlike(root *x509.Certificate) {
	own := &a.root.tmpl
	root.PermittedDNSDomains, root.PermittedIPRanges = own.PermittedDNSDomains, own.PermittedIPRanges
	root.PermittedEmailAddresses, root.PermittedURIDomains = own.PermittedEmailAddresses, own.PermittedURIDomains
}

// Permits reports whether the root may certify a host.
func (a *Authority) Permits(host string) bool { return permits(a.root.cert, host) }

// window is that of a healthy leaf: from -1 to +60 days. Below a root that ends earlier it ends
// with it, and what has passed of it stays a small share of the whole, or it would be due for renewal.
func (a *Authority) window() (from, until time.Time) {
	until = earlier(a.now.Add(60*day), a.root.cert.NotAfter)
	return a.now.Add(-min(day, until.Sub(a.now)/10)), until
}

// Root returns the root that clients of the lab trust.
func (a *Authority) Root() *x509.Certificate { return a.root.cert }

// Roots returns every root that clients of the lab trust: Root, and those that Build made
// because a fault is about a trusted root.
func (a *Authority) Roots() []*x509.Certificate {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]*x509.Certificate(nil), a.roots...)
}

// Intermediates returns the intermediates made so far, the healthy one first: what a
// well-informed client knows, whether it helps or not.
func (a *Authority) Intermediates() []*x509.Certificate {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]*x509.Certificate(nil), a.intermediates...)
}

// Own reports whether a certificate was made here. One of an outline that is somebody else's, byte for
// byte, was not: whoever has its key could use it anywhere, so that nobody may be told to trust it.
func (a *Authority) Own(c *x509.Certificate) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !slices.ContainsFunc(a.foreign, c.Equal)
}

// Distrusted returns the roots of DistrustedRoot: those that were trusted once, as a root
// programme's list of removals has them.
func (a *Authority) Distrusted() []*x509.Certificate {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]*x509.Certificate(nil), a.distrusted...)
}

// issuingCA returns a new intermediate below issuer, with a name of its own.
func (a *Authority) issuingCA(issuer *draft) (*draft, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	subject := pkix.Name{Organization: issuer.tmpl.Subject.Organization, CommonName: fmt.Sprintf("%s Issuing CA %d", first(issuer.tmpl.Subject.Organization), a.next())}
	d := caDraft(subject, key, issuer, a.now)
	if issuer == a.root {
		d.tmpl.NotAfter = earlier(d.tmpl.NotAfter, a.root.cert.NotAfter)
	}
	return d, nil
}

// privateName returns the subject of a new root that nobody trusts.
func (a *Authority) privateName() pkix.Name {
	org := "Example Company"
	return pkix.Name{Organization: []string{org}, CommonName: fmt.Sprintf("%s Root %d", org, a.next())}
}

func (a *Authority) next() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.issuers++
	return a.issuers
}

func first(names []string) string {
	if len(names) == 0 {
		return "mailtlslab"
	}
	return names[0]
}

// rsaKey returns the run's RSA key of a size. One is enough: what is wrong with it is its size.
func (a *Authority) rsaKey(bits int) (crypto.Signer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if key, ok := a.rsa[bits]; ok {
		return key, nil
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, fmt.Errorf("cannot make an RSA key of %d bits: %w", bits, err)
	}
	a.rsa[bits] = key
	return key, nil
}

// remember adds what a plan made to what clients trust and know.
func (a *Authority) remember(p *plan) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.trustsOwnRoot {
		a.roots = append(a.roots, p.root.cert)
	}
	if p.distrusted {
		a.distrusted = append(a.distrusted, p.root.cert)
	}
	for _, d := range p.trusts {
		a.roots = withOne(a.roots, d.cert)
	}
	for _, d := range append(p.made, p.leaf) {
		if d.exact {
			a.foreign = withOne(a.foreign, d.cert)
		}
	}
	for _, d := range p.made {
		if p.fetchable && d == p.leaf.issuer {
			continue // only who fetches it knows it
		}
		if d.cert != nil && (d.issuer != nil || d.exact && !bytes.Equal(d.cert.RawSubject, d.cert.RawIssuer)) {
			a.intermediates = withOne(a.intermediates, d.cert)
		}
	}
}

// withOne adds a certificate unless it is there: the CAs of an outline are those of others too.
func withOne(list []*x509.Certificate, c *x509.Certificate) []*x509.Certificate {
	if slices.ContainsFunc(list, c.Equal) {
		return list
	}
	return append(list, c)
}
