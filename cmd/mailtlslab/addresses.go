package main

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
)

// spareOffset is added to the standard ports where this user may not open them.
const spareOffset = 10_000

// ownAddress returns the loopback address of a scenario: 127.77.x.y, by its number.
func ownAddress(number int) string { return fmt.Sprintf("127.77.%d.%d", number>>8&0xff, number&0xff) }

// spread returns where endpoints are served when every scenario has a loopback address of its own,
// all with the same ports: what tools expect of a mail server needs no flags then. Linux answers on
// all of 127.0.0.0/8; elsewhere each address would have to be set up first.
func spread() (func(number int, e account.Endpoint) string, error) {
	if runtime.GOOS != "linux" {
		return nil, usage("--addresses needs Linux, where every address of 127.0.0.0/8 is there without being set up; without it each scenario has ports of its own")
	}
	offset := 0
	ln, err := net.Listen("tcp", net.JoinHostPort("127.77.255.254", strconv.Itoa(account.POP3StartTLS.Port())))
	switch {
	case errors.Is(err, syscall.EACCES):
		offset = spareOffset
	case err != nil:
		return nil, environment(fmt.Errorf("cannot listen on addresses below 127.77.0.0: %w", err))
	default:
		_ = ln.Close() // it was opened to see whether it can be
	}
	return func(number int, e account.Endpoint) string {
		if number == 0 {
			return "" // no number, no address of its own
		}
		return net.JoinHostPort(ownAddress(number), strconv.Itoa(e.Port()+offset))
	}, nil
}

// spreadText prints a row a scenario with its address, and the ports that all of them have.
func (d *display) spreadText(servers []*lab.Server) {
	var ports []string
	for _, e := range account.Endpoints() {
		_, port, _ := net.SplitHostPort(servers[0].Addr(e))
		ports = append(ports, fmt.Sprintf("%s %s", e, port))
	}
	fmt.Fprintf(d.out, "ports     %s\n\n", terminal.Wrap(strings.Join(ports, ", ")+", on every address below", terminal.Narrow-10, "          "))
	longest := len(slices.MaxFunc(servers, func(a, b *lab.Server) int { return len(a.Scenario.ID) - len(b.Scenario.ID) }).Scenario.ID)
	for _, s := range servers {
		host, _, _ := net.SplitHostPort(s.Addr(account.IMAPS))
		fmt.Fprintf(d.out, "%5d  %-*s  %-14s %s\n", s.Scenario.Number, longest, s.Scenario.ID, host, d.palette.Faint(s.Host()))
	}
}
