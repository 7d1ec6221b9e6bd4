package main

import (
	"net"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
)

// tryLine returns a command that shows what a client sees: openssl where a connection starts in
// plaintext, curl where it logs in.
func tryLine(s *lab.Server, e account.Endpoint, root string) string {
	if e.Mode() == account.StartTLS {
		return opensslLine(s, e, root)
	}
	return curlLine(s, e, root)
}

func opensslLine(s *lab.Server, e account.Endpoint, root string) string {
	host := s.Device(e).Settings.Host
	words := []string{"openssl s_client -connect", s.Addr(e)}
	if net.ParseIP(host) != nil {
		words = append(words, "-noservername -verify_ip", host)
	} else {
		words = append(words, "-servername", host, "-verify_hostname", host)
	}
	words = append(words, "-starttls", map[account.Protocol]string{account.IMAP: "imap", account.POP3: "pop3", account.Submission: "smtp"}[e.Protocol()])
	if root != "" {
		words = append(words, "-CAfile", shellWord(root))
	}
	return strings.Join(words, " ")
}

func curlLine(s *lab.Server, e account.Endpoint, root string) string {
	host := s.Device(e).Settings.Host
	ip, port, _ := net.SplitHostPort(s.Addr(e))
	words := []string{"curl"}
	if root != "" {
		words = append(words, "--cacert", shellWord(root))
	}
	if net.ParseIP(host) == nil {
		if strings.Contains(ip, ":") {
			ip = "[" + ip + "]"
		}
		words = append(words, "--resolve", host+":"+port+":"+ip)
	}
	if e.Protocol() != account.HTTPS {
		words = append(words, "-u", lab.User+":"+lab.Password)
	}
	scheme := map[account.Protocol]string{account.IMAP: "imaps", account.POP3: "pop3s", account.Submission: "smtps", account.HTTPS: "https"}[e.Protocol()]
	return strings.Join(append(words, scheme+"://"+net.JoinHostPort(host, port)+"/"), " ")
}

// shellWord quotes a file name that a shell would take apart.
func shellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/._-+,:@%", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
