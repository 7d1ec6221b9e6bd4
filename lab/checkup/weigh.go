package checkup

import (
	"bytes"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// weigh makes a warning of what the server's own files and log say and the connections speak
// against: a log may have lost the line that says it is over. One connection on which TLS does not
// come about speaks for all of it. A session that failed with somebody else is no matter of ours.
func (x *examination) weigh(p *Place) {
	seen := x.survey.Observations
	if slices.ContainsFunc(seen, func(o probe.Observation) bool { return reached(o) && !encrypts(o) }) {
		return
	}
	for i, f := range p.Findings {
		evidence := ""
		switch {
		case p.Kind == Log && f.Code != finding.Unexplained && slices.ContainsFunc(seen, func(o probe.Observation) bool { return encrypts(o) && isOf(f.Facts.Product, o) }):
			evidence = "this may be over: every port that answers presents a certificate now"
		case f.Facts.Detail == finding.DetailPermission && slices.ContainsFunc(seen, x.presents):
			evidence = "a mail port presents the certificate of the file, so that the server could read its own when it started: run this as root to look into the file"
		default:
			continue
		}
		p.Findings[i].Severity, p.Findings[i].Evidence = finding.Warning, append(slices.Clone(f.Evidence), evidence)
	}
	if p.Verdict == Fail && len(p.problems) == 0 && finding.Worst(p.Findings) != finding.Error {
		p.Verdict = OK
	}
}

// encrypts reports whether TLS came about, with a certificate and the key that belongs to it.
func encrypts(o probe.Observation) bool {
	return o.TLS != nil && o.TLS.Complete && len(o.TLS.Chain) > 0
}

// presents reports whether a mail port presents the certificate of the file. A web server is
// mostly another program, and has rights of its own.
func (x *examination) presents(o probe.Observation) bool {
	return o.Settings.Endpoint != account.Web && encrypts(o) && len(x.installed) > 0 && bytes.Equal(o.TLS.Chain[0], x.installed[0])
}

// isOf reports whether a connection mostly is one to this product: what another program presents
// says nothing of it.
func isOf(product finding.Product, o probe.Observation) bool {
	protocol := o.Settings.Endpoint.Protocol()
	switch product {
	case finding.Postfix, finding.Exim:
		return protocol == account.Submission
	case finding.Dovecot:
		return protocol == account.IMAP || protocol == account.POP3
	}
	return protocol == account.HTTPS
}
