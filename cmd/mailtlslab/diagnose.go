package main

import (
	"crypto/x509"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/cmd/internal/face"
	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/discover"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/lab/roots"
)

type diagnoseFlags struct {
	as      string
	ca      string
	time    string
	resolve []string
	dns     string
	timeout time.Duration
	noFetch bool
	from    []string // --fetch-from
	proxy   bool
	repeat  int
	strict  bool
	json    bool
	all     bool
	reader  string // --for
	save    string
	survey  string

	chain, transcript, cert, key, log, batch string // evidence in files

	roots    string
	host     string
	usage    string
	password string
}

func diagnoseCommand() *cobra.Command {
	var f diagnoseFlags
	cmd := &cobra.Command{
		Use:   "diagnose WHAT…",
		Short: "say what is wrong, whatever you have: a server, a log, a message, a certificate",
		Long: `diagnose says what is wrong in one sentence, how that is known, what the person with
the device does, what the admin does, and which scenario reproduces it. It finds out by
itself what it was given:

  a server         it connects as a mail program would; without a port it tries
                   the seven standard ones side by side. It never logs in.
  a mail address   it looks at the settings that the domain publishes, and sends
                   neither the address nor a password
  a file, or -     whatever is in it: what openssl, gnutls-cli, curl, testssl.sh
                   and others printed, the log of a mail server, certificates in
                   any form, the words of a program, or all of it in one mail
  a directory      all the files in it
  words in quotes  what a phone, a mail program or a library says

A file that has the name of a server is read. With HOST and files it judges both.

On the server itself, --cert and --key let it look at the server's own files as well:
whether the pair fits, and whether the file has a newer certificate than is presented.

The exit status is 0 when all that was judged is in order, 1 when something is wrong, 2
for wrong usage or a file that cannot be read, and 3 when what was given does not decide it.`,
		Example: `  mailtlslab diagnose mail.example.com:993
  mailtlslab diagnose user@example.com
  mailtlslab diagnose paste.txt
  journalctl -u dovecot -n 500 | mailtlslab diagnose
  mailtlslab diagnose "Cannot Verify Server Identity"
  mailtlslab diagnose fullchain.pem --host mail.example.com
  mailtlslab diagnose --cert fullchain.pem --key privkey.pem --host mail.example.com
  mailtlslab diagnose mail.example.com --cert fullchain.pem --key privkey.pem --log mail.log`,
		RunE: func(cmd *cobra.Command, args []string) error { return diagnosis(cmd, args, f) },
	}
	f.register(cmd)
	return cmd
}

