package certs

import (
	"crypto"
	"slices"
)

// An Outline is a chain written out certificate by certificate, as some server has it. It is made
// with keys of the lab's own, and faults are applied to it as to the healthy chain: those that change
// which certificates there are have no place there, for an outline says that itself.
type Outline struct {
	// Certificates are all that belong to the chain, sent or not: the server's own first.
	Certificates []Certificate `json:"certificates"`
	// Sent are the ids of those that are sent after the first, in their order. One may be sent twice.
	Sent []string `json:"sent,omitempty"`
}

// IsZero reports whether nothing is written out.
func (o Outline) IsZero() bool { return len(o.Certificates) == 0 && len(o.Sent) == 0 }

// A Certificate is one of an Outline. What it does not say of dates and key is as in the healthy chain;
// an extension that it does not mention is not there.
type Certificate struct {
	// ID is what the rest of the outline calls it: words in small letters with hyphens between them.
	ID string `json:"id"`
	// Issuer is the id of the one whose key signs it; empty: its own.
	Issuer string `json:"issuer,omitempty"`
	// Subject is its distinguished name, an attribute each in their order, such as "O=Example Company" or
	// "CN=mail.example.com": C, O, OU, CN, L, ST, STREET, SERIALNUMBER, DC, E, or a number such as 2.5.4.97.
	Subject []string `json:"subject,omitempty"`
	// Names are those of the SAN: DNS names, IP addresses, mail addresses, which have an @, and URIs,
	// which have ://.
	Names []string `json:"names,omitempty"`
	// From is the first moment at which it is valid: a time such as 2026-11-24T12:00:00Z, or one that is
	// counted from the start of the lab, such as -30d, +2h or -1d4h30m.
	From string `json:"from,omitempty"`
	// Until is the last, likewise.
	Until string `json:"until,omitempty"`
	// Key is its kind and size: p224, p256, p384, p521, ed25519, or rsa- with the bits, up to 4096.
	Key string `json:"key,omitempty"`
	// KeyOf is the id of another certificate that has the same key.
	KeyOf string `json:"keyOf,omitempty"`
	// KeyID is its subject key identifier; empty makes one of the key.
	KeyID []byte `json:"keyID,omitempty"`
	// Hash is what the signature on it is made with: md5, sha1, sha256, sha384, sha512, the last three also
	// with -pss behind them; empty: what suits the issuer's key.
	Hash string `json:"hash,omitempty"`
	// Damaged says that the signature on it does not fit.
	Damaged bool `json:"damaged,omitempty"`
	// BasicConstraints are CA:TRUE, "CA:TRUE, pathlen:0", or CA:FALSE.
	BasicConstraints string `json:"basicConstraints,omitempty"`
	// KeyUsage are the words of RFC 5280 section 4.2.1.3, such as digitalSignature.
	KeyUsage []string `json:"keyUsage,omitempty"`
	// ExtKeyUsage are the words of RFC 5280 section 4.2.1.12, such as serverAuth, or numbers.
	ExtKeyUsage []string `json:"extKeyUsage,omitempty"`
	// Extensions are further ones, byte for byte.
	Extensions []Extension `json:"extensions,omitempty"`
	// Trusted says that clients of the lab have it as a root. It may then certify only what the lab's own
	// root may, and what the names of the outline are.
	Trusted bool `json:"trusted,omitempty"`
	// Raw is the certificate itself, DER, of which nobody here has the private key. It says all the rest.
	Raw []byte `json:"raw,omitempty"`
}

// An Extension is one of a certificate, byte for byte.
type Extension struct {
	ID       string `json:"id"`                 // its number, such as 2.5.29.30
	Critical bool   `json:"critical,omitempty"` // whoever does not know it must refuse the certificate
	Value    []byte `json:"value"`              // what it holds, DER
}

// outlined begins a plan with what an outline says.
func (p *plan) outlined(o Outline) error {
	if _, err := CheckOutline(o); err != nil {
		return err
	}
	p.a.outlining.Lock()
	defer p.a.outlining.Unlock()
	r := &outliner{a: p.a, outline: o, drafts: map[string]*draft{}, names: map[string]string{}, keys: map[string]crypto.Signer{}}
	for _, c := range o.Certificates {
		d, err := r.draft(c.ID)
		if err != nil {
			return err
		}
		if c.Trusted {
			p.trusts = append(p.trusts, d)
		}
	}
	p.fromOutline, p.leaf, p.sent = true, r.drafts[o.Certificates[0].ID], nil
	for _, id := range o.Sent {
		p.sent = append(p.sent, r.drafts[id])
	}
	for _, c := range o.Certificates[1:] {
		p.made = append(p.made, r.drafts[c.ID])
	}
	p.intermediate = p.leaf.issuer
	for p.root = p.leaf; p.root.issuer != nil; {
		p.root = p.root.issuer
	}
	if p.root == p.leaf {
		p.root = nil
	}
	if p.intermediate == p.root {
		p.intermediate = nil
	}
	return nil
}

// An outliner makes the drafts of one outline. A CA that another outline of the run has alike is the
// same, so that two services of one server have one root.
type outliner struct {
	a       *Authority
	outline Outline
	drafts  map[string]*draft
	names   map[string]string        // what name gave, by id
	keys    map[string]crypto.Signer // by the id of the first that has it
}

func (o Outline) at(id string) int {
	return slices.IndexFunc(o.Certificates, func(c Certificate) bool { return c.ID == id })
}

func (r *outliner) draft(id string) (*draft, error) {
	if d, ok := r.drafts[id]; ok {
		return d, nil
	}
	at := r.outline.at(id)
	c := r.outline.Certificates[at]
	shared := r.name(id)
	if d, ok := r.a.outlines[shared]; ok && shared != "" {
		r.drafts[id] = d
		return d, nil
	}
	d := &draft{sha1: c.Hash == "sha1", md5: c.Hash == "md5", corrupt: c.Damaged}
	if c.Issuer != "" {
		issuer, err := r.draft(c.Issuer)
		if err != nil {
			return nil, err
		}
		d.issuer = issuer
	}
	if err := r.fill(d, c, at == 0); err != nil {
		return nil, &OutlineError{id, err}
	}
	r.drafts[id] = d
	if shared != "" {
		if err := d.sign(); err != nil {
			return nil, &OutlineError{id, err}
		}
		if r.a.outlines == nil {
			r.a.outlines = map[string]*draft{}
		}
		r.a.outlines[shared] = d
	}
	return d, nil
}

// An OutlineError is about one certificate of an outline that cannot be made.
type OutlineError struct {
	ID  string
	Err error
}

func (e *OutlineError) Error() string { return "the certificate " + e.ID + ": " + e.Err.Error() }
func (e *OutlineError) Unwrap() error { return e.Err }
