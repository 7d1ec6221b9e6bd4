package main

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/preflight"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A drawing is one chain of a scenario, as it was really made: what is sent, what is not, and
// where the diagnosis finds it broken.
type drawing struct {
	on    []account.Endpoint
	nodes []node
	aside []node // sent too, and no part of the path
	marks []string
}

// A node is a certificate of a drawing, or the place of one that nobody has.
type node struct {
	role, name, where string
	marks             []string // what is wrong with it, and with its link to the next
}

// issuerRole is that of a certificate that nobody has, so that only its name is known.
const issuerRole = "issuer"

// drawings mints the chains of a scenario, and draws each once. Only those with a fault, and the
// controls', are worth it. What cannot be minted is an error.
func drawings(s scenarios.Scenario) ([]drawing, error) {
	var out []drawing
	var seen []string
	for _, e := range s.On() {
		faults := s.Service(e).Chain
		if len(faults) == 0 && s.Family != scenarios.Controls {
			continue
		}
		key := fmt.Sprintf("%+v", faults)
		if at := slices.Index(seen, key); at >= 0 {
			out[at].on = append(out[at].on, e)
			continue
		}
		authority, err := certs.NewAuthority(certs.Options{})
		if err != nil {
			return nil, err
		}
		b, err := authority.Build(certs.Spec{Host: s.Host, Faults: faults})
		if err != nil {
			return nil, err
		}
		d := draw(authority, b, s.AccountHost())
		d.on = []account.Endpoint{e}
		seen, out = append(seen, key), append(out, d)
	}
	return out, nil
}

func draw(a *certs.Authority, b *certs.Bundle, host string) drawing {
	path, end := pathOf(b.Chain, a.Intermediates(), a.Roots())
	var d drawing
	for i, c := range path {
		n := node{role: roleOf(i, c), name: clip(preflight.CertName(c)), where: "not sent"}
		if at := slices.IndexFunc(b.Chain, c.Equal); at >= 0 {
			n.where = fmt.Sprintf("sent, number %d", at+1)
		}
		if containsExactly(a.Roots(), c) {
			n.where = strings.Replace(n.where, "not sent", "not sent, on the device", 1)
		}
		d.nodes = append(d.nodes, n)
	}
	if end != "" {
		d.nodes = append(d.nodes, node{role: issuerRole, name: end, where: "not sent, not on the device"})
	}
	for i, c := range b.Chain {
		if !containsExactly(path, c) {
			d.aside = append(d.aside, node{role: "beside", name: clip(preflight.CertName(c)), where: fmt.Sprintf("sent, number %d", i+1)})
		}
	}
	d.mark(a, b, host, path)
	return d
}

func containsExactly(list []*x509.Certificate, c *x509.Certificate) bool {
	return slices.ContainsFunc(list, func(x *x509.Certificate) bool { return bytes.Equal(x.Raw, c.Raw) })
}

func roleOf(i int, c *x509.Certificate) string {
	switch {
	case i == 0:
		return "leaf"
	case bytes.Equal(c.RawIssuer, c.RawSubject):
		return "root"
	}
	return "intermediate"
}

// pathOf follows the names of the issuers from the leaf up: among what was sent first, then among
// what is known. Where nobody has the next one, end is its name.
func pathOf(sent, known, roots []*x509.Certificate) (path []*x509.Certificate, end string) {
	path = sent[:1:1]
	for top := sent[0]; !bytes.Equal(top.RawIssuer, top.RawSubject) && len(path) < 10; {
		var next *x509.Certificate
		for _, c := range slices.Concat(sent[1:], known, roots) {
			fits := bytes.Equal(c.RawSubject, top.RawIssuer) && !containsExactly(path, c)
			if fits && (next == nil || next.CheckSignature(top.SignatureAlgorithm, top.RawTBSCertificate, top.Signature) != nil && top.CheckSignatureFrom(c) == nil) {
				next = c
			}
		}
		if next == nil {
			name := top.Issuer.CommonName
			if name == "" {
				name = top.Issuer.String()
			}
			return path, clip(name)
		}
		path = append(path, next)
		top = next
	}
	return path, ""
}

// mark writes what the diagnosis finds beside the certificate that it speaks of.
func (d *drawing) mark(a *certs.Authority, b *certs.Bundle, host string, path []*x509.Certificate) {
	var roots []diagnose.Root
	for _, c := range a.Roots() {
		roots = append(roots, diagnose.Root{Certificate: c})
	}
	judge := diagnose.Judge{Knowledge: diagnose.NewKnowledge(roots, a.Intermediates())}
	found, _ := judge.Chain(diagnose.Chain{Certificates: b.Raw, Host: host, At: time.Now()})
	for _, f := range found {
		at := slices.IndexFunc(d.nodes, func(n node) bool { return n.name == f.Facts.Subject })
		beside := slices.IndexFunc(d.aside, func(n node) bool { return n.name == f.Facts.Subject })
		switch {
		case at >= 0:
			d.nodes[at].marks = append(d.nodes[at].marks, string(f.Code))
		case beside >= 0:
			d.aside[beside].marks = append(d.aside[beside].marks, string(f.Code))
		case f.Facts.Host != "":
			d.nodes[0].marks = append(d.nodes[0].marks, string(f.Code))
		default:
			d.marks = append(d.marks, string(f.Code))
		}
	}
	key, ok := b.TLS().PrivateKey.(crypto.Signer)
	public, ok2 := path[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if ok && ok2 && !public.Equal(key.Public()) {
		d.nodes[0].marks = append(d.nodes[0].marks, string(finding.KeyDoesNotMatch))
	}
}

// write prints the drawing, from the leaf up.
func (d drawing) write(w io.Writer, p palette, indent string) {
	width, where := 0, 0
	for _, n := range slices.Concat(d.nodes, d.aside) {
		width, where = max(width, len([]rune(n.name))), max(where, len(n.where))
	}
	row := func(n node) {
		text := fmt.Sprintf("%s%-12s  %-*s  %-*s", indent, n.role, width, n.name, where, n.where)
		if len(n.marks) > 0 {
			text += "  " + p.red("✗ "+strings.Join(n.marks, ", "))
		}
		fmt.Fprintln(w, strings.TrimRight(text, " "))
	}
	for i, n := range d.nodes {
		if i > 0 {
			link := "│"
			if slices.ContainsFunc(d.nodes[i-1].marks, breaksLink) || n.role == issuerRole || slices.Contains(n.marks, string(finding.MissingIntermediate)) {
				link = p.red("╳")
			}
			fmt.Fprintln(w, indent+link)
		}
		row(n)
	}
	if len(d.aside) > 0 {
		fmt.Fprintln(w)
		for _, n := range d.aside {
			row(n)
		}
	}
	if len(d.marks) > 0 {
		fmt.Fprintf(w, "%s%s\n", indent, p.red("✗ "+strings.Join(d.marks, ", ")))
	}
}

// breaksLink reports whether a code is about the signature that links a certificate to its issuer.
func breaksLink(code string) bool {
	return slices.Contains([]finding.Code{
		finding.BadSignature, finding.WeakSignature, finding.IssuerKeyMismatch, finding.IssuerNotTrusted, finding.IssuerUnknown,
	}, finding.Code(code))
}
