package certs

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"slices"
)

// A Spec says which chain to build: healthy for Host, then deviating by Faults in order.
type Spec struct {
	Host   string  `json:"host,omitempty"` // empty means DefaultHost
	Faults []Fault `json:"faults,omitempty"`
}

// A plan is a chain before it is signed. It begins with the authority's own root and
// intermediate, which are shared: a fault that touches them replaces them first.
type plan struct {
	a             *Authority
	host          string
	root          *draft
	intermediate  *draft
	leaf          *draft
	sent          []*draft      // after the leaf
	key           crypto.Signer // of the handshake, when it is not the leaf's
	made          []*draft      // CAs of this plan alone
	trustsOwnRoot bool
}

// Build makes the chain of a specification. What cannot be built is an error, never a healthy
// chain.
func (a *Authority) Build(s Spec) (*Bundle, error) {
	host := s.Host
	if host == "" {
		host = DefaultHost
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	p := &plan{a: a, host: host, root: a.root, intermediate: a.intermediate, sent: []*draft{a.intermediate}}
	p.leaf = leafDraft(host, a.hosts, key, a.intermediate, a.now)
	for _, f := range s.Faults {
		apply, ok := kinds()[f.Kind]
		if !ok {
			return nil, fmt.Errorf("there is no certificate fault %q", f.Kind)
		}
		if err := apply(p, f); err != nil {
			return nil, fmt.Errorf("fault %s: %w", f.Kind, err)
		}
	}
	b, err := p.bundle()
	if err != nil {
		return nil, err
	}
	a.remember(p)
	return b, nil
}

func kinds() map[Kind]func(*plan, Fault) error {
	return map[Kind]func(*plan, Fault) error{
		kindNames:               names,
		kindCommonName:          commonName,
		kindNoSAN:               noSAN,
		kindRootAlsoSent:        rootAlsoSent,
		kindSelfSigned:          selfSigned,
		kindCALeaf:              caLeaf,
		kindIssuedByRoot:        issuedByRoot,
		kindPrivateCA:           privateCA,
		kindPrivateRootOnly:     privateRootOnly,
		kindOmitIntermediate:    omitIntermediate,
		kindWrongIntermediate:   wrongIntermediate,
		kindReversed:            reversed,
		kindSameNameIssuer:      sameNameIssuer,
		kindNotCA:               notCA,
		kindDefaultInstallation: defaultInstallation,
		kindExpired:             expired,
		kindNotYetValid:         notYetValid,
		kindExpiresIn:           expiresIn,
		kindSmallRSA:            smallRSA,
		kindSHA1:                sha1,
		kindCorruptSignature:    corruptSignature,
		kindWrongKey:            wrongKey,
		kindExtKeyUsage:         extKeyUsage,
	}
}

// swap replaces a CA of the plan wherever it is used.
func (p *plan) swap(old, fresh *draft) {
	for _, d := range append([]*draft{p.leaf, p.intermediate}, p.sent...) {
		if d != nil && d.issuer == old && d.cert == nil {
			d.issuer = fresh
		}
	}
	for i, d := range p.sent {
		if d == old {
			p.sent[i] = fresh
		}
	}
	if p.intermediate == old {
		p.intermediate = fresh
	}
	if p.root == old {
		p.root = fresh
	}
	p.made = append(p.made, fresh)
}

// ownIntermediate returns the plan's intermediate for editing, as a CA of this plan alone.
func (p *plan) ownIntermediate() (*draft, error) {
	if p.intermediate == nil {
		return nil, fmt.Errorf("the chain has no intermediate")
	}
	if p.intermediate.cert == nil {
		return p.intermediate, nil
	}
	fresh, err := p.a.issuingCA(p.intermediate.issuer)
	if err != nil {
		return nil, err
	}
	p.swap(p.intermediate, fresh)
	return fresh, nil
}

// ownRoot returns a root of this plan alone, with an intermediate below it.
func (p *plan) ownRoot() (*draft, error) {
	if p.root == nil {
		return nil, fmt.Errorf("the chain has no root")
	}
	if p.root.cert == nil {
		return p.root, nil
	}
	root, err := p.a.privateRoot()
	if err != nil {
		return nil, err
	}
	return root, p.moveTo(root)
}

// moveTo puts the chain under another root, with a new intermediate.
func (p *plan) moveTo(root *draft) error {
	if p.intermediate == nil {
		p.swap(p.root, root)
		return nil
	}
	fresh, err := p.a.issuingCA(root)
	if err != nil {
		return err
	}
	p.swap(p.intermediate, fresh)
	p.swap(p.root, root)
	return nil
}

func names(p *plan, f Fault) error {
	if len(f.Names) == 0 {
		return fmt.Errorf("names are missing")
	}
	subject := p.leaf.tmpl.Subject
	p.leaf.setNames(f.Names)
	p.leaf.tmpl.Subject.Organization = subject.Organization
	return nil
}

func commonName(p *plan, f Fault) error {
	if len(f.Names) != 1 {
		return fmt.Errorf("one name is needed, not %d", len(f.Names))
	}
	p.leaf.tmpl.Subject.CommonName = f.Names[0]
	return nil
}

func noSAN(p *plan, _ Fault) error {
	p.leaf.tmpl.DNSNames, p.leaf.tmpl.IPAddresses = nil, nil
	return nil
}

func rootAlsoSent(p *plan, _ Fault) error {
	p.sent = append(p.sent, p.root)
	return nil
}

func selfSigned(p *plan, _ Fault) error {
	p.leaf.issuer, p.sent, p.intermediate, p.root = nil, nil, nil, nil
	return nil
}

func caLeaf(p *plan, _ Fault) error {
	p.leaf.tmpl.IsCA = true
	p.leaf.tmpl.MaxPathLen = -1
	p.leaf.tmpl.KeyUsage |= x509.KeyUsageCertSign
	return nil
}

func issuedByRoot(p *plan, _ Fault) error {
	p.leaf.issuer, p.sent, p.intermediate = p.root, nil, nil
	return nil
}

func privateCA(p *plan, _ Fault) error {
	_, err := p.ownRoot()
	return err
}

func privateRootOnly(p *plan, f Fault) error {
	if err := privateCA(p, f); err != nil {
		return err
	}
	p.made = nil
	return issuedByRoot(p, f)
}

func omitIntermediate(p *plan, _ Fault) error {
	p.sent = nil
	return nil
}

func wrongIntermediate(p *plan, _ Fault) error {
	other, err := p.a.issuingCA(p.root)
	if err != nil {
		return err
	}
	p.sent = []*draft{other}
	p.made = append(p.made, other)
	return nil
}

func reversed(p *plan, _ Fault) error {
	upper, err := p.ownIntermediate()
	if err != nil {
		return err
	}
	lower, err := p.a.issuingCA(upper)
	if err != nil {
		return err
	}
	elsewhere, err := p.a.privateRoot()
	if err != nil {
		return err
	}
	stray, err := p.a.issuingCA(elsewhere)
	if err != nil {
		return err
	}
	p.leaf.issuer = lower
	p.sent = []*draft{upper, lower, stray}
	p.made = append(p.made, lower)
	return nil
}

func sameNameIssuer(p *plan, _ Fault) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	return p.moveTo(caDraft(p.a.root.tmpl.Subject, key, nil, p.a.now))
}

