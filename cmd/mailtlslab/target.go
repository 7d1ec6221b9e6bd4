package main

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/account"
)

// splitTarget reads HOST, HOST:PORT, an IPv6 address, or [an IPv6 address]:PORT.
func splitTarget(arg string) (host string, port int, err error) {
	switch {
	case strings.Contains(arg, "/"):
		return "", 0, usage("diagnose takes HOST or HOST:PORT, not the address of a page such as %q; leave out all but the name", terminal.Clip(arg))
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
	if err := account.CheckHost(host); err != nil {
		return "", 0, usage("%q is no host name: %w", terminal.Clip(host), err)
	}
	return host, port, nil
}

func portNumber(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 65535 {
		return 0, usage("%q is no port: it must be a number from 1 to 65535", terminal.Clip(s))
	}
	return n, nil
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
			return nil, usage("--resolve takes HOST:PORT:ADDR, such as mail.example.com:993:192.0.2.1, not %q", terminal.Clip(flag))
		}
		if _, err := portNumber(port); err != nil {
			return nil, usage("--resolve takes HOST:PORT:ADDR, and %w", err)
		}
		if !below && !strings.EqualFold(name, host) {
			return nil, usage("--resolve says where %q is, and diagnose looks at %q; use one name for both", terminal.Clip(name), terminal.Clip(host))
		}
		dial := addr
		if _, _, err := net.SplitHostPort(addr); err != nil {
			dial = net.JoinHostPort(strings.Trim(addr, "[]"), port)
		}
		if err := checkAddress(dial); err != nil {
			return nil, usage("--resolve wants an IP address behind %s:%s, with a port of its own or none, not %q", terminal.Clip(name), port, terminal.Clip(addr))
		}
		if !below {
			name = host
		}
		out[net.JoinHostPort(name, port)] = dial
	}
	return out, nil
}

// prefixes reads the --fetch-from flags.
func prefixes(flags []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, flag := range flags {
		p, err := netip.ParsePrefix(flag)
		if a, single := netip.ParseAddr(flag); single == nil {
			p, err = netip.PrefixFrom(a.Unmap().WithZone(""), a.Unmap().BitLen()), nil
		}
		if err != nil || p.Addr().Is4In6() {
			return nil, usage("--fetch-from takes an IP address or a range of them, such as 10.1.2.0/24, not %q", terminal.Clip(flag))
		}
		out = append(out, p.Masked())
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
