package main

import (
	"time"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/preflight"
)

// deployment checks certificate and key before a server gets them.
func (e *exam) deployment() error {
	if e.f.key == "" || e.f.host == "" {
		return usage("--cert needs --key FILE and --host NAME; 'mailtlslab diagnose --cert fullchain.pem --key privkey.pem --host mail.example.com' is an example")
	}
	e.title = fileTitle(e.f.cert)
	e.pair()
	return nil
}

// pair checks the files of --cert and --key, and again when an issuer could be fetched. A file that
// cannot be read is a finding: the server may stumble over the same. It returns the certificates,
// the leaf first.
func (e *exam) pair() [][]byte {
	if e.at.IsZero() {
		e.at = time.Now()
	}
	p := preflight.Pair{Host: e.settings.Host}
	p.Cert = preflight.File{Name: fileTitle(e.f.cert)}
	p.Cert.Data, p.Cert.Err = readBounded(e.f.cert, e.cmd.InOrStdin())
	if e.f.key == e.f.cert {
		p.Key = p.Cert
	} else if e.f.key != "" {
		p.Key = preflight.File{Name: fileTitle(e.f.key)}
		p.Key.Data, p.Key.Err = readBounded(e.f.key, nil)
	}
	if p.Key.Name == p.Cert.Name && e.f.key != e.f.cert {
		p.Cert.Name, p.Key.Name = clip(e.f.cert), clip(e.f.key) // of two folders
	}
	r := preflight.Check(p, chain.Judge{Knowledge: informed(e.roots, nil)}, e.at)
	if issuers := e.fetchIssuers(r.Findings); len(issuers) > 0 {
		r = preflight.Check(p, chain.Judge{Knowledge: informed(e.roots, issuers)}, e.at)
	}
	e.findings = append(e.findings, r.Findings...)
	e.problems = append(e.problems, r.Problems...)
	e.read, e.notRead = append(e.read, r.Read...), append(e.notRead, r.NotRead...)
	return r.Chain
}
