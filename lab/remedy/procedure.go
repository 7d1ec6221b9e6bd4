package remedy

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/action"
)

// A Procedure is the part of admin steps that a program can carry out: lines that must stand in
// files of configuration, then commands for a root shell. Steps.Config prints exactly these, so
// what is read and what is run cannot drift apart. Zero where Config is only to be read.
//
// The commands run in a folder with the new certificate: fullchain.pem has the leaf and then each
// issuer, privkey.pem its key.
type Procedure struct {
	Task    Task    `json:"task"`
	Product Product `json:"product"`
	Files   []File  `json:"files,omitempty"` // what has to stand in which file
	Run     string  `json:"run,omitempty"`   // then the commands, for a shell
}

// A File is a file of configuration and the lines that must stand in it. A line that sets what
// they set is replaced.
type File struct {
	Path  string `json:"path"`  // on the server
	Lines string `json:"lines"` // that must stand in it
}

// A Task is what a procedure does to a server.
type Task string

// The tasks.
const (
	InstallPair Task = "install-pair" // put certificate, issuers and key in place, and load them
	AddName     Task = "add-name"     // the same for one more server name, beside the ordinary pair
	OpenPorts   Task = "open-ports"   // the standard ports, each with its own mode of TLS
	OpenKey     Task = "open-key"     // let the server's own user read the key
	Reload      Task = "reload"       // load the pair that is in place
	Hook        Task = "hook"         // have each renewal install and load the pair
)

// A Product is a server in the versions to which one procedure applies.
type Product string

// The products with procedures. Panels and Exchange have texts only.
const (
	Postfix       Product = "postfix-3.4" // and later
	PostfixLegacy Product = "postfix"     // any; the way before 3.4
	Dovecot23     Product = "dovecot-2.3"
	Dovecot24     Product = "dovecot-2.4"
	Exim          Product = "exim-debian" // Exim 4.95 and later, configured in Debian's way
	Nginx         Product = "nginx"
	Certbot       Product = "certbot"
)

// Tasks returns every task, and Products every product.
func Tasks() []Task { return []Task{InstallPair, AddName, OpenPorts, OpenKey, Reload, Hook} }

// Products returns every product that procedures are for.
func Products() []Product {
	return []Product{Postfix, PostfixLegacy, Dovecot23, Dovecot24, Exim, Nginx, Certbot}
}

// IsZero reports whether there is nothing to carry out.
func (p Procedure) IsZero() bool { return len(p.Files) == 0 && p.Run == "" }

// TaskOf returns what an action means on a real server, and false where it is nothing that an
// admin does to one.
func TaskOf(k action.Kind) (Task, bool) {
	t, ok := map[action.Kind]Task{
		action.Renew: InstallPair, action.ReissueForNames: InstallPair, action.ReissueTrusted: InstallPair,
		action.ReissueKey: InstallPair, action.ReissueUsage: InstallPair, action.ReissueLeaf: InstallPair,
		action.Reinstall: InstallPair, action.InstallReal: InstallPair, action.SendChain: InstallPair,
		action.SortChain: InstallPair, action.MatchKey: InstallPair, action.DecryptKey: InstallPair,
		action.RepairPair: InstallPair, action.SharePair: InstallPair, action.DropCross: InstallPair, action.DefaultCert: InstallPair,
		action.ReplaceRevoked: InstallPair, action.CoverName: InstallPair,
		action.ServeName: AddName, action.AllowKey: OpenKey, action.ReloadMail: Reload,
		action.EnableTLS: OpenPorts, action.EnableStartTLS: OpenPorts, action.OpenPort: OpenPorts, action.RightService: OpenPorts,
	}[k]
	return t, ok
}

// Procedure returns the admin steps by which a task is carried out on a product, as the advice
// prints them, and false when it does not tell.
func (a Advice) Procedure(t Task, p Product) (Steps, bool) {
	at := slices.IndexFunc(a.Admin, func(s Steps) bool { return s.Procedure.Task == t && s.Procedure.Product == p })
	if at < 0 {
		return Steps{}, false
	}
	return a.Admin[at], true
}

// Script returns the commands as they are printed and run: in a shell of their own, which ends at
// the first that fails and leaves the admin's open.
func (p Procedure) Script() string {
	if p.Run == "" {
		return ""
	}
	return "(set -e\n" + p.Run + "\n)"
}

// text returns the procedure as it is printed.
func (p Procedure) text() string {
	var parts []string
	for _, f := range p.Files {
		parts = append(parts, "# "+f.Path+"\n"+f.Lines)
	}
	if p.Run != "" {
		parts = append(parts, "# as root"+p.where()+"\n"+p.Script())
	}
	return strings.Join(parts, "\n\n")
}

// where says in which folder the commands run, where that matters.
func (p Procedure) where() string {
	if p.Task == InstallPair || p.Task == AddName {
		return ", where the new fullchain.pem and privkey.pem are"
	}
	return ""
}

func (p Procedure) check() error {
	if p.IsZero() {
		if p.Task != "" || p.Product != "" {
			return errors.New("procedure: task and product, and nothing to do")
		}
		return nil
	}
	if !slices.Contains(Tasks(), p.Task) || !slices.Contains(Products(), p.Product) {
		return fmt.Errorf("procedure: no task %q or no product %q", p.Task, p.Product)
	}
	for _, f := range p.Files {
		if !path.IsAbs(f.Path) || strings.TrimSpace(f.Lines) == "" {
			return fmt.Errorf("procedure: the file %q has no whole path, or no lines", f.Path)
		}
	}
	return nil
}
