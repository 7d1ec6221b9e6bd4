package main

import (
	"bytes"
	"crypto/x509"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/preflight"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// evidenceFlags are those of a diagnosis that connects to nothing.
type evidenceFlags struct {
	chain, transcript, cert, key, log, batch string // what there is to judge

	roots    string
	host     string
	usage    string
	password string
}

func (f *evidenceFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.chain, "chain", "", "judge the certificates in `FILE` (PEM, DER, PKCS#7, PKCS#12; - for standard input) instead of connecting")
	flags.StringVar(&f.transcript, "transcript", "", "judge what openssl s_client, gnutls-cli or curl -v wrote to `FILE`, or what --save did")
	flags.StringVar(&f.cert, "cert", "", "check the certificates in `FILE`: with HOST the file of that server, else before a server gets them (needs --key and --host)")
	flags.StringVar(&f.key, "key", "", "the private key in `FILE` that goes with --cert")
	flags.StringVar(&f.log, "log", "", "read in `FILE`, the server's log (- for standard input), why it cannot load certificate or key; alone or with HOST")
	flags.StringVar(&f.batch, "batch", "", "judge many chains: a JSON line each in `FILE`, a JSON line each out")
	flags.StringVar(&f.roots, "roots", "", "trust only the roots in `FILE` (--chain, --transcript, --cert, --batch)")
	flags.StringVar(&f.host, "host", "", "the `NAME` that the certificate must be for (--chain, --transcript, --cert, --log)")
	flags.StringVar(&f.usage, "usage", "server", "what the certificate is for: server, client or any (--chain)")
	flags.StringVar(&f.password, "password-file", "", "the password of a PKCS#12 file is the first line of `FILE` (--chain)")
}

// A way is one of the ways to tell diagnose what to judge, and the flags that go with it beside
// those that go with all.
type way struct {
	flag  string // empty: HOST[:PORT]
	takes []string
}

// companions may go with another way, and are one where there is no other.
func companions() []string { return []string{"cert", "log"} }

func ways() []way {
	everyFile := []string{"ca", "roots", "host", "at", "time", "no-fetch", "timeout", "strict", "json", "all"}
	return []way{
		{"", []string{"as", "ca", "time", "at", "resolve", "dns", "timeout", "no-fetch", "repeat", "strict", "json", "all", "save", "cert", "key", "log"}},
		{"survey", []string{"ca", "strict", "json", "all"}},
		{"chain", append([]string{"usage", "password-file"}, everyFile...)},
		{"transcript", everyFile},
		{"cert", append([]string{"key"}, everyFile...)},
		{"log", []string{"host", "strict", "json", "all"}},
		{"batch", []string{"ca", "roots", "at", "time"}},
	}
}

// knownFlag leaves a flag alone that none of the ways speaks of.
func knownFlag(name string) bool {
	return slices.ContainsFunc(ways(), func(w way) bool { return slices.Contains(w.takes, name) })
}

// checkWay refuses two ways at once, and flags that would be ignored in silence.
func checkWay(cmd *cobra.Command, args []string) (way, error) {
	var chosen []way
	for _, w := range ways() {
		with := len(chosen) > 0 && slices.Contains(companions(), w.flag) && slices.Contains(chosen[0].takes, w.flag)
		if !with && (w.flag == "" && len(args) > 0 || w.flag != "" && cmd.Flags().Changed(w.flag)) {
			chosen = append(chosen, w)
		}
	}
	switch {
	case len(chosen) == 0:
		return way{}, usage("diagnose takes one HOST[:PORT], or --survey FILE; 'mailtlslab diagnose mail.example.com' is an example")
	case len(chosen) > 1 && chosen[0].flag == "":
		return way{}, usage("diagnose takes HOST[:PORT] or --%s FILE, not both; leave out %q", chosen[1].flag, clip(args[0]))
	case len(chosen) > 1:
		return way{}, usage("diagnose judges one thing at a time; give --%s or --%s, not both", chosen[0].flag, chosen[1].flag)
	}
	w := chosen[0]
	var wrong *status
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if wrong != nil || f.Name == w.flag || slices.Contains(w.takes, f.Name) || !knownFlag(f.Name) {
			return
		}
		switch w.flag {
		case "":
			wrong = usage("--%s has no effect on a connection; leave it out", f.Name)
		case "survey":
			wrong = usage("--%s has no effect on what was seen already; leave it out with --survey", f.Name)
		default:
			wrong = usage("--%s has no effect with --%s; leave it out", f.Name, w.flag)
		}
	})
	if wrong != nil {
		return w, wrong
	}
	return w, nil
}

