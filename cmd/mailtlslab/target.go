package main

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// target is what the command line says to look at, before anything was connected to.
type target struct {
	host      string
	port      int              // 0: the standard ones
	as        account.Endpoint // "": not said
	addresses map[string]string
	clock     time.Time // zero: now
}

// newTarget reads HOST[:PORT] and the flags that belong to it.
func newTarget(arg string, f diagnoseFlags) (t target, err error) {
	if t.host, t.port, err = splitTarget(arg); err != nil {
		return t, err
	}
	if t.addresses, err = resolved(t.host, f.resolve, f.below); err != nil {
		return t, err
	}
	if f.time != "" {
		if t.clock, err = time.Parse(time.RFC3339, f.time); err != nil {
			return t, usage("--time takes a time such as 2026-11-24T12:00:00Z, not %q", clip(f.time))
		}
	}
	if t.as = account.Endpoint(f.as); f.as != "" && !t.as.Valid() {
		return t, usage("--as takes imaps, imap, pop3s, pop3, submissions, submission or https, not %q", clip(f.as))
	}
	return t, nil
}

// settings returns the connections to look at: one, or the seven of a host. Where nothing says
// what a port speaks, it is asked; unclear tells why it did not say, and imaps is taken then, so
// that there is a diagnosis of whatever is there.
func (t target) settings(ctx context.Context, p *probe.Prober) (all []account.Settings, unclear error) {
	endpoints := account.Endpoints()
	switch e, ok := account.EndpointOnPort(t.port); {
	case t.as != "":
		endpoints = []account.Endpoint{t.as}
	case ok:
		endpoints = []account.Endpoint{e}
	case t.port != 0:
		if e, unclear = p.FindOut(ctx, t.host, t.port, t.addresses); unclear != nil {
			e = account.IMAPS
		}
		endpoints = []account.Endpoint{e}
	}
	for _, e := range endpoints {
		s := account.For(e, t.host)
		if t.port != 0 {
			s.Port = t.port
		}
		s.Addresses, s.Clock = t.addresses, t.clock
		all = append(all, s)
	}
	return all, unclear
}

// maxHost is the length of the longest DNS name in its text form: RFC 1035 section 2.3.4.
const maxHost = 253

// splitTarget reads HOST, HOST:PORT, an IPv6 address, or [an IPv6 address]:PORT.
func splitTarget(arg string) (host string, port int, err error) {
	switch {
	case strings.Contains(arg, "/"):
		return "", 0, usage("diagnose takes HOST or HOST:PORT, not the address of a page such as %q; leave out all but the name", clip(arg))
	}
	host = arg
	if h, p, err := net.SplitHostPort(arg); err == nil {
		host = h
		if port, err = portNumber(p); err != nil {
			return "", 0, err
		}
	} else if strings.HasPrefix(arg, "[") {
		host = strings.Trim(arg, "[]")
	}
	return host, port, checkHost(host)
}

func portNumber(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 65535 {
		return 0, usage("%q is no port: it must be a number from 1 to 65535", clip(s))
	}
	return n, nil
}

// checkHost refuses what can be no name and no address, and would only be a puzzle in DNS.
func checkHost(host string) error {
	if net.ParseIP(host) != nil {
		return nil
	}
	if host == "" || len(host) > maxHost {
		return usage("%q is no host name: it must have 1 to %d characters, and has %d", clip(host), maxHost, len(host))
	}
	for _, r := range host {
		switch {
		case r > 0x7f:
			return usage("%q has letters that DNS does not know; write the name in its xn-- form", clip(host))
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.', r == '_':
		default:
			return usage("%q is no host name: %q cannot be in one", clip(host), r)
		}
	}
	return nil
}

// resolved reads the --resolve flags. ADDR is an IP address, with a port unless it is the same.
// A domain publishes servers of any name, so that below it every name may be given.
func resolved(host string, flags []string, below bool) (map[string]string, error) {
	out := map[string]string{}
	for _, flag := range flags {
		name, rest, ok := strings.Cut(flag, ":")
		if strings.HasPrefix(flag, "[") {
			name, rest, ok = strings.Cut(flag[1:], "]:")
		}
		port, addr, ok2 := strings.Cut(rest, ":")
		if !ok || !ok2 {
			return nil, usage("--resolve takes HOST:PORT:ADDR, such as mail.example.com:993:192.0.2.1, not %q", clip(flag))
		}
		if _, err := portNumber(port); err != nil {
			return nil, usage("--resolve takes HOST:PORT:ADDR, and %w", err)
		}
		if !below && !strings.EqualFold(name, host) {
			return nil, usage("--resolve says where %q is, and diagnose looks at %q; use one name for both", clip(name), clip(host))
		}
		dial := addr
		if _, _, err := net.SplitHostPort(addr); err != nil {
			dial = net.JoinHostPort(strings.Trim(addr, "[]"), port)
		}
		if err := checkAddress(dial); err != nil {
			return nil, usage("--resolve wants an IP address behind %s:%s, with a port of its own or none, not %q", clip(name), port, clip(addr))
		}
		if !below {
			name = host
		}
		out[net.JoinHostPort(name, port)] = dial
	}
	return out, nil
}

// checkAddress refuses all but an IP address with a port.
func checkAddress(s string) error {
	h, p, err := net.SplitHostPort(s)
	if err == nil {
		_, err = portNumber(p)
	}
	if err == nil && net.ParseIP(h) == nil {
		err = &net.ParseError{Type: "IP address", Text: h}
	}
	return err
}
