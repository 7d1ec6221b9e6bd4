package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/discover"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

type diagnoseFlags struct {
	as      string
	ca      string
	time    string
	resolve []string
	dns     string
	timeout time.Duration
	noFetch bool
	repeat  int
	strict  bool
	json    bool
	all     bool
	save    string
	survey  string
	below   bool // --resolve may name any server
	evidenceFlags
}

func diagnoseCommand() *cobra.Command {
	var f diagnoseFlags
	cmd := &cobra.Command{
		Use:   "diagnose HOST[:PORT] | ADDRESS",
		Short: "say what is wrong with a mail server, and what to do",
		Long: `diagnose connects to a mail server as a mail program would, and says what is wrong in
one sentence, how that is known, what the person with the device does, what the admin
does, and which scenario reproduces it. Without a port it tries the seven standard ones
side by side. With a mail address it looks at the settings that the domain publishes,
and sends neither the address nor a password. It never logs in. The exit status is 1 when
something is wrong.

On the server itself, --cert, --key and --log let it look at the server's own files as
well: whether the pair fits, whether the file has a newer certificate than is presented,
and what the log says of it.

Instead of connecting it judges evidence: certificates in a file, what another program
printed, a certificate with its key before they are installed, a server's log, or
thousands of chains.`,
		Example: `  mailtlslab diagnose mail.example.com:993
  mailtlslab diagnose user@example.com
  mailtlslab diagnose --chain chain.pem --host mail.example.com
  mailtlslab diagnose --transcript output-of-openssl.txt --host mail.example.com
  mailtlslab diagnose --cert fullchain.pem --key privkey.pem --host mail.example.com
  mailtlslab diagnose mail.example.com --cert fullchain.pem --key privkey.pem --log mail.log`,
		RunE: func(cmd *cobra.Command, args []string) error { return diagnosis(cmd, args, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.as, "as", "", "what the port is: imaps, imap, pop3s, pop3, submissions, submission or https (default: find out)")
	flags.StringVar(&f.ca, "ca", "", "trust the roots in this PEM `FILE` too")
	flags.StringVar(&f.time, "time", "", "judge dates as on this `RFC3339` time instead of now")
	flags.StringVar(&f.time, "at", "", "the same as --time")
	flags.StringArrayVar(&f.resolve, "resolve", nil, "connect to ADDR instead of asking DNS: `HOST:PORT:ADDR` (repeatable)")
	flags.StringVar(&f.dns, "dns", "", "ask the DNS server at `ADDR` (an IP address with a port), such as that of 'up --dns'")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Second, "how long each step of a connection may take")
	flags.BoolVar(&f.noFetch, "no-fetch", false, "fetch nothing from where the certificate says it is: neither a missing issuer nor word of a revocation")
	flags.IntVar(&f.repeat, "repeat", 0, "look `N` more times at every connection, at most 10, for faults that come and go")
	flags.BoolVar(&f.strict, "strict", false, "exit with 1 for warnings too")
	flags.BoolVar(&f.json, "json", false, "write JSON")
	flags.BoolVar(&f.all, "all", false, "print the steps for every platform and product")
	flags.StringVar(&f.save, "save", "", "write what was seen to `FILE`, to be judged elsewhere")
	flags.StringVar(&f.survey, "survey", "", "judge what was saved in `FILE` (- for standard input) instead of connecting")
	f.evidenceFlags.register(flags)
	return cmd
}

// diagnosis looks at a server, or at what somebody else saw of one, and says what is wrong.
func diagnosis(cmd *cobra.Command, args []string, f diagnoseFlags) error {
	w, err := checkDiagnose(cmd, args, f)
	if err != nil {
		return err
	}
	if w.flag != "" && w.flag != "survey" {
		return judgeEvidence(cmd, f, w)
	}
	knowledge, err := knowledge(f.ca)
	if err != nil {
		return err
	}
	judge := diagnose.Judge{Knowledge: knowledge, Repeat: f.repeat}
	var report diagnose.Report
	var survey probe.Survey
	var sources []discover.Source
	var files own
	about := ""
	if f.survey != "" {
		if survey, err = readSurvey(cmd.InOrStdin(), f.survey); err != nil {
			return err
		}
		report = judge.Report(survey)
	} else if domain, ok := splitAddress(args[0]); ok {
		if report, survey, sources, err = examineDomain(cmd, domain, judge, f); err != nil {
			return err
		}
		about = domain
	} else {
		if report, survey, files, err = examineHost(cmd, args[0], judge, f); err != nil {
			return err
		}
	}
	if f.save != "" {
		if err := saveSurvey(f.save, survey); err != nil {
			return environment(err)
		}
	}
	if about == "" {
		about = survey.Observations[0].Settings.Host
	}
	report, survey, places := files.beside(report, survey)
	if err := writeDiagnosis(cmd, f, about, report, survey, sources, files, places); err != nil {
		return environment(err)
	}
	worst := report.Worst()
	if files.failed() {
		worst = finding.Error
	}
	return verdict(worst, f.strict)
}

// examineHost looks at one server, and at its own files where they were given.
func examineHost(cmd *cobra.Command, name string, judge diagnose.Judge, f diagnoseFlags) (diagnose.Report, probe.Survey, own, error) {
	t, err := newTarget(name, f)
	if err != nil {
		return diagnose.Report{}, probe.Survey{}, own{}, err
	}
	files, err := readOwn(cmd, f, t.host)
	if err != nil {
		return diagnose.Report{}, probe.Survey{}, own{}, err
	}
	report, survey, err := examine(cmd, t, judge, f, files.installed)
	return report, survey, files, err
}

func isAddress(arg string) bool { _, ok := splitAddress(arg); return ok }

// verdict turns the worst of a diagnosis into an exit status.
func verdict(worst finding.Severity, strict bool) error {
	if worst == finding.Error || strict && worst == finding.Warning {
		return &status{code: exitFindings}
	}
	return nil
}

// checkDiagnose refuses what would be ignored in silence otherwise.
func checkDiagnose(cmd *cobra.Command, args []string, f diagnoseFlags) (way, error) {
	if len(args) > 1 {
		return way{}, usage("diagnose takes one HOST[:PORT], or --survey FILE; 'mailtlslab diagnose mail.example.com' is an example")
	}
	w, err := checkWay(cmd, args)
	switch {
	case err != nil:
	case f.timeout <= 0:
		err = usage("--timeout must be more than 0, such as 5s, not %s", f.timeout)
	case f.dns != "" && checkAddress(f.dns) != nil:
		err = usage("--dns takes an IP address with a port, such as 127.0.0.1:31053, not %q", clip(f.dns))
	case w.flag == "" && f.key != "" && f.cert == "":
		err = usage("--key goes with --cert FILE; give both, or neither")
	case w.flag == "" && (f.cert != "" || f.log != "") && isAddress(args[0]):
		err = usage("--cert and --log are the files of one server; give its HOST instead of a mail address")
	case f.repeat < 0 || f.repeat > 10:
		err = usage("--repeat must be from 0 to 10, not %d", f.repeat)
	}
	return w, err
}

// examine looks at the target, and again where the diagnosis asks for it.
func examine(cmd *cobra.Command, t target, judge diagnose.Judge, f diagnoseFlags, installed [][]byte) (diagnose.Report, probe.Survey, error) {
	p := newProgress(cmd)
	p.say("looking at %s …", t.host)
	all, unclear := t.settings(cmd.Context(), newProber(f))
	p.done()
	report, survey, err := examineAll(cmd, t.host, all, judge, f, len(all) == 1, installed)
	if err != nil {
		return report, survey, err
	}
	if unclear != nil && said(survey.Observations[0]) {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "mailtlslab: cannot tell what the port is (%s), so it is judged as imaps; say it with --as\n", line(clip(unclear.Error())))
	}
	return report, survey, nil
}