// judgeEvidence judges what was taken without a connection of ours.
func judgeEvidence(cmd *cobra.Command, f diagnoseFlags, w way) error {
	e, err := newExam(cmd, f)
	if err != nil {
		return err
	}
	switch w.flag {
	case "chain":
		err = e.chain()
	case "transcript":
		data, err := readEvidence("transcript", f.transcript, cmd.InOrStdin())
		if err != nil {
			return err
		}
		if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
			return e.saved(data)
		}
		if err := e.transcript(data); err != nil {
			return err
		}
	case "cert":
		err = e.deployment()
	case "log":
		e.title = fileTitle(f.log)
		e.place = e.title
		err = e.log()
	default:
		return batch(cmd, f, e)
	}
	if err != nil {
		return err
	}
	return e.finish()
}

// An exam is one diagnosis of evidence from a file.
type exam struct {
	cmd   *cobra.Command
	f     diagnoseFlags
	roots []diagnose.Root
	at    time.Time // zero: now, or when the evidence was taken

	title         string // what the headline is about
	place         string // where things are found, if not in certificates
	settings      account.Settings
	findings      []finding.Finding
	problems      []string // what is wrong and has no code, a sentence each
	read, notRead []string
}

func newExam(cmd *cobra.Command, f diagnoseFlags) (*exam, error) {
	e := &exam{cmd: cmd, f: f, settings: account.Settings{Host: f.host}}
	if f.host != "" {
		if err := checkHost(f.host); err != nil {
			return nil, usage("--host: %w", err)
		}
	}
	if f.time != "" {
		var err error
		if e.at, err = time.Parse(time.RFC3339, f.time); err != nil {
			return nil, usage("--at takes a time such as 2026-11-24T12:00:00Z, not %q", clip(f.time))
		}
	}
	if !slices.Contains([]string{"server", "client", "any"}, f.usage) {
		return nil, usage("--usage takes server, client or any, not %q", clip(f.usage))
	}
	var err error
	e.roots, err = evidenceRoots(f)
	return e, err
}

// evidenceRoots returns the roots that --roots and --ca name, or the built-in ones and --ca's.
func evidenceRoots(f diagnoseFlags) ([]diagnose.Root, error) {
	if f.roots == "" {
		return trustedRoots(f.ca)
	}
	data, err := readEvidence("roots", f.roots, nil)
	if err != nil {
		return nil, err
	}
	c, err := capture.Read(data, "")
	if err != nil {
		return nil, usage("--roots %s: %w", f.roots, err)
	}
	roots := diagnose.ParseRoots(c.Certificates)
	if f.ca == "" {
		return roots, nil
	}
	more, err := readRoots(f.ca)
	return append(roots, more...), err
}

// readEvidence reads a whole file, or standard input where there is one.
func readEvidence(flag, name string, stdin io.Reader) ([]byte, error) {
	data, err := readBounded(name, stdin)
	if err != nil {
		return nil, usage("cannot read --%s: %w", flag, err)
	}
	return data, nil
}

