package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
)

// display prints what up has to say. Connections end in several goroutines, and none of them waits
// for the reader of the output: it may be as slow as it likes.
type display struct {
	out     io.Writer
	palette terminal.Palette
	json    bool

	mu     sync.Mutex
	queue  []lab.Entry   // connections that ended and are not printed yet
	lost   int           // those that had no room there
	ended  int           // all that have ended
	more   chan struct{} // has a value when there is something in queue
	closed bool
}

// maxQueue bounds how many connections wait to be printed; of more, the oldest are left out.
const maxQueue = 10_000

func newDisplay(out io.Writer, p terminal.Palette, json bool) *display {
	return &display{out: out, palette: p, json: json, more: make(chan struct{}, 1)}
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

// connection has printed what one client did. It does not wait for that.
func (d *display) connection(e lab.Entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.queue) == maxQueue {
		const oldest = maxQueue / 10 // at once, for it moves all the others
		d.queue = append(d.queue[:0], d.queue[oldest:]...)
		d.lost += oldest
	}
	d.queue = append(d.queue, e)
	d.ended++
	d.wake()
}

// Every givesBack the memory of connections that have ended goes back to the system, if they were many: the
// runtime would keep it for the next ones.
const (
	givesBack = 2 * time.Second
	many      = 200
)

// giveBack gives memory back until ctx ends.
func (d *display) giveBack(ctx context.Context) {
	ticker := time.NewTicker(givesBack)
	defer ticker.Stop()
	for last := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		d.mu.Lock()
		ended := d.ended
		d.mu.Unlock()
		if ended-last >= many {
			debug.FreeOSMemory()
			last = ended
		}
	}
}

// close lets show end when everything is printed.
func (d *display) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.wake()
}

func (d *display) wake() {
	select {
	case d.more <- struct{}{}:
	default: // it is awake already
	}
}

// show prints connections as they end, until close.
func (d *display) show(errs io.Writer) {
	for range d.more {
		d.mu.Lock()
		queue, lost, closed := d.queue, d.lost, d.closed
		d.queue, d.lost = nil, 0
		d.mu.Unlock()
		if lost > 0 {
			_, _ = fmt.Fprintf(errs, "mailtlslab: %d connections are not shown, for the output was read too slowly\n", lost)
		}
		for _, e := range queue {
			d.print(e)
		}
		if closed {
			return
		}
	}
}

func (d *display) print(e lab.Entry) {
	if d.json {
		// The reader may be gone; the next line will find out as well, and nothing is lost by it.
		_ = terminal.WriteLine(d.out, e)
		return
	}
	fmt.Fprintf(d.out, "%s %s\n", d.palette.Bold(terminal.Line(fmt.Sprintf("%s %s", e.Scenario, e.Endpoint))), terminal.Line(e.Did()))
}