func newProber(f diagnoseFlags) *probe.Prober {
	return &probe.Prober{Timeout: f.timeout, NoFetch: f.noFetch, DNS: f.dns}
}

// examineAll looks at all settings, and again where the diagnosis asks for it. listed says
// whether somebody's account has them, and installed are the certificates in the server's file, when it was given.
func examineAll(cmd *cobra.Command, name string, all []account.Settings, judge diagnose.Judge, f diagnoseFlags, listed bool, installed [][]byte) (diagnose.Report, probe.Survey, error) {
	ctx := cmd.Context()
	prober := newProber(f)
	p := newProgress(cmd)
	p.say("looking at %s …", name)
	survey := prober.Survey(ctx, all, listed)
	survey.Installed = installed
	report, survey := judge.Examine(survey, func(asks []probe.Ask) []probe.Further {
		if ctx.Err() != nil {
			return nil
		}
		p.say("looking at %s once more …", name)
		return prober.Answer(ctx, asks)
	})
	p.done()
	if ctx.Err() != nil {
		return report, survey, interrupted()
	}
	return report, survey, nil
}

// said reports whether a server was there, so that what it speaks makes a difference.
func said(o probe.Observation) bool {
	return o.Stage != probe.Resolving && o.Stage != probe.Connecting
}
