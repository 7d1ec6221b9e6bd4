package chain

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A world is the evidence as it would have to be: the certificates of one path, copied so that
// they can be edited, and which of them is trusted. crypto/x509 is asked whether it holds.
type world struct {
	certs      []*x509.Certificate             // edited shallow copies, leaf first
	absent     []bool                          // not sent: part of the world only by an edit
	resign     []bool                          // the signature of certs[i] is replaced, and its issuer's key with it
	anchor     int                             // index of the trusted certificate, -1 when there is none
	confine    func([]*x509.Certificate) error // what the anchor's root programme accepts; nil is all
	host       string
	at         time.Time
	usage      x509.ExtKeyUsage
	unreadable error   // why crypto/x509 does not even read the leaf, for a name that is not ASCII
	misread    []error // why crypto/x509 does not read certs[i], for other reasons
	verified   bool    // crypto/x509 has accepted all but the name already, and no edit takes that back
}

// A fault is a finding together with the edit that undoes it, nil when crypto/x509 does not mind.
type fault struct {
	finding.Finding
	edit func(*world)
}

func (w *world) clone() *world {
	c := *w
	c.certs = make([]*x509.Certificate, len(w.certs))
	for i, cert := range w.certs {
		dup := *cert
		c.certs[i] = &dup
	}
	c.absent = append([]bool(nil), w.absent...)
	c.resign = append([]bool(nil), w.resign...)
	c.misread = append([]error(nil), w.misread...)
	return &c
}

// refusal returns why crypto/x509 refuses the world, nil when it accepts.
func (w *world) refusal() error {
	if w.unreadable != nil {
		return w.unreadable
	}
	for _, why := range w.misread {
		if why != nil {
			return why
		}
	}
	if w.host != "" {
		if err := w.certs[0].VerifyHostname(w.host); err != nil {
			return err
		}
	}
	if w.verified {
		return nil
	}
	if err := w.sign(); err != nil {
		return err
	}
	opts := x509.VerifyOptions{
		Roots:         x509.NewCertPool(),
		Intermediates: x509.NewCertPool(),
		CurrentTime:   w.at,
		KeyUsages:     []x509.ExtKeyUsage{w.usage},
	}
	for i, c := range w.certs {
		switch {
		case i == w.anchor:
			addTo(opts.Roots, c, w.confine)
		case i > 0 && !w.absent[i]:
			opts.Intermediates.AddCert(c)
		}
	}
	_, err := w.certs[0].Verify(opts)
	return err
}

// sign replaces the signatures that an edit wants replaced, with throw-away keys: the issuer's
// copy is given the public half. Every other signature stays as it was.
func (w *world) sign() error {
	for i := range w.certs {
		if !w.resign[i] || i+1 >= len(w.certs) {
			continue
		}
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		child, parent := w.certs[i], w.certs[i+1]
		sum := sha256.Sum256(child.RawTBSCertificate)
		if child.Signature, err = key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
			return err
		}
		child.SignatureAlgorithm = x509.ECDSAWithSHA256
		parent.PublicKey, parent.PublicKeyAlgorithm = key.Public(), x509.ECDSA
	}
	return nil
}

// explained reports whether the edits of faults together make crypto/x509 accept, and leaving
// any one of them out makes it refuse again. When they do not, why holds the library's words.
func explained(w *world, faults []fault) (complete bool, why error) {
	edits := editsOf(faults)
	if why = with(w, edits, -1).refusal(); why != nil {
		return false, why
	}
	for i := range edits {
		if with(w, edits, i).refusal() == nil {
			return false, nil
		}
	}
	return true, nil
}

func editsOf(faults []fault) (edits []func(*world)) {
	for _, f := range faults {
		if f.edit != nil {
			edits = append(edits, f.edit)
		}
	}
	return edits
}

func with(w *world, edits []func(*world), omit int) *world {
	c := w.clone()
	for i, edit := range edits {
		if i != omit {
			edit(c)
		}
	}
	return c
}
