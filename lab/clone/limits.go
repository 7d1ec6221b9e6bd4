package clone

import (
	"encoding/asn1"
	"slices"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// limits says what of a chain that was written out will be judged otherwise than it was, because the
// lab's roots are no public ones and vouch for little, and because time has passed.
func (d *drawing) limits() {
	for i, c := range d.certs {
		if c == nil {
			continue
		}
		if left := c.NotAfter.Sub(d.seen); left >= 0 && left < time.Hour {
			d.note("%s was about to end: what is found of the clone changes as soon.", quoted(chain.Name(c)))
		}
		for _, e := range c.Extensions {
			if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 30}) && d.anchor(i) && !certs.KeepsConstraints(e.Value) {
				d.note("The name constraints of the root %s are of kinds that the clone's root does not keep.", quoted(chain.Name(c)))
			}
		}
	}
	for _, n := range d.out.Beyond() {
		d.note("%s can be no name of a host, so that no root of the lab may certify it: clients that look refuse the certificate for that.", quoted(n))
	}
	if slices.Contains(d.found(), finding.RootDistrusted) {
		d.note("That the root is no longer trusted is known of the clone's too where it is known by name and key identifier, and of nothing but the real one where it is known by the certificate itself.")
	}
	const many = 400 // by which clients that hold each to the constraints of a root come to their limit
	if n := len(d.out.Certificates[0].Names); n > many {
		d.note("The certificate has %d names, and the root of the clone is held to as many: that is more than some clients compare.", n)
	}
	d.lifetime()
	d.unreadableRoot()
}

// lifetime holds the leaf to the rule of today where it was issued before there was one: 825 days, as
// Apple has it since July 2019 (https://support.apple.com/en-za/103769).
func (d *drawing) lifetime() {
	const most, left = 825 * 24 * time.Hour, 425 * 24 * time.Hour
	since := time.Date(2019, 7, 1, 0, 0, 0, 0, time.UTC)
	leaf, one := *d.certs[0], &d.out.Certificates[0]
	counted := strings.HasPrefix(one.From, "-") || strings.HasPrefix(one.From, "+")
	if !counted || !leaf.NotBefore.Before(since) || slices.Contains(d.found(), finding.LifetimeTooLong) || leaf.NotAfter.Sub(leaf.NotBefore) <= most {
		return
	}
	switch {
	case d.seen.Before(leaf.NotBefore):
		leaf.NotAfter = leaf.NotBefore.Add(most)
	case leaf.NotAfter.Sub(d.seen) > left:
		leaf.NotAfter = d.seen.Add(left)
		leaf.NotBefore = leaf.NotAfter.Add(-most)
	default:
		leaf.NotBefore = leaf.NotAfter.Add(-most)
	}
	short, _ := certs.Describe(&leaf, d.dates())
	one.From, one.Until = short.From, short.Until
	d.note("%s is valid for longer than is accepted today, and was issued before that was so: the clone's is valid for 825 days.", quoted(chain.Name(d.certs[0])))
}

// found returns the codes of all connections.
func (b *builder) found() []finding.Code {
	var out []finding.Code
	for _, p := range b.ports {
		out = append(out, p.codes...)
	}
	return out
}

// unreadableRoot notes that a chain ends at a root which nobody here can read, where nothing else says
// why it has no end.
func (d *drawing) unreadableRoot() {
	info := func(c finding.Code) finding.Family {
		row, _ := finding.Lookup(c)
		return row.Family
	}
	if d.path.End == chain.Dangling && !slices.ContainsFunc(d.found(), func(c finding.Code) bool { return info(c) == finding.Trust }) {
		d.note("The root that the chain ends at is known and cannot be used here: it is not in the clone.")
	}
}
