package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/cmd/internal/file"
	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/clone"
	"github.com/mailtlslab/mailtlslab/lab/preflight"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

type cloneFlags struct {
	diagnoseFlags
	dates string
	exact bool
}

// The two ways to write dates.
const (
	datesRelative = "relative"
	datesFixed    = "fixed"
)

func cloneCommand() *cobra.Command {
	var f cloneFlags
	cmd := &cobra.Command{
		Use:   "clone HOST[:PORT] | ADDRESS | FILE",
		Short: "write a scenario that serves what a real server serves",
		Long: `clone looks at a mail server as diagnose does, and writes a scenario to standard output
that serves the like: the same names, dates, kinds of keys and usages, the same chain in
the same order, the same versions and STARTTLS, port by port, and the same faults. "up"
and "verify" take it. Nobody's private key is needed: the certificates are new ones, of
an authority of the lab's with the same names.

A FILE is what 'diagnose --save' wrote, or 'diagnose --json --all', or certificates (PEM,
DER, PKCS#7, PKCS#12); - is standard input. Dates are counted from the start of the lab,
so that a certificate that expired yesterday will always have; --dates fixed has those
of the calendar. What a scenario cannot have it says in "notCloned", and clone says it on
standard error.

The exit status is 0 when a scenario was written, 2 for wrong usage or a file that cannot
be read, and 3 when nothing could be looked at.`,
		Example: `  mailtlslab clone mail.example.com > mine.json
  mailtlslab verify mine.json
  mailtlslab clone --host mail.example.com fullchain.pem > mine.json`,
		RunE: func(cmd *cobra.Command, args []string) error { return cloning(cmd, args, f) },
	}
	f.usage = string(chain.Server)
	flags := cmd.Flags()
	flags.StringVar(&f.as, "as", "", "what the port is: imaps, imap, pop3s, pop3, submissions, submission or https (default: find out)")
	flags.StringArrayVar(&f.resolve, "resolve", nil, "connect to ADDR instead of asking DNS: `HOST:PORT:ADDR` (repeatable)")
	flags.StringVar(&f.dns, "dns", "", "ask the DNS server at `ADDR` (an IP address with a port), such as that of 'up --dns'")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Second, "how long each step of a connection may take, with its unit, such as 20s")
	flags.IntVar(&f.repeat, "repeat", 0, "look `N` more times at every connection, at most 10, for faults that come and go")
	terminal.Group(cmd, "Looking at a server", "as", "resolve", "dns", "timeout", "repeat")
	flags.StringVar(&f.host, "host", "", "the `NAME` that the account has, for certificates in a file")
	flags.StringVar(&f.password, "password-file", "", "the password of a PKCS#12 file is the first line of `FILE`")
	terminal.Group(cmd, "Cloning a file", "host", "password-file")
	flags.StringVar(&f.ca, "ca", "", "trust the roots in this PEM `FILE` too; intermediates in it are known, and not trusted")
	flags.StringVar(&f.time, "time", "", "judge dates as on this `RFC3339` time instead of now")
	flags.StringVar(&f.time, "at", "", "the same as --time")
	terminal.Group(cmd, "What is trusted, and when", "ca", "time", "at")
	flags.BoolVar(&f.noFetch, "no-fetch", false, "fetch nothing from where the certificate says it is: neither a missing issuer nor word of a revocation")
	flags.StringArrayVar(&f.from, "fetch-from", nil, "go also where a server or domain that is more public may not send you: addresses such as 10.1.2.3 or `CIDR` (repeatable)")
	flags.BoolVar(&f.proxy, "proxy", false, "fetch through the proxy that the environment names (HTTP_PROXY, HTTPS_PROXY, NO_PROXY); without it none is used")
	terminal.Group(cmd, "What strangers name", "no-fetch", "fetch-from", "proxy")
	flags.StringVar(&f.dates, "dates", datesRelative, "relative: counted from the start of the lab; fixed: those of the calendar")
	flags.BoolVar(&f.exact, "exact", false, "serve the certificates themselves: every handshake then ends because their keys are not here")
	terminal.Group(cmd, "The scenario", "dates", "exact")
	return cmd
}

