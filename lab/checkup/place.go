package checkup

import (
	"crypto/tls"
	"fmt"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// connectionPlace says what was found on one connection, and what the verdict on it rests on.
// published says that several servers may have a port of the same number.
func connectionPlace(e diagnose.Endpoint, o probe.Observation, published bool) Place {
	p := Place{
		Kind: Connection, Name: connectionName(o.Settings, published), Endpoint: e.Endpoint, Target: o.Settings.Target(), Address: o.Address,
		Complete: e.Complete, Findings: e.Findings, Path: e.Path, settings: o.Settings, greeting: o.Greeting + " " + o.First,
		held: o.Outcome == probe.NotTried,
	}
	if o.TLS != nil && o.TLS.Complete {
		p.Judged = append(p.Judged, "the handshake, "+tls.VersionName(o.TLS.Version))
	}
	if e.Path != nil && o.TLS != nil && len(o.TLS.Chain) > 0 {
		p.Judged = append(p.Judged, count(len(o.TLS.Chain), "certificate")+" as of "+day(o.At)+", for "+finding.Clip(o.Settings.Host))
	}
	p.Judged = append(p.Judged, e.Also...)
	if o.Settings.Relayed() && reached(o) {
		p.NotJudged = append(p.NotJudged, "between servers the domains decide what certificate a sender wants, by DANE (TLSA records) or MTA-STS, and for the names in their MX: neither was looked up")
	}
	switch {
	case has(e.Findings, finding.NotOffered):
		p.Absent, p.Verdict = true, Unjudged
	case finding.Worst(e.Findings) == finding.Error:
		p.Verdict = Fail
	case e.Unjudged != "":
		p.Verdict, p.NotJudged = Unjudged, append(p.NotJudged, e.Unjudged)
	case e.Path == nil && !has(e.Findings, finding.StaleSession):
		p.Verdict, p.NotJudged = Unjudged, append(p.NotJudged, "the certificate: none was seen")
	default:
		p.Verdict = OK
	}
	return p
}

// connectionName says which connection it is, as a person would.
func connectionName(s account.Settings, published bool) string {
	if published {
		return fmt.Sprintf("%s (%s)", s.Endpoint, finding.Clip(s.Target()))
	}
	if s.Relayed() {
		return fmt.Sprintf("smtp between servers (%d)", s.Port)
	}
	return fmt.Sprintf("%s (%d)", s.Endpoint, s.Port)
}
