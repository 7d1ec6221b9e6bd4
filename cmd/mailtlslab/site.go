package main

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/lesson"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A site is what clients are told of a running lab.
type site struct {
	files  exported
	dns    string // where the name server listens, empty when it does not
	host   string // what devices on the network connect to, empty on loopback
	spread bool   // each scenario has an address of its own
	now    time.Time
}

// address returns where a client reaches an endpoint.
func (at site) address(s *lab.Server, e account.Endpoint) string {
	if at.host == "" {
		return s.Addr(e)
	}
	_, port, _ := net.SplitHostPort(s.Addr(e))
	return net.JoinHostPort(at.host, port)
}

// offered returns what devices on the network connect to: of what was given with --host an address
// before a name, which not every network knows. Nobody connects to 0.0.0.0 or [::].
func offered(f upFlags) string {
	if net.ParseIP(f.listen).IsLoopback() || len(f.hosts) == 0 {
		return ""
	}
	if i := slices.IndexFunc(f.hosts, func(h string) bool { return net.ParseIP(h) != nil }); i >= 0 {
		return f.hosts[i]
	}
	return f.hosts[0]
}

// lines returns what can be pasted to see an endpoint's fault.
func (at site) lines(s *lab.Server, e account.Endpoint) []string {
	return lesson.Lines(s.Scenario, e, at.place(s, e))
}

func (at site) place(s *lab.Server, e account.Endpoint) lesson.Place {
	return lesson.Place{
		Address: at.address(s, e), Root: at.files.root, Proxy: at.files.proxy, Known: at.files.known,
		User: lab.User, Password: lab.Password, DNS: at.dns, Now: at.now,
	}
}

// inFull is up to how many scenarios every endpoint is shown with a line to try.
const inFull = 3

func (d *display) text(servers []*lab.Server, at site) {
	p := d.palette
	fmt.Fprintf(d.out, "user      %s\npassword  %s\nmailbox   %s\n", p.Bold(lab.User), p.Bold(lab.Password), lab.Mailbox)
	fmt.Fprintf(d.out, "root      %s\n", at.files.root)
	if at.dns != "" && len(servers) > 0 {
		fmt.Fprintf(d.out, "dns       %s, which also leads a mail address to its servers:\n          %s\n", at.dns,
			p.Faint(fmt.Sprintf("mailtlslab diagnose --ca %s --dns %s %s", lesson.Quoted(at.files.known), at.dns, mailbox(servers))))
	}
	switch {
	case len(servers) > inFull && at.spread:
		d.spreadText(servers)
	case len(servers) > inFull:
		d.many(servers, at)
	default:
		for _, s := range servers {
			d.one(s, at)
		}
	}
	fmt.Fprintf(d.out, "\n%s\n", p.Bold("Serving until Ctrl-C. Connections as they end:"))
}

// one prints a scenario with the lines to try for each of its endpoints.
func (d *display) one(s *lab.Server, at site) {
	p := d.palette
	name := s.Scenario.ID
	if s.Scenario.Number > 0 {
		name = fmt.Sprintf("%d %s", s.Scenario.Number, name)
	}
	fmt.Fprintf(d.out, "\n%s  %s\n", p.Bold(name), terminal.Wrap(s.Scenario.Title, terminal.Narrow-len(name)-2, "  "))
	fmt.Fprintf(d.out, "  %s\n", terminal.Wrap(lesson.Reach(s.Scenario, at.place(s, s.Scenario.On()[0]), s.Presented(s.Scenario.On()[0])), terminal.Narrow-2, "  "))
	for _, set := range lesson.Settings(s.Scenario, at.now) {
		fmt.Fprintf(d.out, "  %s\n", terminal.Wrap(p.Bold(set), terminal.Narrow-2, "  "))
	}
	for _, e := range s.Scenario.On() {
		fmt.Fprintf(d.out, "  %-12s %s\n", e, at.address(s, e))
		for _, l := range at.lines(s, e) {
			fmt.Fprintf(d.out, "    %s\n", p.Faint(l))
		}
	}
	if l := lesson.Whole(s.Scenario, at.files.known, at.now, func(e account.Endpoint) string { return at.address(s, e) }); l != "" {
		fmt.Fprintf(d.out, "  to have it diagnosed\n    %s\n", p.Faint(l))
	}
}

// many prints a row a scenario with the ports of its endpoints, and what to try for the first.
func (d *display) many(servers []*lab.Server, at site) {
	p := d.palette
	first := servers[0]
	place, _, _ := net.SplitHostPort(at.address(first, account.IMAPS))
	fmt.Fprintf(d.out, "address   %s\n", place)
	fmt.Fprintf(d.out, "server    %s in every account, where the table names no other\n\n", scenarios.DefaultHost)
	t := newTable(d.out)
	t.AppendHeader(append(table.Row{"", "scenario"}, endpointHeads()...))
	for _, s := range servers {
		id := s.Scenario.ID
		if s.Host() != scenarios.DefaultHost {
			id += "\n" + p.Faint("  server "+s.Host())
		}
		row := table.Row{s.Scenario.Number, id}
		for _, e := range account.Endpoints() {
			_, port, _ := net.SplitHostPort(s.Addr(e))
			if !slices.Contains(s.Scenario.On(), e) {
				port = p.Faint("·")
			}
			row = append(row, port)
		}
		t.AppendRow(row)
	}
	t.Render()
	fmt.Fprintf(d.out, "\nTo try %s ('mailtlslab up ID' prints such lines for each endpoint):\n", first.Scenario.ID)
	for _, e := range first.Scenario.On()[:min(2, len(first.Scenario.On()))] {
		fmt.Fprintf(d.out, "  %s\n", p.Faint(strings.Join(at.lines(first, e), "\n  ")))
	}
}

// mailbox returns an address whose domain publishes the first server: the lab's own belongs to
// whoever comes first, so several servers have domains of their own.
func mailbox(servers []*lab.Server) string {
	if len(servers) == 1 {
		return lab.Mailbox
	}
	return lab.User + "@" + servers[0].Domain()
}
