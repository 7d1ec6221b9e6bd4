package diagnose

import (
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// presentedLeaf points at the leaf of a connection that showed one.
func presentedLeaf(o *probe.Observation) finding.Pointer {
	return finding.PointAt(o.TLS.Chain[0], o.TLS.Chain, finding.RoleLeaf)
}
