package certs

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
)

// Proxy returns the root of a program or machine that looks into connections, by its Common
// Name: made when first asked for, and trusted by nobody. Like the lab's own root it may certify
// only the lab's names, because people will put it on devices.
func (a *Authority) Proxy(name string) (*x509.Certificate, error) {
	d, err := a.proxy(name)
	if err != nil {
		return nil, err
	}
	return d.cert, nil
}

func (a *Authority) proxy(name string) (*draft, error) {
	if name == "" {
		return nil, errors.New("a proxy's root needs a name")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if d, ok := a.proxies[name]; ok {
		return d, nil
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	d := caDraft(pkix.Name{Organization: []string{"Example Company"}, CommonName: name}, key, nil, a.now)
	a.constrainAlike(&d.tmpl)
	if err := d.sign(); err != nil {
		return nil, err
	}
	if a.proxies == nil {
		a.proxies = map[string]*draft{}
	}
	a.proxies[name] = d
	return d, nil
}

// Resign returns what a client sees of b through a proxy: the same names and dates, the proxy's
// key and signature, and the proxy's root after it.
func (a *Authority) Resign(b *Bundle, name string) (*Bundle, error) {
	if b == nil || b.leaf == nil {
		return nil, errors.New("cannot sign a bundle again that no authority built")
	}
	root, err := a.proxy(name)
	if err != nil {
		return nil, err
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	d := b.leaf.clone()
	d.issuer, d.key = root, key
	// A proxy makes a sound signature, whatever it found.
	d.sha1, d.corrupt = false, false
	if err := d.sign(); err != nil {
		return nil, err
	}
	return newBundle(d, key, []*x509.Certificate{root.cert}), nil
}
