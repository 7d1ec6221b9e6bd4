package certs

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"slices"
)

// A Spec says which chain to build: healthy for Host, then deviating by Faults in order.
type Spec struct {
	Host   string  `json:"host,omitempty"` // empty means DefaultHost
	Faults []Fault `json:"faults,omitempty"`
	// Outline is the chain to which faults are applied; the zero Outline is the healthy one for Host.
	Outline Outline `json:"outline,omitzero"`
	// Also are names and addresses that the leaf has besides, unless a fault is about its names.
	Also []string `json:"also,omitempty"`
	// Publisher is the address, such as http://127.0.0.1:8080, at which Documents will be found;
	// only faults that NeedsPublisher names use it. Empty means one at which nobody answers.
	Publisher string `json:"publisher,omitempty"`
}

// A plan is a chain before it is signed. It begins with the authority's own root and
// intermediate, which are shared: a fault that touches them replaces them first.
type plan struct {
	a             *Authority
	root          *draft // nil when the leaf signs itself
	intermediate  *draft // nil when there is none
	leaf          *draft
	sent          []*draft      // after the leaf
	key           crypto.Signer // of the handshake, when it is not the leaf's
	made          []*draft      // CAs of this plan alone
	edited        bool          // a fault is on the intermediate, so nothing may take it out of the chain
	trustsOwnRoot bool          // the root of this plan is one that clients trust

	publisher  string // where the documents are served
	fetchable  bool   // the leaf's issuer is published, and known to nobody
	crossSign  bool   // an expired certificate for the root's key is sent last
	distrusted bool   // the root of this plan is one that clients trusted once

	fromOutline bool     // somebody wrote the chain out
	trusts      []*draft // those of it that clients trust
}

// Build makes the chain of a specification. What cannot be built, and what would come out
// healthier than its faults say, is an error.
func (a *Authority) Build(s Spec) (*Bundle, error) {
	host := s.Host
	if host == "" {
		host = DefaultHost
	}
	if !a.Permits(host) {
		return nil, &NotPermittedError{host}
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	p := &plan{a: a, root: a.root, intermediate: a.intermediate, sent: []*draft{a.intermediate}, publisher: s.Publisher}
	if s.Outline.IsZero() {
		p.leaf = a.leafDraft(host, slices.Concat(a.hosts, s.Also), key, a.intermediate)
	} else if err := p.outlined(s.Outline); err != nil {
		return nil, err
	}
	p.leaf.status = status{now: a.now, base: s.Publisher}
	for i, f := range s.Faults {
		if err := p.apply(f); err != nil {
			return nil, err
		}
		if err := contradiction(s.Faults[:i], f); err != nil {
			return nil, err
		}
		if err := s.Outline.takes(f); err != nil {
			return nil, err
		}
	}
	b, err := p.bundle()
	if err != nil {
		return nil, err
	}
	a.remember(p)
	return b, nil
}

func (p *plan) apply(f Fault) error {
	r, ok := ruleOf(f.Kind)
	if !ok {
		return fmt.Errorf("there is no certificate fault %q", f.Kind)
	}
	err := r.check(f)
	if err == nil {
		err = r.apply(p, f)
	}
	if err != nil {
		return fmt.Errorf("fault %s: %w", f.Kind, err)
	}
	return nil
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
		return nil, errors.New("the chain has no intermediate")
	}
	p.edited = true
	if p.intermediate.cert == nil {
		return p.intermediate, nil
	}
	if p.fromOutline {
		return p.ownCopy(p.intermediate)
	}
	fresh, err := p.a.issuingCA(p.intermediate.issuer)
	if err != nil {
		return nil, err
	}
	p.swap(p.intermediate, fresh)
	return fresh, nil
}

// ownRoot returns the plan's root for editing. In place of the authority's it is another that
// clients trust, as an old device has it, so that only what is edited differs.
func (p *plan) ownRoot() (*draft, error) {
	if p.root == nil {
		return nil, errors.New("the chain has no root")
	}
	if p.fromOutline && p.root.cert != nil {
		return p.ownCopy(p.root)
	}
	if p.root != p.a.root {
		return p.root, nil
	}
	subject := pkix.Name{Organization: []string{"mailtlslab"}, CommonName: fmt.Sprintf("mailtlslab Root %d", p.a.next())}
	root, err := p.newRoot(subject)
	if err != nil {
		return nil, err
	}
	p.a.constrainAlike(&root.tmpl)
	p.trustsOwnRoot = true
	return root, p.moveTo(root)
}

// ownCopy returns a CA of an outline for editing: another certificate with its name and key.
func (p *plan) ownCopy(d *draft) (*draft, error) {
	if d.exact {
		return nil, errors.New("a certificate that is sent as it is cannot be changed")
	}
	fresh := d.clone()
	p.swap(d, fresh)
	for i, t := range p.trusts {
		if t == d {
			p.trusts[i] = fresh
		}
	}
	return fresh, nil
}

// distrustRoot puts the chain under a root that nobody trusts. A fault that is already on the
// root stays there.
func (p *plan) distrustRoot(subject pkix.Name) error {
	if p.root == nil {
		return errors.New("the chain has no root")
	}
	if p.root != p.a.root && !p.trustsOwnRoot {
		return errors.New("an earlier fault has already replaced the root")
	}
	root, err := p.newRoot(subject)
	if err != nil {
		return err
	}
	root.tmpl.NotBefore, root.tmpl.NotAfter = p.root.tmpl.NotBefore, p.root.tmpl.NotAfter
	p.trustsOwnRoot = false
	return p.moveTo(root)
}

func (p *plan) newRoot(subject pkix.Name) (*draft, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	return caDraft(subject, key, nil, p.a.now), nil
}

// moveTo puts the chain under another root, with an intermediate of its own.
func (p *plan) moveTo(root *draft) error {
	if old := p.intermediate; old != nil {
		fresh, err := p.a.issuingCA(root)
		if err != nil {
			return err
		}
		if p.edited {
			// What earlier faults did to it stays.
			name := fresh.tmpl.Subject
			fresh.tmpl, fresh.key, fresh.sha1 = old.tmpl, old.key, old.sha1
			fresh.tmpl.Subject = name
		}
		p.swap(old, fresh)
	}
	p.swap(p.root, root)
	return nil
}

// dropIntermediates takes all but the leaf and the root out of the chain.
func (p *plan) dropIntermediates() error {
	if p.edited {
		return errors.New("an earlier fault is on the intermediate that this one would remove")
	}
	p.sent, p.intermediate = nil, nil
	return nil
}

// rootsSent returns what is sent of roots, for faults that change the rest.
func (p *plan) rootsSent() []*draft {
	return slices.DeleteFunc(slices.Clone(p.sent), func(d *draft) bool { return d.issuer != nil })
}

// bundle signs the plan.
func (p *plan) bundle() (*Bundle, error) {
	if err := p.finish(); err != nil {
		return nil, err
	}
	for _, d := range slices.Concat(p.sent, p.trusts, []*draft{p.leaf}) {
		if err := d.sign(); err != nil {
			return nil, err
		}
	}
	key := p.key
	if key == nil {
		key = p.leaf.key
	}
	b := newBundle(p.leaf, key, certsOf(p.sent))
	b.trusts = certsOf(p.trusts)
	return b, nil
}

func certsOf(drafts []*draft) []*x509.Certificate {
	var out []*x509.Certificate
	for _, d := range drafts {
		out = append(out, d.cert)
	}
	return out
}