func notCA(p *plan, f Fault) error {
	if f.On != Intermediate {
		return fmt.Errorf("only an intermediate can be the issuer that is no CA, not %q", f.On)
	}
	d, err := p.ownIntermediate()
	if err != nil {
		return err
	}
	d.tmpl.IsCA = false
	d.tmpl.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign
	return nil
}

func defaultInstallation(p *plan, f Fault) error {
	p.leaf.setNames([]string{"localhost"})
	p.leaf.tmpl.Subject = pkix.Name{Organization: []string{"Default Company Ltd"}, CommonName: "localhost"}
	return selfSigned(p, f)
}

// at returns the certificate of a role for editing.
func (p *plan) at(role Role) (*draft, error) {
	switch role {
	case Leaf:
		return p.leaf, nil
	case Intermediate:
		return p.ownIntermediate()
	case Root:
		shared := p.root == p.a.root
		d, err := p.ownRoot()
		if shared && err == nil {
			// A root of the lab's, as an old device has it; its window is all that differs.
			d.tmpl.Subject = pkix.Name{Organization: []string{"mailtlslab"}, CommonName: fmt.Sprintf("mailtlslab Root %d", p.a.next())}
			constrain(&d.tmpl, p.a.hosts)
			p.trustsOwnRoot = true
		}
		return d, err
	}
	return nil, fmt.Errorf("there is no role %q", role)
}

