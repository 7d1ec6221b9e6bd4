package chain

import (
	"bytes"
	"crypto/x509"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// about points at a certificate of the evidence: one that was sent, or one that is known.
func (ev *evidence) about(c *x509.Certificate) finding.Pointer {
	return finding.PointAt(c.Raw, ev.raw, ev.role(c))
}

// role returns the part that c has: by its place on the path, or beside it by what it says.
func (ev *evidence) role(c *x509.Certificate) finding.Role {
	own := bytes.Equal(c.RawSubject, c.RawIssuer)
	last := len(ev.path.certs) - 1
	switch at := position(ev.path.certs, c); {
	case at == 0:
		return finding.RoleLeaf
	case at == last && at > 0 && (own || ev.path.end == Trusted), at < 0 && own:
		return finding.RoleRoot
	case at < 0 && !c.IsCA:
		return finding.RoleLeaf
	}
	return finding.RoleIntermediate
}
