package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/discover"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// splitAddress returns the domain of a mail address, and false when arg is none. What stands
// before the @ is of no use here and goes nowhere.
func splitAddress(arg string) (domain string, ok bool) {
	at := strings.LastIndexByte(arg, '@')
	return arg[at+1:], at >= 0 && !strings.Contains(arg, "/")
}

// sent says what was told to whom, for a person who gave away his address.
const sent = "the domain only, never the address and no password: questions to DNS, a page asked for from each web server, and for autodiscover the address postmaster of the domain in place of yours"

// examineDomain finds the settings that the domain publishes, and looks at all of them.
func examineDomain(cmd *cobra.Command, domain string, judge diagnose.Judge, f diagnoseFlags) (diagnose.Report, probe.Survey, []discover.Source, error) {
	none := diagnose.Report{}
	if f.as != "" {
		return none, probe.Survey{}, nil, usage("--as says what one port is, and a mail address has several; leave it out")
	}
	if err := checkDomain(domain); err != nil {
		return none, probe.Survey{}, nil, err
	}
	f.below = true
	t, err := newTarget(domain, f)
	if err != nil {
		return none, probe.Survey{}, nil, err
	}
	p := newProgress(cmd)
	p.say("asking what %s publishes …", domain)
	finder := &discover.Finder{Timeout: f.timeout, Resolver: probe.Resolver(f.dns), Addresses: t.addresses}
	sources := finder.Find(cmd.Context(), domain)
	p.done()
	if cmd.Context().Err() != nil {
		return none, probe.Survey{}, nil, interrupted()
	}
	all := discover.Settings(sources)
	if len(all) == 0 {
		return none, probe.Survey{}, sources, nothingPublished(domain, sources)
	}
	all = append(all, webServers(sources)...)
	for i := range all {
		all[i].Addresses, all[i].Clock = t.addresses, t.clock
	}
	report, survey, err := examineAll(cmd, domain, all, judge, f, true, nil)
	return report, survey, sources, err
}

// checkDomain refuses what is no domain of a mail address.
func checkDomain(domain string) error {
	if net.ParseIP(domain) != nil || strings.ContainsAny(domain, ":[]") {
		return usage("%q is no domain of a mail address; name the server: 'mailtlslab diagnose HOST'", clip(domain))
	}
	return checkHost(strings.TrimSuffix(domain, "."))
}

// webServers are those that gave a document: a mail program accepts it only if their certificate
// is in order.
func webServers(sources []discover.Source) []account.Settings {
	var out []account.Settings
	for _, s := range sources {
		rest, ok := strings.CutPrefix(s.Place, "https://")
		if !ok || len(s.Settings) == 0 {
			continue
		}
		host, _, _ := strings.Cut(rest, "/")
		out = append(out, account.For(account.Web, host))
	}
	return out
}

// nothingPublished says where a mail program would have looked in vain, the reasons in short.
func nothingPublished(domain string, sources []discover.Source) error {
	var why []string
	for _, s := range sources {
		if strings.HasPrefix(s.Place, "https://") {
			why = append(why, s.Place+": "+s.Error)
		}
	}
	return &status{exitFindings, errors.New(domain + " publishes no settings for mail programs: there are no SRV records, and " +
		strings.Join(why, "; ") + "; name the server instead: 'mailtlslab diagnose HOST'")}
}

// writeSources says what was found where, and what was sent for it.
func writeSources(w io.Writer, p palette, sources []discover.Source) {
	label := "published"
	for _, s := range sources {
		if len(s.Settings) == 0 {
			continue
		}
		var words []string
		for _, set := range s.Settings {
			words = append(words, set.String())
		}
		fmt.Fprintln(w, labelled(p, label, s.Place+": "+strings.Join(words, ", ")))
		label = ""
	}
	fmt.Fprintln(w, labelled(p, "sent", sent))
}