// A flag without a heading stands below "Other flags".
func (f *diagnoseFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.as, "as", "", "what the port is: imaps, imap, pop3s, pop3, submissions, submission or https (default: find out)")
	flags.StringArrayVar(&f.resolve, "resolve", nil, "connect to ADDR instead of asking DNS: `HOST:PORT:ADDR` (repeatable)")
	flags.StringVar(&f.dns, "dns", "", "ask the DNS server at `ADDR` (an IP address with a port), such as that of 'up --dns'")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Second, "how long each step of a connection may take, with its unit, such as 20s")
	flags.IntVar(&f.repeat, "repeat", 0, "look `N` more times at every connection, at most 10, for faults that come and go")
	flags.StringVar(&f.save, "save", "", "write what was seen to `FILE`, to be judged elsewhere")
	terminal.Group(cmd, "Looking at a server", "as", "resolve", "dns", "timeout", "repeat", "save")

	flags.StringVar(&f.cert, "cert", "", "check the certificates in `FILE`: with HOST the file of that server, else before a server gets them (needs --key and --host)")
	flags.StringVar(&f.key, "key", "", "the private key in `FILE` that goes with --cert")
	flags.StringVar(&f.log, "log", "", "read in `FILE`, the server's log (- for standard input), what it says of TLS; alone or with HOST")
	terminal.Group(cmd, "On the server itself", "cert", "key", "log")

	flags.StringVar(&f.chain, "chain", "", "judge the certificates in `FILE` (PEM, DER, PKCS#7, PKCS#12; - for standard input)")
	flags.StringVar(&f.transcript, "transcript", "", "judge what openssl s_client, gnutls-cli or curl -v wrote to `FILE`, or what --save did")
	flags.StringVar(&f.survey, "survey", "", "judge what was saved in `FILE` (- for standard input)")
	flags.StringVar(&f.batch, "batch", "", "judge many chains: a JSON line each in `FILE`, a JSON line each out")
	flags.StringVar(&f.host, "host", "", "the `NAME` that the certificate must be for (--chain, --transcript, --cert, --log)")
	flags.StringVar(&f.usage, "usage", "server", "what the certificate is for: server, client or any (--chain)")
	flags.StringVar(&f.password, "password-file", "", "the password of a PKCS#12 file is the first line of `FILE` (--chain)")
	terminal.Group(cmd, "Judging what was seen elsewhere", "chain", "transcript", "survey", "batch", "host", "usage", "password-file")

	flags.StringVar(&f.ca, "ca", "", "trust the roots in this PEM `FILE` too; intermediates in it are known, and not trusted")
	flags.StringVar(&f.roots, "roots", "", "trust only the roots in `FILE`, as the client does that has them")
	flags.StringVar(&f.time, "time", "", "judge dates as on this `RFC3339` time instead of now")
	flags.StringVar(&f.time, "at", "", "the same as --time")
	terminal.Group(cmd, "What is trusted, and when", "ca", "roots", "time", "at")

	flags.BoolVar(&f.noFetch, "no-fetch", false, "fetch nothing from where the certificate says it is: neither a missing issuer nor word of a revocation")
	flags.StringArrayVar(&f.from, "fetch-from", nil, "go also where a server or domain that is more public may not send you: addresses such as 10.1.2.3 or `CIDR` (repeatable)")
	flags.BoolVar(&f.proxy, "proxy", false, "fetch through the proxy that the environment names (HTTP_PROXY, HTTPS_PROXY, NO_PROXY); without it none is used")
	terminal.Group(cmd, "What strangers name", "no-fetch", "fetch-from", "proxy")

	flags.StringVar(&f.reader, "for", "", "tell it to one `READER`: user or admin, with the steps, or trainer, with the story")
	flags.BoolVar(&f.all, "all", false, "print the steps for every platform and product, and all the evidence")
	flags.BoolVar(&f.json, "json", false, "write JSON")
	flags.BoolVar(&f.strict, "strict", false, "exit with 1 for warnings too")
	terminal.Group(cmd, "The answer", "for", "all", "json", "strict")
}

// diagnosis gathers the evidence that the command line names, has it examined, and prints the answer.
func diagnosis(cmd *cobra.Command, args []string, f diagnoseFlags) error {
	g, err := sorted(args, cmd.InOrStdin(), !evidenceFlags(cmd))
	if err != nil {
		return err
	}
	w, err := checkDiagnose(cmd, g, f)
	if err != nil {
		return err
	}
	if w.flag == "batch" {
		return batch(cmd, f)
	}
	evidence, err := await(cmd.Context(), func() (checkup.Evidence, error) { return gather(cmd, g, f, w) })
	if err != nil {
		return err
	}
	c, err := await(cmd.Context(), func() (*checkup.Checkup, error) { return f.checkup(evidence) })
	if err != nil {
		return err
	}
	p := terminal.NewProgress(cmd)
	c.Progress = func(words string) { p.Say("%s", words) }
	if evidence.Domain != nil {
		c.Finder.Addresses = evidence.Domain.Addresses
	}
	var survey probe.Survey
	answer, err := await(cmd.Context(), func() (a checkup.Answer, err error) {
		a, survey, err = c.Examine(cmd.Context(), evidence)
		return a, err
	})
	p.Done()
	switch {
	case cmd.Context().Err() != nil:
		return interrupted()
	case errors.Is(err, checkup.ErrUnreadable):
		return unreadable(w, err)
	case err != nil:
		return environment(err)
	}
	if f.save != "" {
		if len(survey.Observations) == 0 {
			return environment(errors.New("there is nothing to save: nothing could be looked at"))
		}
		if err := finish(cmd.Context(), func() error { return saveSurvey(f.save, survey) }); err != nil {
			return err
		}
	}
	if err := writeAnswer(cmd, f, answer); err != nil {
		return environment(err)
	}
	return exitOf(answer, f.strict)
}

