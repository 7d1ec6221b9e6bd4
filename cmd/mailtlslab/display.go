package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
)

// display prints what up has to say. Connections end in several goroutines.
type display struct {
	mu      sync.Mutex
	out     io.Writer
	palette terminal.Palette
	json    bool
	ready   bool        // the list of endpoints is out
	early   []lab.Entry // connections that ended before it was
}

// running is the first line of "up --json". Other programs rely on it.
type running struct {
	// Version is that of this form.
	Version int `json:"version"`
	// Root is a file with every root that the scenarios need trusted, in PEM form.
	Root string `json:"root"`
	// User and Password are those of the one account that every server has.
	User string `json:"user"`
	// Password is no secret: it is the same in every lab.
	Password string `json:"password"`
	// Mailbox is the account's mail address.
	Mailbox string `json:"mailbox"`
	// DNS is where the lab's name server listens, left out where it does not.
	DNS string `json:"dns,omitempty"`
	// Scenarios are what is served.
	Scenarios []serving `json:"scenarios"`
}

// A serving is one scenario that is served.
type serving struct {
	// ID is the scenario's id, or that of the file it came from.
	ID     string `json:"id"`
	Number int    `json:"number"` // 0 where it has none
	// Host is the server name in the account.
	Host string `json:"host"`
	// Endpoints are all seven; those that the scenario does not run on are healthy.
	Endpoints []address `json:"endpoints"`
}

// An address is where an endpoint is reached.
type address struct {
	Name account.Endpoint `json:"name"`
	// Address is a host and a port, for clients on the network the host of --host.
	Address string `json:"address"`
}

// runningVersion is that of the form of running.
const runningVersion = 1

func (d *display) listening(servers []*lab.Server, at site) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer func() {
		d.ready = true
		for _, e := range d.early {
			d.print(e)
		}
	}()
	if !d.json {
		d.text(servers, at)
		return nil // the screen knows when it cannot be written to
	}
	r := running{Version: runningVersion, Root: at.files.root, User: lab.User, Password: lab.Password, Mailbox: lab.Mailbox, DNS: at.dns, Scenarios: []serving{}}
	for _, s := range servers {
		one := serving{ID: s.Scenario.ID, Number: s.Scenario.Number, Host: s.Host()}
		for _, e := range account.Endpoints() {
			one.Endpoints = append(one.Endpoints, address{e, at.address(s, e)})
		}
		r.Scenarios = append(r.Scenarios, one)
	}
	return terminal.WriteLine(d.out, r)
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
		_ = terminal.WriteLine(d.out, e)
		return
	}
	fmt.Fprintf(d.out, "%s %s\n", d.palette.Bold(terminal.Line(fmt.Sprintf("%s %s", e.Scenario, e.Endpoint))), terminal.Line(e.Did()))
}