func cloning(cmd *cobra.Command, args []string, f cloneFlags) error {
	kind, err := checkClone(cmd, args, f)
	if err != nil {
		return err
	}
	p := terminal.NewProgress(cmd)
	s, err := await(cmd.Context(), func() (scenarios.Scenario, error) {
		if kind == cloneOfFile {
			return cloneFile(cmd, args[0], f)
		}
		return cloneServer(cmd, args[0], f, p)
	})
	p.Done()
	if err != nil {
		return err
	}
	for _, sentence := range s.NotCloned {
		// That it is not read is no reason to write nothing.
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "mailtlslab: not cloned: %s\n", terminal.Line(sentence))
	}
	if err := terminal.WriteJSON(cmd.OutOrStdout(), scenarioFile{schemaURL, s}); err != nil {
		return environment(err)
	}
	return nil
}

// The two things that an argument may name.
const (
	cloneOfServer = "a server"
	cloneOfFile   = "a file"
)

// checkClone says what the argument names, and refuses what would be ignored in silence otherwise.
func checkClone(cmd *cobra.Command, args []string, f cloneFlags) (kind string, err error) {
	if len(args) != 1 || args[0] == "" {
		return "", usage("clone takes one HOST[:PORT] or FILE; 'mailtlslab clone mail.example.com > mine.json' is an example")
	}
	kind = cloneOfServer
	if info, err := os.Stat(args[0]); args[0] == "-" || err == nil && !info.IsDir() || fileLike.MatchString(args[0]) {
		kind = cloneOfFile
	}
	idle := map[string][]string{cloneOfServer: {"host", "password-file"}, cloneOfFile: {"as", "resolve", "dns", "repeat"}}[kind]
	for _, name := range changed(cmd) {
		if slices.Contains(idle, name) {
			return kind, usage("--%s has no effect on %s; leave it out", name, kind)
		}
	}
	switch {
	case f.timeout <= 0:
		err = usage("--timeout must be more than 0, such as 5s, not %s", f.timeout)
	case f.dns != "" && checkAddress(f.dns) != nil:
		err = usage("--dns takes an IP address with a port, such as 127.0.0.1:31053, not %q", terminal.Clip(f.dns))
	case f.repeat < 0 || f.repeat > 10:
		err = usage("--repeat must be from 0 to 10, not %d", f.repeat)
	case isAddress(args[0]) && f.as != "":
		err = usage("--as says what one port is, and a mail address has several; leave it out")
	case f.dates != datesRelative && f.dates != datesFixed:
		err = usage("--dates takes relative or fixed, not %q", terminal.Clip(f.dates))
	case f.host != "" && account.CheckHost(f.host) != nil:
		err = usage("--host: %q is no host name: %w", terminal.Clip(f.host), account.CheckHost(f.host))
	}
	return kind, err
}

func (f cloneFlags) options() clone.Options {
	return clone.Options{Fixed: f.dates == datesFixed, Exact: f.exact}
}

// cloneServer looks at a server.
func cloneServer(cmd *cobra.Command, arg string, f cloneFlags, p *terminal.Progress) (scenarios.Scenario, error) {
	var e checkup.Evidence
	var err error
	if e.At, err = dayOf(cmd, f.time); err != nil {
		return scenarios.Scenario{}, err
	}
	if err := gatherServer(&e, arg, f.diagnoseFlags); err != nil {
		return scenarios.Scenario{}, err
	}
	return f.examine(cmd, e, p)
}

// examine judges evidence with connections, and clones what was seen of them.
func (f cloneFlags) examine(cmd *cobra.Command, e checkup.Evidence, p *terminal.Progress) (scenarios.Scenario, error) {
	c, err := f.checkup(e)
	if err != nil {
		return scenarios.Scenario{}, err
	}
	if p != nil {
		c.Progress = func(words string) { p.Say("%s", words) }
	}
	if e.Domain != nil {
		c.Finder.Addresses = e.Domain.Addresses
	}
	a, survey, err := c.Examine(cmd.Context(), e)
	if cmd.Context().Err() != nil {
		return scenarios.Scenario{}, interrupted()
	}
	if err != nil {
		return scenarios.Scenario{}, environment(err)
	}
	if e.Survey == nil && !slices.ContainsFunc(survey.Observations, answered) {
		return scenarios.Scenario{}, environment(fmt.Errorf("nothing could be looked at: no port of %q answers; 'mailtlslab diagnose' says why", terminal.Clip(a.About)))
	}
	var judged []clone.Judged
	for _, place := range a.Places {
		if place.Kind == checkup.Connection {
			judged = append(judged, clone.Judged{Findings: place.Findings, Path: place.Path})
		}
	}
	s, err := clone.Survey(survey, judged, f.options())
	if err != nil {
		return s, environment(err)
	}
	return s, nil
}