// checkup returns the one that looks and judges as the flags say. The public roots take longer to read
// than a letter, and are read only where there are certificates to judge.
func (f diagnoseFlags) checkup(e checkup.Evidence) (*checkup.Checkup, error) {
	var store roots.Store
	if f.ca != "" || f.roots != "" || !e.WordsAlone() {
		var err error
		if store, err = trusted(f); err != nil {
			return nil, err
		}
	}
	allow, err := prefixes(f.from)
	if err != nil {
		return nil, err
	}
	p := &probe.Prober{Timeout: f.timeout, NoFetch: f.noFetch, DNS: f.dns, Allow: allow}
	d := &discover.Finder{Timeout: f.timeout, Resolver: probe.Resolver(f.dns), Allow: allow}
	if f.proxy {
		p.Proxy, d.Proxy = http.ProxyFromEnvironment, http.ProxyFromEnvironment
	}
	c := &checkup.Checkup{Knowledge: store.Knowledge(), Repeat: f.repeat, Prober: p, Finder: d}
	if f.roots == "" { // which says whose eyes to look with
		c.Second = func() *x509.CertPool {
			pool, err := x509.SystemCertPool()
			if err != nil {
				return nil // it is no more than an opinion
			}
			return pool
		}
	}
	return c, nil
}

// unreadable is about a file that cannot be judged.
func unreadable(w way, err error) error {
	by := ""
	if w.flag != "" && w.flag != pasted {
		by = "--" + w.flag + " "
	}
	if errors.Is(err, capture.ErrPassword) {
		return usage("%s%w with --password-file FILE", by, err)
	}
	return usage("%s%w", by, err)
}

func writeAnswer(cmd *cobra.Command, f diagnoseFlags, a checkup.Answer) error {
	if f.json {
		if !f.all {
			a = a.Brief()
		}
		return terminal.WriteJSON(cmd.OutOrStdout(), a)
	}
	face.Face{W: cmd.OutOrStdout(), P: terminal.Colours(cmd), Answer: a, All: f.all, Reader: face.Reader(f.reader), Hints: f.hints(a)}.Write()
	return nil
}

// hints says which flags would let more be judged.
func (f diagnoseFlags) hints(a checkup.Answer) (out []string) {
	given := slices.ContainsFunc(a.Places, func(p checkup.Place) bool { return p.Kind != checkup.Connection })
	if given && a.Host == "" && len(a.Certificates) > 0 {
		out = append(out, "--host NAME says which name the certificate must be for")
	}
	told := slices.ContainsFunc(a.Places, func(p checkup.Place) bool { return p.Kind == checkup.Transcript })
	if told && f.time == "" && len(a.Certificates) > 0 {
		out = append(out, "--at TIME judges the dates as of the day on which it was seen")
	}
	if given && a.Verdict == checkup.Unjudged && a.Host == "" {
		out = append(out, "'mailtlslab diagnose HOST' looks at the server itself, with the name that the account has")
	}
	if a.Held() {
		out = append(out, "--fetch-from CIDR lets diagnose go to addresses that were refused")
	}
	return out
}

// exitOf turns a verdict into an exit status.
func exitOf(a checkup.Answer, strict bool) error {
	switch {
	case a.Verdict == checkup.Fail, a.Verdict == checkup.OK && strict && a.Warned():
		return &status{code: exitFindings}
	case a.Verdict == checkup.Unjudged:
		return &status{code: exitNoVerdict}
	}
	return nil
}

// A way is one of the ways to tell diagnose what to judge, and the flags that go with it beside
// those that go with all.
type way struct {
	flag  string // empty: HOST[:PORT] or a mail address; pasted: files and words
	takes []string
}

// companions may go with another way, and are one where there is no other.
func companions() []string { return []string{"cert", "log"} }

func ways() []way {
	answer := []string{"strict", "json", "all", "for"}
	everyFile := append([]string{"ca", "roots", "host", "at", "time", "no-fetch", "fetch-from", "proxy", "timeout"}, answer...)
	return []way{
		{"", append([]string{"as", "ca", "roots", "time", "at", "resolve", "dns", "timeout", "no-fetch", "fetch-from", "proxy", "repeat", "save", "cert", "key", "log"}, answer...)},
		{"survey", append([]string{"ca"}, answer...)},
		{"chain", append([]string{"usage", "password-file"}, everyFile...)},
		{"transcript", everyFile},
		{pasted, append([]string{"usage", "password-file"}, everyFile...)},
		{"cert", append([]string{"key"}, everyFile...)},
		{"log", everyFile},
		{"batch", []string{"ca", "roots", "at", "time"}},
	}
}