// chain judges the certificates of a file as a server would send them.
func (e *exam) chain() error {
	data, err := readEvidence("chain", e.f.chain, e.cmd.InOrStdin())
	if err != nil {
		return err
	}
	password := ""
	if e.f.password != "" {
		line, err := readEvidence("password-file", e.f.password, nil)
		if err != nil {
			return err
		}
		password, _, _ = strings.Cut(string(line), "\n")
		password = strings.TrimSuffix(password, "\r")
	}
	c, err := capture.Read(data, password)
	if err != nil {
		return usage("--chain %s: %w", e.f.chain, err)
	}
	e.title = fileTitle(e.f.chain)
	e.read, e.notRead = []string{c.Sentence()}, c.NotRead
	chain, wrong := preflight.InOrder(c.Certificates)
	e.add(wrong...)
	e.judgeChain(chain)
	return nil
}

func fileTitle(name string) string {
	if name == "-" {
		return "standard input"
	}
	return filepath.Base(name)
}

// add takes a finding, unless its code was found already.
func (e *exam) add(fs ...finding.Finding) {
	for _, f := range fs {
		if !slices.ContainsFunc(e.findings, func(g finding.Finding) bool { return g.Code == f.Code }) {
			e.findings = append(e.findings, f)
		}
	}
}

// judgeChain judges certificates, and again when an issuer could be fetched.
func (e *exam) judgeChain(ders [][]byte) {
	if e.at.IsZero() {
		e.at = time.Now()
	}
	if e.settings.Host == "" {
		e.notRead = append(e.notRead, "a host name: --host NAME says which one the certificate must be for")
	}
	c := diagnose.Chain{Certificates: ders, Host: e.settings.Host, At: e.at, Usage: diagnose.Usage(e.f.usage)}
	found, _ := diagnose.Judge{Knowledge: informed(e.roots, nil)}.Chain(c)
	if issuers := e.fetchIssuers(found); len(issuers) > 0 {
		found, _ = diagnose.Judge{Knowledge: informed(e.roots, issuers)}.Chain(c)
	}
	earlier := slices.Clone(e.findings)
	for _, f := range found { // several of one code are about several certificates
		if !slices.ContainsFunc(earlier, func(g finding.Finding) bool { return g.Code == f.Code }) {
			e.findings = append(e.findings, f)
		}
	}
}

// fetchIssuers fetches the issuer that a certificate says where to find, and where it decides
// between a missing intermediate and a private CA. It never connects to the server itself.
func (e *exam) fetchIssuers(found []finding.Finding) []*x509.Certificate {
	if e.f.noFetch {
		return nil
	}
	for _, f := range found {
		c, err := x509.ParseCertificate(f.Facts.Certificate)
		if err != nil || f.Code != finding.IssuerUnknown && f.Code != finding.IssuerNotTrusted {
			continue
		}
		at := slices.IndexFunc(c.IssuingCertificateURL, func(u string) bool { return strings.HasPrefix(u, "http://") })
		if at < 0 {
			continue
		}
		p := &probe.Prober{Timeout: e.f.timeout}
		for _, further := range p.Answer(e.cmd.Context(), []probe.Ask{{Kind: probe.FetchIssuer, URL: c.IssuingCertificateURL[at]}}) {
			if issuer, err := x509.ParseCertificate(further.Certificate); err == nil {
				return []*x509.Certificate{issuer}
			}
		}
	}
	return nil
}

// finish prints the diagnosis and turns it into an exit status.
func (e *exam) finish() error {
	if e.cmd.Context().Err() != nil {
		return interrupted()
	}
	rank := map[finding.Code]int{}
	for i, info := range finding.All() {
		rank[info.Code] = i
	}
	slices.SortStableFunc(e.findings, func(a, b finding.Finding) int { return rank[a.Code] - rank[b.Code] })
	if err := writeEvidence(e); err != nil {
		return environment(err)
	}
	worst := finding.Worst(e.findings)
	if len(e.problems) > 0 {
		worst = finding.Error
	}
	return verdict(worst, e.f.strict)
}