func expired(p *plan, f Fault) error {
	d, err := p.at(f.On)
	if err != nil {
		return err
	}
	d.tmpl.NotAfter = p.a.now.AddDate(0, 0, -f.Days)
	if f.On == Leaf {
		d.tmpl.NotBefore = d.tmpl.NotAfter.Add(-90 * day)
		return nil
	}
	// The leaf was issued while its issuer was still good.
	p.leaf.tmpl.NotBefore = earlier(p.leaf.tmpl.NotBefore, d.tmpl.NotAfter.Add(-30*day))
	return nil
}

func notYetValid(p *plan, f Fault) error {
	d, err := p.at(f.On)
	if err != nil {
		return err
	}
	d.tmpl.NotBefore = p.a.now.AddDate(0, 0, f.Days)
	d.tmpl.NotAfter = later(d.tmpl.NotAfter, d.tmpl.NotBefore.Add(60*day))
	return nil
}

func expiresIn(p *plan, f Fault) error {
	p.leaf.tmpl.NotBefore = p.a.now.Add(-80 * day)
	p.leaf.tmpl.NotAfter = p.a.now.AddDate(0, 0, f.Days)
	return nil
}

func smallRSA(p *plan, f Fault) error {
	key, err := p.a.rsaKey(f.Bits)
	if err != nil {
		return err
	}
	p.leaf.key = key
	p.leaf.tmpl.KeyUsage |= x509.KeyUsageKeyEncipherment
	return nil
}

func sha1(p *plan, _ Fault) error {
	p.leaf.sha1 = true
	return nil
}

func corruptSignature(p *plan, _ Fault) error {
	p.leaf.corrupt = true
	return nil
}

func wrongKey(p *plan, _ Fault) error {
	key, err := newKey()
	p.key = key
	return err
}

func extKeyUsage(p *plan, f Fault) error {
	known := map[string]x509.ExtKeyUsage{
		"serverAuth":      x509.ExtKeyUsageServerAuth,
		"clientAuth":      x509.ExtKeyUsageClientAuth,
		"emailProtection": x509.ExtKeyUsageEmailProtection,
	}
	p.leaf.tmpl.ExtKeyUsage = nil
	for _, n := range f.Names {
		usage, ok := known[n]
		if !ok {
			return fmt.Errorf("there is no extended key usage %q here", n)
		}
		p.leaf.tmpl.ExtKeyUsage = append(p.leaf.tmpl.ExtKeyUsage, usage)
	}
	return nil
}

// bundle signs the plan.
func (p *plan) bundle() (*Bundle, error) {
	for _, d := range append(slices.Clone(p.sent), p.leaf) {
		if err := d.sign(); err != nil {
			return nil, err
		}
	}
	key := p.key
	if key == nil {
		key = p.leaf.key
	}
	return newBundle(p.leaf, key, certsOf(p.sent)), nil
}

func certsOf(drafts []*draft) []*x509.Certificate {
	var out []*x509.Certificate
	for _, d := range drafts {
		out = append(out, d.cert)
	}
	return out
}
