package remedy

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// exampleHost stands in commands for a host that is unknown or not a plain DNS name.
const exampleHost = "mail.example.com"

// namesShown bounds how many of a certificate's names are listed in a sentence.
const namesShown = 6

// placeholders returns the closed set.
func placeholders() []string {
	return []string{"{host}", "{names}", "{port}", "{mode}", "{issuer}", "{subject}", "{to}"}
}

// Fill replaces the placeholders by the facts of a finding. A fact that is not known leaves words
// that can be read in its place. The result may quote the server: escape it before printing.
//
// Lines of configuration take the host only, and only one that is a plain DNS name: they are
// pasted into a root shell, and names, issuer and subject are whatever the server says they are.
func (a Advice) Fill(f finding.Facts) Advice { return a.fill(f, nil) }

// fill is Fill with what the actions of the diagnosis know besides.
func (a Advice) fill(f finding.Facts, chosen []action.Action) Advice {
	a = a.clone()
	to := ""
	for _, c := range chosen {
		switch {
		case c.Kind == action.UseHost && (to == "" || to == c.Host):
			to = c.Host
		case c.Kind == action.UseHost:
			to = "the one that the provider confirms" // two of them
		case c.Kind == action.UseServer:
			f.Port, f.Mode = c.Port, c.Mode
		}
	}
	number, menu, _ := encrypted(f)
	words := strings.NewReplacer(
		"{host}", or(f.Host, "the mail server"),
		"{names}", or(list(f.Names), "other names"),
		"{port}", or(number, "the provider's number"),
		"{mode}", or(menu, "the provider's type"),
		"{issuer}", or(f.Issuer, "the named issuer"),
		"{subject}", or(f.Subject, "the certificate in question"),
		"{to}", or(to, "the name that the provider confirms"),
	)
	config := strings.NewReplacer("{host}", shellHost(f.Host))
	for _, all := range [][]Steps{a.User, a.Admin} {
		for i := range all {
			for j, s := range all[i].Steps {
				all[i].Steps[j] = words.Replace(s)
			}
			all[i].Config = config.Replace(all[i].Config)
			p := &all[i].Procedure
			p.Run = config.Replace(p.Run)
			for j := range p.Files {
				p.Files[j].Lines = config.Replace(p.Files[j].Lines)
			}
		}
	}
	a.Short.You, a.Short.Admin = words.Replace(a.Short.You), words.Replace(a.Short.Admin)
	a.Prevention, a.Support = words.Replace(a.Prevention), words.Replace(a.Support)
	return a
}

func or(s, otherwise string) string {
	if strings.TrimSpace(s) == "" {
		return otherwise
	}
	return s
}

func list(names []string) string {
	if extra := len(names) - namesShown; extra > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:namesShown], ", "), extra)
	}
	return strings.Join(names, ", ")
}

// encrypted returns the port and the mode of facts as the menus of mail programs have them, where
// both are known and encrypt. Nobody is told to go without encryption, nor half of a pair.
func encrypted(f finding.Facts) (number, menu string, known bool) {
	switch f.Mode {
	case account.ImplicitTLS:
		menu = "SSL/TLS"
	case account.StartTLS:
		menu = "STARTTLS"
	}
	if f.Port <= 0 || menu == "" {
		return "", "", false
	}
	return strconv.Itoa(f.Port), menu, true
}

// shellHost returns host when it is a DNS name that is safe as a word of a shell command.
func shellHost(host string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."
	if host == "" || host[0] == '-' || strings.Trim(host, plain) != "" || net.ParseIP(host) != nil {
		return exampleHost
	}
	return host
}
