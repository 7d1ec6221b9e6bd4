package main

import (
	"bytes"
	"encoding/pem"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mailtlslab/mailtlslab/cmd/internal/file"
	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/preflight"
	"github.com/mailtlslab/mailtlslab/lab/roots"
)

// changed returns the names of the flags that were given.
func changed(cmd *cobra.Command) (names []string) {
	cmd.Flags().Visit(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// gather reads the evidence that the command line names: files now, servers when they are looked at.
func gather(cmd *cobra.Command, g given, f diagnoseFlags, w way) (e checkup.Evidence, err error) {
	if e.At, err = dayOf(cmd, f.time); err != nil {
		return e, err
	}
	if f.host != "" {
		if err := account.CheckHost(f.host); err != nil {
			return e, usage("--host: %q is no host name: %w", terminal.Clip(f.host), err)
		}
	}
	e.Host = f.host
	stdin := cmd.InOrStdin()
	switch w.flag {
	case "":
		if err := gatherServer(&e, g.server, f); err != nil {
			return e, err
		}
		if err := gatherFiles(&e, f, stdin); err != nil {
			return e, err
		}
		return e, gatherTexts(&e, g, stdin)
	case pasted:
		e.Usage = chain.Usage(f.usage)
		if e.Password, err = f.secret(); err != nil {
			return e, err
		}
		return e, gatherTexts(&e, g, stdin)
	case "survey":
		s, err := readSurvey(stdin, f.survey)
		e.Survey = &s
		return e, err
	case "chain":
		return e, gatherChain(&e, f, stdin)
	case "transcript":
		return e, gatherTranscript(&e, f, stdin)
	}
	return e, gatherFiles(&e, f, stdin)
}

// dayOf reads --time and --at.
func dayOf(cmd *cobra.Command, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	name := "time"
	if cmd.Flags().Changed("at") {
		name = "at"
	}
	t, err := time.Parse(time.RFC3339, s)
	if d, is := time.Parse(time.DateOnly, s); is == nil { // noon of a day
		t, err = d.Add(12*time.Hour), nil
	}
	if err != nil {
		return t, usage("--%s takes a time such as 2026-11-24T12:00:00Z, not %q", name, terminal.Clip(s))
	}
	if t.IsZero() { // which stands for no time everywhere
		return t, usage("--%s cannot be the first moment of the year 1; no certificate reaches back before 1950, so that any later time says the same", name)
	}
	return t, nil
}

// gatherServer reads HOST[:PORT] or a mail address.
func gatherServer(e *checkup.Evidence, arg string, f diagnoseFlags) (err error) {
	if domain, ok := checkup.DomainOf(arg); ok {
		if err := checkup.CheckDomain(domain); err != nil {
			return usage("%q is no domain of a mail address: %w", terminal.Clip(domain), err)
		}
		e.Domain = &checkup.Domain{Name: domain, Clock: e.At}
		e.Domain.Addresses, err = resolved(domain, f.resolve, true)
		return err
	}
	t := &checkup.Target{As: account.Endpoint(f.as), Clock: e.At}
	if t.Host, t.Port, err = splitTarget(arg); err != nil {
		return err
	}
	if t.Addresses, err = resolved(t.Host, f.resolve, false); err != nil {
		return err
	}
	if f.as != "" && !t.As.Valid() {
		return usage("--as takes imaps, imap, pop3s, pop3, submissions, submission or https, not %q", terminal.Clip(f.as))
	}
	e.Target, e.Host = t, t.Host
	return nil
}

// gatherFiles reads --cert, --key and --log. A pair that cannot be read is evidence itself.
func gatherFiles(e *checkup.Evidence, f diagnoseFlags, stdin io.Reader) error {
	if f.cert != "" {
		p := &preflight.Pair{Host: e.Host, Cert: preflight.File{Name: fileTitle(f.cert)}}
		p.Cert.Data, p.Cert.Err = file.Read(f.cert, stdin)
		if f.key == f.cert {
			p.Key = p.Cert
		} else if f.key != "" {
			p.Key = preflight.File{Name: fileTitle(f.key)}
			p.Key.Data, p.Key.Err = file.Read(f.key, nil)
		}
		if p.Key.Name == p.Cert.Name && f.key != f.cert {
			p.Cert.Name, p.Key.Name = terminal.Clip(f.cert), terminal.Clip(f.key) // of two folders
		}
		e.Pair = p
	}
	if f.log != "" {
		return gatherText(e, "log", f.log, checkup.Log, stdin)
	}
	return nil
}

func gatherChain(e *checkup.Evidence, f diagnoseFlags, stdin io.Reader) error {
	data, err := readEvidence("chain", f.chain, stdin)
	if err != nil {
		return err
	}
	e.Chain = &checkup.ChainFile{File: checkup.File{Name: fileTitle(f.chain), Data: data}}
	e.Usage = chain.Usage(f.usage)
	e.Chain.Password, err = f.secret()
	return err
}

// secret reads --password-file.
func (f diagnoseFlags) secret() (string, error) {
	if f.password == "" {
		return "", nil
	}
	line, err := readEvidence("password-file", f.password, nil)
	if err != nil {
		return "", err
	}
	password, _, _ := strings.Cut(string(line), "\n")
	return strings.TrimSuffix(password, "\r"), nil
}

// gatherTranscript reads what a tool printed, or what --save wrote.
func gatherTranscript(e *checkup.Evidence, f diagnoseFlags, stdin io.Reader) error {
	if err := gatherText(e, "transcript", f.transcript, checkup.Transcript, stdin); err != nil {
		return err
	}
	if e.Survey != nil && (f.host != "" || f.time != "") {
		return usage("%s is a saved survey, which says itself which host it is about and when it was taken; leave out --host and --at", f.transcript)
	}
	return nil
}

// gatherText reads one file that a flag says is a text.
func gatherText(e *checkup.Evidence, flag, name string, kind checkup.PlaceKind, stdin io.Reader) error {
	r, err := file.Open(name, stdin)
	if err != nil {
		return usage("cannot read --%s: %w", flag, err)
	}
	defer r.Close()
	if err := e.Read(fileTitle(name), r); err != nil {
		return usage("--%s %w", flag, err)
	}
	for i, t := range e.Texts {
		switch {
		case t.Binary:
			return usage("--%s %s is no text", flag, t.Name)
		case t.Cut:
			return usage("--%s %s is larger than %d MB; the last lines are enough ('tail -n 100000 FILE')", flag, t.Name, capture.MaxText>>20)
		}
		e.Texts[i].Kind = kind
	}
	return nil
}

// readEvidence reads a whole file, or standard input where there is one.
func readEvidence(flag, name string, stdin io.Reader) ([]byte, error) {
	data, err := file.Read(name, stdin)
	if err != nil {
		return nil, usage("cannot read --%s: %w", flag, err)
	}
	return data, nil
}

func fileTitle(name string) string {
	if name == "-" {
		return "standard input"
	}
	return filepath.Base(name)
}

// trusted returns the store that --roots and --ca make, or the built-in one and --ca's roots.
func trusted(f diagnoseFlags) (roots.Store, error) {
	store, err := roots.Public()
	if err != nil {
		return store, environment(err)
	}
	if f.roots != "" {
		data, err := readEvidence("roots", f.roots, nil)
		if err != nil {
			return store, err
		}
		c, err := capture.Read(data, "")
		if err != nil {
			return store, usage("--roots %s: %w", f.roots, err)
		}
		store = store.Only(chain.ParseRoots(c.Certificates))
	}
	if f.ca != "" {
		if err := readCA(f.ca, &store); err != nil {
			return store, err
		}
	}
	return store, nil
}

// readCA adds the certificates of a file to a store. One that signed itself is a root, and trusted;
// another one is an intermediate, which is known and, as with other programs, no reason to trust.
func readCA(name string, store *roots.Store) error {
	data, err := file.Read(name, nil)
	if err != nil {
		return usage("cannot read --ca: %w", err)
	}
	read := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		c := chain.ParseRoots([][]byte{block.Bytes})[0].Certificate
		if c == nil || block.Type != "CERTIFICATE" {
			return usage("--ca %s: the PEM block %q is no certificate that can be read", name, terminal.Clip(block.Type))
		}
		if read++; bytes.Equal(c.RawSubject, c.RawIssuer) {
			store.Roots = append(store.Roots, chain.Root{Certificate: c})
		} else {
			store.Intermediates = append(store.Intermediates, c)
		}
	}
	if read == 0 {
		return usage("--ca %s holds no certificate in PEM form; 'openssl x509 -inform der -in FILE' converts one", name)
	}
	return nil
}
