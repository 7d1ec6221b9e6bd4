package diagnose

import (
	"crypto/x509"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A Usage is what a certificate is to be used for.
type Usage string

// The usages a chain can be judged for.
const (
	Server Usage = "server" // the zero value means this too
	Client Usage = "client"
	Email  Usage = "email" // S/MIME
	Any    Usage = "any"
)

// A Chain is certificates without a connection: from a file, a paste or a corpus.
type Chain struct {
	Certificates [][]byte  `json:"certificates"`   // DER, the leaf first
	Host         string    `json:"host,omitempty"` // the name it must be valid for; empty checks none
	At           time.Time `json:"at"`
	Usage        Usage     `json:"usage,omitempty"`
}

// Chain judges certificates without a connection. Unexplained is among the findings unless the
// others explain everything. Accepted is crypto/x509's own verdict, for the name as well: a finding
// about a policy of certain clients does not change it. A chain without certificates has nothing
// to be judged, and is malformed.
func (j Judge) Chain(c Chain) (findings []finding.Finding, accepted bool) {
	if len(c.Certificates) == 0 {
		return []finding.Finding{finding.New(finding.MalformedCertificate, "there is no certificate to judge")}, false
	}
	ev := &evidence{raw: c.Certificates, host: c.Host, at: c.At, usage: c.Usage.x509(), know: j.Knowledge}
	findings = j.judgeChain(ev)
	return findings, ev.verified && ev.unread == nil && (c.Host == "" || ev.path.leaf().VerifyHostname(c.Host) == nil)
}

func (u Usage) x509() x509.ExtKeyUsage {
	switch u {
	case Client:
		return x509.ExtKeyUsageClientAuth
	case Email:
		return x509.ExtKeyUsageEmailProtection
	case Any:
		return x509.ExtKeyUsageAny
	}
	return x509.ExtKeyUsageServerAuth
}