// answered reports whether there was something on a port, be it a refusal of the one that was asked about.
func answered(o probe.Observation) bool {
	switch o.Outcome {
	case probe.Unresolved, probe.LocalFault, probe.NotTried, probe.NoSuchHost, probe.Unreachable:
		return o.Listed && o.Outcome == probe.NoSuchHost
	case probe.Refused, probe.TimedOut:
		return o.Listed || o.Stage != probe.Connecting
	}
	return true
}

// cloneFile clones what is in a file: a saved survey, an answer, or certificates.
func cloneFile(cmd *cobra.Command, name string, f cloneFlags) (scenarios.Scenario, error) {
	var none scenarios.Scenario
	at, err := dayOf(cmd, f.time)
	if err != nil {
		return none, err
	}
	data, err := file.Read(name, cmd.InOrStdin())
	if err != nil {
		return none, usage("cannot read what is to be cloned: %w", err)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return cloneChain(cmd, name, data, at, f)
	}
	var head struct {
		Survey int             `json:"mailtlslabSurvey"`
		Places json.RawMessage `json:"endpoints"`
	}
	err = json.Unmarshal(data, &head)
	switch {
	case err != nil || head.Survey == 0 && head.Places == nil:
		return none, usage("%s is neither a saved survey nor an answer of a diagnosis; 'mailtlslab diagnose --save FILE HOST' writes one", fileTitle(name))
	case f.host != "":
		return none, usage("%s says itself which host it is about; leave out --host", fileTitle(name))
	case head.Survey != 0:
		if f.time != "" {
			return none, usage("%s is a saved survey, which says itself when it was taken; leave out --at", fileTitle(name))
		}
		s, err := decodeSurvey(fileTitle(name), data)
		if err != nil {
			return none, err
		}
		return f.examine(cmd, checkup.Evidence{Survey: &s}, nil)
	}
	if at.IsZero() {
		at = time.Now()
	}
	s, err := clone.Answer(data, at, f.options())
	if errors.Is(err, clone.ErrBrief) {
		return s, usage("%s: %w; 'mailtlslab diagnose --json --all' writes an answer that has them", fileTitle(name), clone.ErrBrief)
	}
	if err != nil {
		return s, usage("%s: %w", fileTitle(name), err)
	}
	return s, nil
}

// cloneChain clones certificates.
func cloneChain(cmd *cobra.Command, name string, data []byte, at time.Time, f cloneFlags) (scenarios.Scenario, error) {
	var none scenarios.Scenario
	password, err := f.secret()
	if err != nil {
		return none, err
	}
	c, err := capture.Read(data, password)
	if errors.Is(err, capture.ErrPassword) {
		return none, usage("%s %w with --password-file FILE", fileTitle(name), err)
	}
	if err != nil {
		return none, usage("%s: %w", fileTitle(name), err)
	}
	checker, err := f.checkup(checkup.Evidence{Chain: &checkup.ChainFile{}})
	if err != nil {
		return none, err
	}
	if at.IsZero() {
		at = time.Now()
	}
	given := checkup.ChainFile{File: checkup.File{Name: fileTitle(name), Data: data}, Password: password}
	a, _, err := checker.Examine(cmd.Context(), checkup.Evidence{Host: f.host, At: at, Usage: chain.Server, Chain: &given})
	if cmd.Context().Err() != nil {
		return none, interrupted()
	}
	if err != nil {
		return none, usage("%w", err)
	}
	e, j := chain.Evidence{Host: f.host, At: at}, chain.Judgement{}
	e.Certificates, _ = preflight.InOrder(c.Certificates)
	for _, place := range a.Places {
		if j.Findings = place.Findings; place.Path != nil {
			j.Path = *place.Path
		}
	}
	s, err := clone.Chain(e, j, f.options())
	if err != nil {
		return none, usage("%s: %w", fileTitle(name), err)
	}
	return s, nil
}
