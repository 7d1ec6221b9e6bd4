package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// display prints what up has to say. Connections end in several goroutines.
type display struct {
	mu      sync.Mutex
	out     io.Writer
	palette palette
	json    bool
	ready   bool        // the list of endpoints is out
	early   []lab.Entry // connections that ended before it was
}

// running and the two types below are the first line of "up --json". Other programs rely on them.
type running struct {
	Root      string    `json:"root"`
	User      string    `json:"user"`
	Password  string    `json:"password"`
	Mailbox   string    `json:"mailbox"`
	DNS       string    `json:"dns,omitempty"`
	Scenarios []serving `json:"scenarios"`
}

type serving struct {
	ID        string    `json:"id"`
	Number    int       `json:"number"`
	Host      string    `json:"host"`
	Endpoints []address `json:"endpoints"`
}

type address struct {
	Name    account.Endpoint `json:"name"`
	Address string           `json:"address"`
}

func (d *display) listening(servers []*lab.Server, root string, f upFlags) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer func() {
		d.ready = true
		for _, e := range d.early {
			d.print(e)
		}
	}()
	if !d.json {
		d.text(servers, root, f)
		return nil // the screen knows when it cannot be written to
	}
	r := running{Root: root, User: lab.User, Password: lab.Password, Mailbox: lab.Mailbox, DNS: f.dns, Scenarios: []serving{}}
	for _, s := range servers {
		one := serving{ID: s.Scenario.ID, Number: s.Scenario.Number, Host: s.Host()}
		for _, e := range account.Endpoints() {
			one.Endpoints = append(one.Endpoints, address{e, s.Addr(e)})
		}
		r.Scenarios = append(r.Scenarios, one)
	}
	return writeLine(d.out, r)
}

// inFull is up to how many scenarios every endpoint is shown with a line to try.
const inFull = 3

func (d *display) text(servers []*lab.Server, root string, f upFlags) {
	p := d.palette
	fmt.Fprintf(d.out, "user      %s\npassword  %s\nmailbox   %s\n", p.bold(lab.User), p.bold(lab.Password), lab.Mailbox)
	switch {
	case root != "":
		fmt.Fprintf(d.out, "root      %s\n", root)
	case f.ca != "":
		fmt.Fprintf(d.out, "root      kept in %s; --export DIR writes it to a file of its own\n", f.ca)
	default:
		fmt.Fprintln(d.out, "root      in memory only; --export DIR writes it to a file")
	}
	if f.dns != "" {
		fmt.Fprintf(d.out, "dns       %s\n          mailtlslab diagnose --dns %[1]s %s\n", f.dns, mailbox(servers))
	}
	if len(servers) > inFull && f.spread {
		d.spreadText(servers)
	} else if len(servers) > inFull {
		d.many(servers, root, f)
	} else {
		for _, s := range servers {
			d.one(s, root)
		}
	}
	fmt.Fprintf(d.out, "\n%s\n", p.bold("Serving until Ctrl-C. Connections as they end:"))
}

// one prints a scenario with a line to try for each of its endpoints.
func (d *display) one(s *lab.Server, root string) {
	p := d.palette
	fmt.Fprintf(d.out, "\n%s  %s\n  the account's server is %s\n", p.bold(fmt.Sprintf("%d %s", s.Scenario.Number, s.Scenario.ID)), s.Scenario.Title, s.Host())
	for _, e := range s.Scenario.On() {
		fmt.Fprintf(d.out, "  %-12s %s\n    %s\n", e, s.Addr(e), p.faint(tryLine(s, e, root)))
	}
}

// many prints a row a scenario with the ports of its endpoints, and what to try for the first.
func (d *display) many(servers []*lab.Server, root string, f upFlags) {
	p := d.palette
	fmt.Fprintf(d.out, "address   %s\n", f.listen)
	fmt.Fprintf(d.out, "server    %s in every account, where the table names no other\n\n", scenarios.DefaultHost)
	t := newTable(d.out)
	t.AppendHeader(append(table.Row{"", "scenario"}, endpointHeads()...))
	for _, s := range servers {
		id := s.Scenario.ID
		if s.Host() != scenarios.DefaultHost {
			id += "\n" + p.faint("  server "+s.Host())
		}
		row := table.Row{s.Scenario.Number, id}
		for _, e := range account.Endpoints() {
			_, port, _ := net.SplitHostPort(s.Addr(e))
			if !slices.Contains(s.Scenario.On(), e) {
				port = p.faint("·")
			}
			row = append(row, port)
		}
		t.AppendRow(row)
	}
	t.Render()
	first := servers[0]
	fmt.Fprintf(d.out, "\nTo try %s ('mailtlslab up ID' prints such lines for each endpoint):\n", first.Scenario.ID)
	for _, e := range first.Scenario.On()[:min(2, len(first.Scenario.On()))] {
		fmt.Fprintf(d.out, "  %s\n", p.faint(tryLine(first, e, root)))
	}
}

// connection prints what one client did.
func (d *display) connection(e lab.Entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.ready {
		d.early = append(d.early, e)
		return
	}
	d.print(e)
}

func (d *display) print(e lab.Entry) {
	if d.json {
		// The reader may be gone; the next line will find out as well, and nothing is lost by it.
		_ = writeLine(d.out, e)
		return
	}
	fmt.Fprintf(d.out, "%s %s\n", d.palette.bold(line(fmt.Sprintf("%s %s", e.Scenario, e.Endpoint))), line(did(e)))
}

// did says in a sentence what a client did.
func did(e lab.Entry) string {
	who := e.Client
	if e.SNI != "" {
		who += " (asked for " + e.SNI + ")"
	}
	switch {
	case e.LoggedIn && e.Password == lab.ClearPassword:
		return who + " logged in WITHOUT encryption"
	case e.LoggedIn:
		return who + " accepted the certificate and logged in"
	case e.Password == lab.ClearPassword:
		return who + " sent a password WITHOUT encryption"
	case e.Password == lab.EncryptedPassword:
		return who + " accepted the certificate and sent a password that is wrong"
	case e.Alert != nil:
		return fmt.Sprintf("%s refused: alert %d, %s", who, *e.Alert, strings.TrimPrefix(tls.AlertError(*e.Alert).Error(), "tls: "))
	case e.Stage == lab.StageCommand:
		return who + " accepted the certificate and did not log in"
	case e.Stage == lab.StageHandshake:
		return who + " completed the handshake and left without a command"
	case e.Error != "":
		return who + " broke off the handshake: " + e.Error
	}
	return fmt.Sprintf("%s left after %s", who, e.Stage)
}

// mailbox returns an address whose domain publishes the first server: the lab's own belongs to
// whoever comes first, so several servers have domains of their own.
func mailbox(servers []*lab.Server) string {
	if len(servers) == 1 {
		return lab.Mailbox
	}
	return lab.User + "@" + servers[0].Domain()
}
