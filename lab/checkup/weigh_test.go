package checkup

import (
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// What the wire shows decides how much a claim of the server's own files and log weighs.
func TestOwnIsWeighedByTheWire(t *testing.T) {
	file, other := []byte("the certificate of the file"), []byte("another")
	met := func(e account.Endpoint, stage probe.Stage, tls *probe.TLS) probe.Observation {
		return probe.Observation{Settings: account.For(e, "mail.lab.test"), Stage: stage, TLS: tls}
	}
	shows := func(e account.Endpoint, leaf []byte) probe.Observation {
		return met(e, probe.Done, &probe.TLS{Version: 0x0304, Chain: [][]byte{leaf}, Complete: true})
	}
	const imaps, smtps, smtp, web = account.IMAPS, account.Submissions, account.SubmissionStart, account.Web
	closed, unknown := met(account.POP3S, probe.Connecting, nil), met(account.POP3S, probe.Resolving, nil)
	refuses, dropped := met(smtp, probe.Upgrading, nil), met(smtp, probe.Handshaking, &probe.TLS{})
	cut, wrongKey := met(imaps, probe.Greeting, nil), met(smtps, probe.Handshaking, &probe.TLS{Version: 0x0304, Chain: [][]byte{file}})
	resumes := met(smtps, probe.Done, &probe.TLS{Version: 0x0304, Complete: true})

	permission := func(code finding.Code) finding.Finding {
		f := finding.New(code, "it may not be read")
		f.Facts.Detail = finding.DetailPermission
		return f
	}
	claim := func(p finding.Product) finding.Finding {
		f := finding.New(finding.KeyDoesNotMatch, "according to the log")
		f.Facts.Product = p
		return f
	}
	key := permission(finding.KeyUnreadable)
	noFile := finding.New(finding.KeyMissing, "it is not there")
	noFile.Facts.Detail = finding.DetailNoFile
	for _, c := range []struct {
		name  string
		log   bool
		found finding.Finding
		seen  []probe.Observation
		want  finding.Severity
	}{
		{"Exim encrypts", true, claim(finding.Exim), []probe.Observation{shows(smtps, file), closed}, finding.Warning},
		{"Postfix encrypts", true, claim(finding.Postfix), []probe.Observation{shows(smtp, other), unknown, shows(web, other)}, finding.Warning},
		{"Dovecot encrypts IMAP", true, claim(finding.Dovecot), []probe.Observation{shows(imaps, other)}, finding.Warning},
		{"Dovecot encrypts POP3", true, claim(finding.Dovecot), []probe.Observation{shows(account.POP3StartTLS, other)}, finding.Warning},
		{"nginx encrypts", true, claim(finding.Nginx), []probe.Observation{shows(web, other)}, finding.Warning},
		{"Apache encrypts", true, claim(finding.Apache), []probe.Observation{shows(web, other)}, finding.Warning},
		{"STARTTLS is refused", true, claim(finding.Exim), []probe.Observation{shows(smtps, file), refuses}, finding.Error},
		{"the handshake is dropped", true, claim(finding.Exim), []probe.Observation{shows(smtps, file), dropped}, finding.Error},
		{"another port is cut", true, claim(finding.Exim), []probe.Observation{cut, shows(smtps, file)}, finding.Error},
		{"the key is the wrong one", true, claim(finding.Exim), []probe.Observation{wrongKey}, finding.Error},
		{"nobody shows a certificate", true, claim(finding.Exim), []probe.Observation{resumes}, finding.Error},
		{"nothing answers", true, claim(finding.Exim), []probe.Observation{closed}, finding.Error},
		{"Exim was not looked at", true, claim(finding.Exim), []probe.Observation{shows(imaps, file), shows(web, file)}, finding.Error},
		{"Exim does not answer", true, claim(finding.Exim), []probe.Observation{shows(imaps, file), met(smtps, probe.Connecting, nil)}, finding.Error},
		{"Dovecot was not looked at", true, claim(finding.Dovecot), []probe.Observation{shows(smtps, file), shows(web, file)}, finding.Error},
		{"nginx was not looked at", true, claim(finding.Nginx), []probe.Observation{shows(smtps, file)}, finding.Error},

		{"the file is presented", false, key, []probe.Observation{shows(web, other), shows(smtps, file), closed}, finding.Warning},
		{"the file is presented by the web alone", false, key, []probe.Observation{shows(web, file), shows(smtps, other)}, finding.Error},
		{"another one is presented", false, key, []probe.Observation{shows(smtps, other)}, finding.Error},
		{"the file is presented, and a port fails", false, key, []probe.Observation{shows(imaps, file), refuses}, finding.Error},
		{"the web presents, and Exim fails", false, key, []probe.Observation{shows(web, file), dropped}, finding.Error},
		{"the file is presented with another key", false, key, []probe.Observation{wrongKey}, finding.Error},
		{"nothing answers the file", false, key, []probe.Observation{closed}, finding.Error},
		{"a file that is not there", false, noFile, []probe.Observation{shows(smtps, file), shows(web, file)}, finding.Error},
	} {
		kind := Files
		if c.log {
			kind = Log
		}
		before := len(c.found.Evidence)
		given := Place{Kind: kind, Verdict: Fail, Findings: []finding.Finding{c.found}}
		x := &examination{installed: [][]byte{file}, survey: probe.Survey{Observations: c.seen}}
		x.weigh(&given)
		f := given.Findings[0]
		if f.Severity != c.want || (given.Verdict == Fail) != (c.want == finding.Error) {
			t.Errorf("%s: %s and %s, want %s", c.name, f.Severity, given.Verdict, c.want)
		}
		more := strings.Join(f.Evidence[before:], "\n")
		if (more != "") != (c.want == finding.Warning) || c.log && more != "" && !strings.Contains(more, "may be over") || !c.log && more != "" && !strings.Contains(more, "of the file") {
			t.Errorf("%s: more evidence: %q", c.name, more)
		}
	}

	// A certificate that may not be read cannot be recognised on a port.
	given := Place{Kind: Files, Verdict: Fail, Findings: []finding.Finding{permission(finding.CertificateNotLoaded)}}
	x := &examination{survey: probe.Survey{Observations: []probe.Observation{shows(imaps, file)}}}
	if x.weigh(&given); given.Verdict != Fail {
		t.Errorf("without a certificate to compare: %s", given.Verdict)
	}
}
