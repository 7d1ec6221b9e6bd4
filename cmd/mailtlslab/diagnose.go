package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

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
	evidenceFlags
}

func diagnoseCommand() *cobra.Command {
	var f diagnoseFlags
	cmd := &cobra.Command{
		Use:   "diagnose HOST[:PORT]",
		Short: "say what is wrong with a mail server, and what to do",
		Long: `diagnose connects to a mail server as a mail program would, and says what is wrong in
one sentence, how that is known, what the person with the device does, what the admin
does, and which scenario reproduces it. Without a port it tries the seven standard ones
side by side. It never logs in. The exit status is 1 when something is wrong.

Instead of connecting it judges evidence: certificates in a file, what another program
printed, a certificate with its key before they are installed, or thousands of chains.`,
		Example: `  mailtlslab diagnose mail.example.com:993
  mailtlslab diagnose --chain chain.pem --host mail.example.com
  mailtlslab diagnose --transcript output-of-openssl.txt --host mail.example.com
  mailtlslab diagnose --cert fullchain.pem --key privkey.pem --host mail.example.com`,
		RunE: func(cmd *cobra.Command, args []string) error { return diagnosis(cmd, args, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.as, "as", "", "what the port is: imaps, imap, pop3s, pop3, submissions, submission or https (default: find out)")
	flags.StringVar(&f.ca, "ca", "", "trust the roots in this PEM `FILE` too")
	flags.StringVar(&f.time, "time", "", "judge dates as on this `RFC3339` time instead of now")
	flags.StringVar(&f.time, "at", "", "the same as --time")
	flags.StringArrayVar(&f.resolve, "resolve", nil, "connect to ADDR instead of asking DNS: `HOST:PORT:ADDR` (repeatable)")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Second, "how long each step of a connection may take")
	flags.BoolVar(&f.noFetch, "no-fetch", false, "do not fetch a missing issuer from where the certificate says it is")
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
	judge := diagnose.Judge{Knowledge: knowledge}
	var report diagnose.Report
	var survey probe.Survey
	if f.survey != "" {
		if survey, err = readSurvey(cmd.InOrStdin(), f.survey); err != nil {
			return err
		}
		report = judge.Report(survey)
	} else {
		t, err := newTarget(args[0], f)
		if err != nil {
			return err
		}
		if report, survey, err = examine(cmd, t, judge, f); err != nil {
			return err
		}
	}
	if f.save != "" {
		if err := saveSurvey(f.save, survey); err != nil {
			return environment(err)
		}
	}
	if err := writeDiagnosis(cmd, f, survey.Observations[0].Settings.Host, report, survey); err != nil {
		return environment(err)
	}
	return verdict(report.Worst(), f.strict)
}

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
	if err == nil && f.timeout <= 0 {
		err = usage("--timeout must be more than 0, such as 5s, not %s", f.timeout)
	}
	return w, err
}

// examine looks at the target, and again where the diagnosis asks for it.
func examine(cmd *cobra.Command, t target, judge diagnose.Judge, f diagnoseFlags) (diagnose.Report, probe.Survey, error) {
	ctx := cmd.Context()
	prober := &probe.Prober{Timeout: f.timeout, NoFetch: f.noFetch}
	p := newProgress(cmd)
	p.say("looking at %s …", t.host)
	all, unclear := t.settings(ctx, prober)
	survey := prober.Survey(ctx, all, len(all) == 1)
	report, survey := judge.Examine(survey, func(asks []probe.Ask) []probe.Further {
		if ctx.Err() != nil {
			return nil
		}
		p.say("looking at %s once more …", t.host)
		return prober.Answer(ctx, asks)
	})
	p.done()
	if ctx.Err() != nil {
		return report, survey, interrupted()
	}
	if unclear != nil && said(survey.Observations[0]) {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "mailtlslab: cannot tell what the port is (%s), so it is judged as imaps; say it with --as\n", line(clip(unclear.Error())))
	}
	return report, survey, nil
}

// said reports whether a server was there, so that what it speaks makes a difference.
func said(o probe.Observation) bool {
	return o.Stage != probe.Resolving && o.Stage != probe.Connecting
}