// checkDiagnose refuses what would be ignored in silence otherwise.
func checkDiagnose(cmd *cobra.Command, g given, f diagnoseFlags) (way, error) {
	w, err := checkWay(cmd, g)
	switch {
	case err != nil:
	case f.timeout <= 0:
		err = usage("--timeout must be more than 0, such as 5s, not %s", f.timeout)
	case f.dns != "" && checkAddress(f.dns) != nil:
		err = usage("--dns takes an IP address with a port, such as 127.0.0.1:31053, not %q", terminal.Clip(f.dns))
	case w.flag == "" && f.key != "" && f.cert == "":
		err = usage("--key goes with --cert FILE; give both, or neither")
	case w.flag == "cert" && (f.key == "" || f.host == ""):
		err = usage("--cert needs --key FILE and --host NAME; 'mailtlslab diagnose --cert fullchain.pem --key privkey.pem --host mail.example.com' is an example")
	case w.flag == "" && (f.cert != "" || f.log != "") && g.address:
		err = usage("--cert and --log are the files of one server; give its HOST instead of a mail address")
	case g.address && f.as != "":
		err = usage("--as says what one port is, and a mail address has several; leave it out")
	case f.repeat < 0 || f.repeat > 10:
		err = usage("--repeat must be from 0 to 10, not %d", f.repeat)
	case !slices.Contains([]string{"server", "client", "any"}, f.usage):
		err = usage("--usage takes server, client or any, not %q", terminal.Clip(f.usage))
	case f.reader != "" && !slices.Contains(face.Readers(), face.Reader(f.reader)):
		err = usage("--for takes user, admin or trainer, not %q", terminal.Clip(f.reader))
	case f.reader != "" && f.json:
		err = usage("--for is about the words, and JSON is for programs; leave out one of --for and --json")
	}
	return w, err
}

// checkWay refuses two ways at once, and flags that go with another one.
func checkWay(cmd *cobra.Command, g given) (way, error) {
	var chosen []way
	for _, w := range ways() {
		with := len(chosen) > 0 && (slices.Contains(companions(), w.flag) && slices.Contains(chosen[0].takes, w.flag) || w.flag == pasted && chosen[0].flag == "")
		there := w.flag != "" && w.flag != pasted && cmd.Flags().Changed(w.flag)
		if !with && (there || w.flag == "" && g.server != "" || w.flag == pasted && len(g.files)+len(g.words) > 0) {
			chosen = append(chosen, w)
		}
	}
	switch {
	case len(chosen) == 0:
		return way{}, usage(nothingGiven)
	case len(chosen) > 1 && chosen[0].flag == "":
		return way{}, usage("diagnose takes HOST[:PORT] or --%s FILE, not both; leave out %q", chosen[1].flag, terminal.Clip(g.server))
	case len(chosen) > 1 && (chosen[0].flag == pasted || chosen[1].flag == pasted):
		return way{}, usage("--%s says by itself what is to be judged; leave out that flag, or all but it", strings.TrimPrefix(chosen[0].flag+chosen[1].flag, pasted))
	case len(chosen) > 1:
		return way{}, usage("diagnose judges one thing at a time; give --%s or --%s, not both", chosen[0].flag, chosen[1].flag)
	}
	w := chosen[0]
	for _, name := range changed(cmd) {
		if name == w.flag || slices.Contains(w.takes, name) || !knownFlag(name) {
			continue
		}
		switch w.flag {
		case "":
			return w, usage("--%s has no effect on a connection; leave it out", name)
		case pasted:
			return w, usage("--%s has no effect on files and words; leave it out, or give a server", name)
		case "survey":
			return w, usage("--%s has no effect on what was seen already; leave it out with --survey", name)
		}
		return w, usage("--%s has no effect with --%s; leave it out", name, w.flag)
	}
	return w, nil
}

// knownFlag leaves a flag alone that none of the ways speaks of.
func knownFlag(name string) bool {
	return slices.ContainsFunc(ways(), func(w way) bool { return slices.Contains(w.takes, name) })
}
