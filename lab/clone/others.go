package clone

import (
	"bytes"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// otherClients sorts out what was found with the eyes of other clients than the account's, where
// its own handshake ended well: a clone is looked at as accounts look.
func (b *builder) otherClients(p *port) {
	if p.TLS == nil || !p.TLS.Complete || p.TLS.Resumed || !p.isChainOf() {
		return
	}
	where := quoted(p.Settings.Target())
	p.Findings = slices.DeleteFunc(slices.Clone(p.Findings), func(f finding.Finding) bool {
		switch {
		case f.Code == finding.HandshakeRefused:
			b.note("%s: the server refuses clients that name their protocol (ALPN), and the clone does not.", where)
			return true
		case f.Code == finding.ClientTooOld && p.Settings.MaxVersion == 0:
			b.note("%s: devices that know nothing newer than TLS 1.2 cannot connect, nor to the clone; it is not expected there, because it takes such a device to see it.", where)
			p.later = append(p.later, f.Code)
		case !p.shows(f):
			b.note("%s: the server has a second certificate for clients that prefer another type of key, and the clone has the first alone (without %s there).", where, quoted(string(f.Code)))
			return true
		}
		return false
	})
}

// isChainOf reports whether the path that was judged is that of the chain that was shown.
func (p *port) isChainOf() bool {
	return p.Path != nil && len(p.Path.Certificates) > 0 && len(p.TLS.Chain) > 0 && bytes.Equal(p.Path.Certificates[0].DER, p.TLS.Chain[0])
}

// shows reports whether a finding about the server's certificate is about the one that was shown.
func (p *port) shows(f finding.Finding) bool {
	about := f.Facts.About
	if about.IsZero() || about.Role != finding.RoleLeaf || about.From == finding.Known {
		return true
	}
	is := func(c chain.Certificate) bool { return c.Fingerprint == about.Fingerprint }
	return slices.ContainsFunc(p.Path.Certificates, is) || slices.ContainsFunc(p.Path.Beside, is) || f.Code == finding.Intermittent || f.Code == finding.SNIMissing
}
