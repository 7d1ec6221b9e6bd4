package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/x509roots/fallback/bundle"

	"mailtlslab/lab/account"
	"mailtlslab/lab/diagnose"
	"mailtlslab/lab/finding"
	"mailtlslab/lab/probe"
)

type diagnoseFlags struct {
	as      string
	ca      string
	time    string
	resolve []string
	timeout time.Duration
	noFetch bool
	strict  bool
	json    bool
	all     bool
	save    string
	survey  string
}

func diagnoseCommand() *cobra.Command {
	var f diagnoseFlags
	cmd := &cobra.Command{
		Use:   "diagnose HOST[:PORT]",
		Short: "say what is wrong with a mail server, and what to do",
		Long: `diagnose connects to a mail server as a mail program would, and says what is wrong in
one sentence, how that is known, what the person with the device does, what the admin
does, and which scenario reproduces it. Without a port it tries the seven standard ones
side by side. It never logs in. The exit status is 1 when something is wrong.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return diagnosis(cmd, args, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.as, "as", "", "what the port is: imaps, imap, pop3s, pop3, submissions, submission or https (default: find out)")
	flags.StringVar(&f.ca, "ca", "", "trust the roots in this PEM `FILE` too")
	flags.StringVar(&f.time, "time", "", "judge dates as on this `RFC3339` time instead of now")
	flags.StringArrayVar(&f.resolve, "resolve", nil, "connect to ADDR instead of asking DNS: `HOST:PORT:ADDR` (repeatable)")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Second, "how long each step of a connection may take")
	flags.BoolVar(&f.noFetch, "no-fetch", false, "do not fetch a missing issuer from where the certificate says it is")
	flags.BoolVar(&f.strict, "strict", false, "exit with 1 for warnings too")
	flags.BoolVar(&f.json, "json", false, "write JSON")
	flags.BoolVar(&f.all, "all", false, "print the steps for every platform and product")
	flags.StringVar(&f.save, "save", "", "write what was seen to `FILE`, to be judged elsewhere")
	flags.StringVar(&f.survey, "survey", "", "judge what was saved in `FILE` (- for standard input) instead of connecting")
	return cmd
}

func diagnosis(cmd *cobra.Command, args []string, f diagnoseFlags) error {
	if (len(args) == 1) == (f.survey != "") {
		return usage("diagnose takes a HOST[:PORT], or --survey FILE")
	}
	knowledge, err := knowledge(f.ca)
	if err != nil {
		return err
	}
	judge := diagnose.Judge{Knowledge: knowledge}
	var report diagnose.Report
	var survey probe.Survey
	title := ""
	if f.survey != "" {
		if survey, err = readSurvey(cmd.InOrStdin(), f.survey); err != nil {
			return err
		}
		report = judge.Report(survey)
		title = survey.Observations[0].Settings.Host
	} else {
		prober := &probe.Prober{Timeout: f.timeout, NoFetch: f.noFetch}
		settings, err := target(cmd.Context(), prober, args[0], f)
		if err != nil {
			return err
		}
		title = settings[0].Host
		survey = prober.Survey(cmd.Context(), settings, len(settings) == 1)
		report, survey = judge.Examine(survey, func(asks []probe.Ask) []probe.Further { return prober.Answer(cmd.Context(), asks) })
		if cmd.Context().Err() != nil {
			return environment(errors.New("interrupted"))
		}
	}
	if f.save != "" {
		if err := writeFile(f.save, func(w io.Writer) error { return writeJSON(w, saved{savedForm, survey}) }); err != nil {
			return environment(err)
		}
	}
	if err := writeDiagnosis(cmd, f, title, report, survey); err != nil {
		return environment(err)
	}
	if worst := report.Worst(); worst == finding.Error || f.strict && worst == finding.Warning {
		return &status{code: exitFindings}
	}
	return nil
}

// target returns the settings to look at: one connection, or the seven of a host.
func target(ctx context.Context, p *probe.Prober, arg string, f diagnoseFlags) ([]account.Settings, error) {
	host, port, err := splitTarget(arg)
	if err != nil {
		return nil, err
	}
	addresses, err := resolved(f.resolve)
	if err != nil {
		return nil, err
	}
	var clock time.Time
	if f.time != "" {
		if clock, err = time.Parse(time.RFC3339, f.time); err != nil {
			return nil, usage("--time takes a time such as 2026-11-24T12:00:00Z, not %q", f.time)
		}
	}
	endpoints := account.Endpoints()
	if f.as != "" {
		e := account.Endpoint(f.as)
		if !e.Valid() {
			return nil, usage("--as takes imaps, imap, pop3s, pop3, submissions, submission or https, not %q", f.as)
		}
		endpoints = []account.Endpoint{e}
	} else if port != 0 {
		e, ok := account.EndpointOnPort(port)
		if !ok {
			if e, err = p.FindOut(ctx, host, port, addresses); err != nil {
				return nil, &status{exitFindings, fmt.Errorf("cannot tell what %s speaks: %w; say it with --as", net.JoinHostPort(host, strconv.Itoa(port)), err)}
			}
		}
		endpoints = []account.Endpoint{e}
	}
	var out []account.Settings
	for _, e := range endpoints {
		s := account.For(e, host)
		if port != 0 {
			s.Port = port
		}
		s.Addresses, s.Clock = addresses, clock
		out = append(out, s)
	}
	return out, nil
}

// maxHost is the length of the longest DNS name in its text form: RFC 1035 section 2.3.4.
const maxHost = 253

func splitTarget(arg string) (host string, port int, err error) {
	if strings.Contains(arg, "@") || strings.Contains(arg, "/") {
		return "", 0, usage("diagnose takes HOST or HOST:PORT, not %q", clip(arg))
	}
	host = arg
	if h, p, err := net.SplitHostPort(arg); err == nil {
		host = h
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return "", 0, usage("%q is no port: it must be a number from 1 to 65535", clip(p))
		}
	} else if strings.HasPrefix(arg, "[") {
		host = strings.Trim(arg, "[]")
	}
	if host == "" || len(host) > maxHost {
		return "", 0, usage("%q is no host name: it must have 1 to %d characters", clip(host), maxHost)
	}
	return host, port, nil
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

// resolved reads the --resolve flags. ADDR is an IP address, with the port unless it is the same.
func resolved(flags []string) (map[string]string, error) {
	out := map[string]string{}
	for _, flag := range flags {
		host, rest, ok := strings.Cut(flag, ":")
		if strings.HasPrefix(flag, "[") {
			host, rest, ok = strings.Cut(flag[1:], "]:")
		}
		port, addr, ok2 := strings.Cut(rest, ":")
		if !ok || !ok2 {
			return nil, usage("--resolve takes HOST:PORT:ADDR, not %q", clip(flag))
		}
		dial := addr
		if _, _, err := net.SplitHostPort(addr); err != nil {
			dial = net.JoinHostPort(strings.Trim(addr, "[]"), port)
		}
		if h, _, err := net.SplitHostPort(dial); err != nil || net.ParseIP(h) == nil {
			return nil, usage("--resolve wants an IP address behind %s:%s, not %q", host, port, clip(addr))
		}
		out[net.JoinHostPort(host, port)] = dial
	}
	return out, nil
}

// knowledge returns the Mozilla roots of x/crypto, and those of the file when there is one.
func knowledge(file string) (*diagnose.Knowledge, error) {
	var roots []diagnose.Root
	for r := range bundle.Roots() {
		c, err := x509.ParseCertificate(r.Certificate)
		if err != nil {
			return nil, environment(fmt.Errorf("the built-in root bundle cannot be read: %w", err))
		}
		roots = append(roots, diagnose.Root{Certificate: c, Constraint: r.Constraint})
	}
	if file == "" {
		return diagnose.NewKnowledge(roots, nil), nil
	}
	data, err := readBounded(file, nil)
	if err != nil {
		return nil, usage("cannot read --ca: %w", err)
	}
	more := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			return nil, usage("--ca %s: the PEM block %q is no certificate that can be read", file, block.Type)
		}
		roots = append(roots, diagnose.Root{Certificate: c})
		more++
	}
	if more == 0 {
		return nil, usage("--ca %s holds no certificate in PEM form", file)
	}
	return diagnose.NewKnowledge(roots, nil), nil
}

// savedForm is the version of the form of a saved survey.
const savedForm = 1

// saved is what --save writes and --survey reads.
type saved struct {
	Form   int          `json:"mailtlslabSurvey"`
	Survey probe.Survey `json:"survey"`
}

// maxFile bounds what is read from a file, in bytes.
const maxFile = 16 << 20

func readBounded(name string, stdin io.Reader) ([]byte, error) {
	r := stdin
	if name != "-" || stdin == nil {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is larger than %d MiB", name, maxFile>>20)
	}
	return data, err
}

func readSurvey(stdin io.Reader, name string) (probe.Survey, error) {
	data, err := readBounded(name, stdin)
	if err != nil {
		return probe.Survey{}, usage("cannot read --survey: %w", err)
	}
	var s saved
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return probe.Survey{}, usage("%s is no saved survey: %w", name, err)
	}
	if s.Form != savedForm || len(s.Survey.Observations) == 0 {
		return probe.Survey{}, usage("%s is no saved survey of form %d with anything in it", name, savedForm)
	}
	return s.Survey, nil
}
