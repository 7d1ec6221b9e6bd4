package lesson

import (
	"net"
	"strconv"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// A look is what differs in a line of openssl from the usual one.
type look struct {
	flags    []string
	host     string // in place of the account's
	root     string // in place of the lab's
	rootless bool   // trust nothing
	nameless bool   // send no SNI
	read     string // what to read in the certificate, as a flag of "openssl x509"
}

// openssl returns a line that connects, verifies and hangs up, as a client does that refuses.
func (t try) openssl(l look) string {
	host, root := t.host, t.at.Root
	if l.host != "" {
		host = l.host
	}
	if l.root != "" {
		root = l.root
	}
	words := []string{"openssl s_client -connect", t.at.Address}
	ip := net.ParseIP(host) != nil
	if ip || l.nameless {
		words = append(words, "-noservername")
	} else {
		words = append(words, "-servername", host)
	}
	if ip {
		words = append(words, "-verify_ip", host)
	} else {
		words = append(words, "-verify_hostname", host)
	}
	if t.e.Mode() == account.StartTLS {
		words = append(words, "-starttls", map[account.Protocol]string{account.IMAP: "imap", account.POP3: "pop3", account.Submission: "smtp"}[t.e.Protocol()])
	}
	if l.rootless {
		words = append(words, "-no-CAfile -no-CApath -no-CAstore")
	} else {
		words = append(words, "-CAfile", Quoted(root))
	}
	words = append(words, l.flags...)
	if l.read != "" {
		return strings.Join(append(words, "</dev/null 2>/dev/null | openssl x509 -noout", l.read), " ")
	}
	return strings.Join(append(words, "-verify_return_error </dev/null"), " ")
}

// A visit is what differs in a line of curl from the usual one.
type visit struct {
	flags    []string
	mode     account.Mode // in place of the endpoint's
	password string       // in place of the right one
	unled    bool         // do not lead the host to where it is served
}

// curl returns a line that connects, verifies and logs in.
func (t try) curl(v visit) string {
	mode, password := t.e.Mode(), t.at.Password
	if v.mode != "" {
		mode = v.mode
	}
	if v.password != "" {
		password = v.password
	}
	place, port, _ := net.SplitHostPort(t.at.Address)
	words := []string{"curl --cacert", Quoted(t.at.Root)}
	switch {
	case v.unled || place == t.host:
	case net.ParseIP(place) == nil || net.ParseIP(t.host) != nil:
		words = append(words, "--connect-to", net.JoinHostPort(t.host, port)+":"+t.at.Address)
	case strings.Contains(place, ":"):
		words = append(words, "--resolve", t.host+":"+port+":["+place+"]")
	default:
		words = append(words, "--resolve", t.host+":"+port+":"+place)
	}
	if mode == account.StartTLS {
		words = append(words, "--ssl-reqd")
	}
	words = append(words, v.flags...)
	if t.e.Protocol() != account.HTTPS {
		words = append(words, "-u", Quoted(t.at.User+":"+password))
	}
	scheme := map[account.Protocol]string{account.IMAP: "imap", account.POP3: "pop3", account.Submission: "smtp", account.HTTPS: "http"}[t.e.Protocol()]
	if mode == account.ImplicitTLS {
		scheme += "s"
	}
	return strings.Join(append(words, scheme+"://"+net.JoinHostPort(t.host, port)+"/"), " ")
}

// mailtlslab returns a line for the lab's own diagnosis, where no other program looks.
func (t try) mailtlslab(flags ...string) string {
	ca := t.at.Root
	if t.at.Known != "" {
		ca = t.at.Known
	}
	words := append([]string{"mailtlslab diagnose --ca", Quoted(ca)}, flags...)
	if t.at.DNS != "" && t.s.Device.Published {
		return strings.Join(append(words, "--dns", t.at.DNS, t.at.User+"@"+t.s.ID+".lab.test"), " ")
	}
	target := net.JoinHostPort(t.host, strconv.Itoa(t.e.Port()))
	if t.s.DNS.Missing {
		return strings.Join(append(words, "--dns", t.at.DNS, target), " ")
	}
	return strings.Join(append(words, "--resolve", target+":"+t.at.Address, target), " ")
}

// Quoted quotes a word that a shell would take apart.
func Quoted(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/._-+,:@%", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
