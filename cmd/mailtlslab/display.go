package main

import (
	"fmt"
	"io"
	"net"
	"sync"

	"mailtlslab/lab"
	"mailtlslab/lab/account"
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
		return nil
	}
	r := running{Root: root, User: lab.User, Password: lab.Password, Mailbox: lab.Mailbox, Scenarios: []serving{}}
	for _, s := range servers {
		one := serving{ID: s.Scenario.ID, Number: s.Scenario.Number, Host: s.Host()}
		for _, e := range account.Endpoints() {
			one.Endpoints = append(one.Endpoints, address{e, s.Addr(e)})
		}
		r.Scenarios = append(r.Scenarios, one)
	}
	return writeLine(d.out, r)
}

func (d *display) text(servers []*lab.Server, root string, f upFlags) {
	p := d.palette
	fmt.Fprintf(d.out, "user      %s\npassword  %s\nmailbox   %s\n", p.bold(lab.User), p.bold(lab.Password), lab.Mailbox)
	if root == "" {
		fmt.Fprintf(d.out, "root      in memory only; --export DIR writes it to a file\n")
	} else {
		fmt.Fprintf(d.out, "root      %s\n", root)
	}
	if f.ca != "" {
		fmt.Fprintf(d.out, "kept in   %s\n", f.ca)
	}
	for _, s := range servers {
		fmt.Fprintf(d.out, "\n%s  %s\n  account host %s\n", p.bold(fmt.Sprintf("%d %s", s.Scenario.Number, s.Scenario.ID)), s.Scenario.Title, s.Host())
		for _, e := range s.Scenario.On() {
			fmt.Fprintf(d.out, "  %-12s %-16s %s\n", e, s.Addr(e), p.faint(tryLine(s, e, root)))
		}
	}
	fmt.Fprintf(d.out, "\n%s\n", p.bold("serving; Ctrl-C stops it. Connections as they end:"))
}

// tryLine returns a command that shows what a client sees: openssl where a connection starts in
// plaintext, curl where it logs in.
func tryLine(s *lab.Server, e account.Endpoint, root string) string {
	host := s.Host()
	_, port, _ := net.SplitHostPort(s.Addr(e))
	ip, _, _ := net.SplitHostPort(s.Addr(e))
	if e.Mode() == account.StartTLS {
		starttls := map[account.Protocol]string{account.IMAP: "imap", account.POP3: "pop3", account.Submission: "smtp"}[e.Protocol()]
		line := fmt.Sprintf("openssl s_client -connect %s -servername %s -starttls %s", s.Addr(e), host, starttls)
		if net.ParseIP(host) != nil {
			line = fmt.Sprintf("openssl s_client -connect %s -noservername -verify_ip %s -starttls %s", s.Addr(e), host, starttls)
		} else {
			line += " -verify_hostname " + host
		}
		if root != "" {
			line += " -CAfile " + root
		}
		return line
	}
	line := "curl"
	if root != "" {
		line += " --cacert " + root
	}
	scheme := map[account.Protocol]string{account.IMAP: "imaps", account.POP3: "pop3s", account.Submission: "smtps", account.HTTPS: "https"}[e.Protocol()]
	if net.ParseIP(host) == nil {
		line += fmt.Sprintf(" --resolve %s:%s:%s", host, port, ip)
	}
	if e.Protocol() != account.HTTPS {
		line += fmt.Sprintf(" -u %s:%s", lab.User, lab.Password)
	}
	return fmt.Sprintf("%s %s://%s/", line, scheme, net.JoinHostPort(host, port))
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
	fmt.Fprintf(d.out, "%s %s\n", d.palette.bold(fmt.Sprintf("%s %s", e.Scenario, e.Endpoint)), line(did(e)))
}

// did says in a sentence what a client did.
func did(e lab.Entry) string {
	who := e.Client
	if e.SNI != "" {
		who += " (asked for " + e.SNI + ")"
	}
	switch {
	case e.LoggedIn && e.Password == "clear":
		return who + " logged in WITHOUT encryption"
	case e.LoggedIn:
		return who + " accepted the certificate and logged in"
	case e.Password == "clear":
		return who + " sent a password WITHOUT encryption"
	case e.Password == "tls":
		return who + " accepted the certificate and sent a password that is wrong"
	case e.Alert != nil:
		return fmt.Sprintf("%s refused: alert %d", who, *e.Alert)
	case e.Stage == "command":
		return who + " accepted the certificate and did not log in"
	case e.Stage == "handshake":
		return who + " completed the handshake and left without a command"
	case e.Error != "":
		return who + " broke off the handshake: " + e.Error
	}
	return fmt.Sprintf("%s left after %s", who, e.Stage)
}
