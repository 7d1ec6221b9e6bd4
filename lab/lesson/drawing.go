package lesson

import (
	"bytes"
	"crypto"
	"fmt"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/roots"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A Drawing is one chain of a scenario, as it was really made: the path that the diagnosis judged,
// and where it is broken.
type Drawing struct {
	On     []account.Endpoint // where it is served
	Nodes  []Node             // the path, the leaf first
	Beside []Node             // sent too, and no part of the path
	Marks  []finding.Code     // what is wrong with the chain as a whole
}

// A Node is a certificate of a drawing, or the place of one that nobody has.
type Node struct {
	Role  string // leaf, intermediate, root, issuer for one that nobody has, beside
	Name  string // its Common Name, or else its subject
	Sent  int    // its place among those that are sent, from 1; 0 for one that is not
	Trust Trust
	Marks []finding.Code // what is wrong with it
	// Broken says that nothing leads from the certificate below to this one, as things are served.
	Broken bool
}

// Trust is what the device has to do with a certificate.
type Trust string

// What it can have to do.
const (
	NoMatter    Trust = ""        // it need not have it
	OnDevice    Trust = "trusted" // it is a root that is on the device
	NotOnDevice Trust = "unknown" // it should have it, and has not
)

// Where says in words where a certificate is.
func (n Node) Where() string {
	words := "not sent"
	if n.Sent > 0 {
		words = fmt.Sprintf("sent, number %d", n.Sent)
	}
	switch n.Trust {
	case OnDevice:
		words += ", on the device"
	case NotOnDevice:
		words += ", not on the device"
	}
	return words
}

// drawings makes the chains of a scenario, and draws each once. Only those with a fault, and the
// controls', are worth it.
func drawings(s scenarios.Scenario) ([]Drawing, error) {
	var out []Drawing
	var seen []string
	for _, e := range s.On() {
		service := s.Service(e)
		if len(service.Chain) == 0 && service.Outline.IsZero() && s.Family != scenarios.Controls {
			continue
		}
		key := fmt.Sprintf("%+v%+v", service.Chain, service.Outline)
		if at := slices.Index(seen, key); at >= 0 {
			out[at].On = append(out[at].On, e)
			continue
		}
		authority, err := certs.NewAuthority(certs.Options{Permit: s.Hosts()})
		if err != nil {
			return nil, err
		}
		b, err := authority.Build(certs.Spec{Host: s.Host, Faults: service.Chain, Outline: service.Outline})
		if err != nil {
			return nil, err
		}
		d := draw(authority, b, s.AccountHost())
		d.On = []account.Endpoint{e}
		seen, out = append(seen, key), append(out, d)
	}
	return out, nil
}

// draw draws the path that is judged, with each finding at the certificate that it is about.
func draw(a *certs.Authority, b *certs.Bundle, host string) Drawing {
	known := roots.Of(a.Roots(), a.Intermediates())
	judged := chain.Judge{Knowledge: known.Knowledge()}.Judge(chain.Evidence{Certificates: b.Raw, Host: host, At: time.Now()})
	path := judged.Path
	var d Drawing
	for i, c := range path.Certificates {
		d.Nodes = append(d.Nodes, node(role(path, i), c, b.Raw))
		if i > 0 {
			d.Nodes[i].Broken = path.Missing(i) || path.Links[i-1] != chain.Sound
		}
	}
	if path.End == chain.Dangling {
		d.Nodes = append(d.Nodes, Node{Role: "issuer", Name: path.Issuer, Trust: NotOnDevice, Broken: true})
	}
	for _, c := range path.Beside {
		d.Beside = append(d.Beside, node("beside", c, b.Raw))
	}
	for _, f := range judged.Findings {
		d.mark(f, path)
	}
	key, ok := b.TLS().PrivateKey.(crypto.Signer)
	public, ok2 := b.Leaf().PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if ok && ok2 && len(d.Nodes) > 0 && !public.Equal(key.Public()) {
		d.Nodes[0].Marks = append(d.Nodes[0].Marks, finding.KeyDoesNotMatch)
	}
	return d
}

func node(role string, c chain.Certificate, sent [][]byte) Node {
	n := Node{Role: role, Name: c.Name, Sent: 1 + slices.IndexFunc(sent, func(der []byte) bool { return bytes.Equal(der, c.DER) })}
	if c.Anchor {
		n.Trust = OnDevice
	}
	return n
}

func role(path chain.Path, i int) string {
	switch {
	case i == 0:
		return "leaf"
	case i == len(path.Certificates)-1 && path.End != chain.Dangling:
		return "root"
	}
	return "intermediate"
}

// mark puts a finding beside the certificate that it is about, one about the name beside the leaf,
// and any other below the chain.
func (d *Drawing) mark(f finding.Finding, path chain.Path) {
	about := func(c chain.Certificate) bool { return c.Fingerprint == f.Facts.About.Fingerprint }
	at, beside := slices.IndexFunc(path.Certificates, about), slices.IndexFunc(path.Beside, about)
	switch {
	case at >= 0:
		d.Nodes[at].Marks = append(d.Nodes[at].Marks, f.Code)
	case beside >= 0:
		d.Beside[beside].Marks = append(d.Beside[beside].Marks, f.Code)
	case f.Facts.Host != "" && len(d.Nodes) > 0:
		d.Nodes[0].Marks = append(d.Nodes[0].Marks, f.Code)
	default:
		d.Marks = append(d.Marks, f.Code)
	}
}
