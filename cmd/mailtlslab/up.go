package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// defaultBase is where the fixed ports begin: base + 10 x scenario number + endpoint. The last
// one stays below 32768, where systems begin to hand out ports of their own.
const defaultBase = 31000

type upFlags struct {
	which   selection
	json    bool
	export  string
	ca      string
	caHosts []string
	listen  string
	hosts   []string
	base    int
	dns     string
	spread  bool
}

func upCommand() *cobra.Command {
	var f upFlags
	cmd := &cobra.Command{
		Use:   "up [ID|FILE…]",
		Short: "serve scenarios for real mail programs until Ctrl-C",
		Long: `up serves scenarios and prints for each endpoint the address, the user, the password
and a line to try. Then it shows every connection as it ends, with what the client did.
It serves on 127.0.0.1 unless --listen says otherwise. ` + argumentsHelp,
		Example: `  mailtlslab up expired-leaf
  mailtlslab up --listen 192.0.2.7 --host 192.0.2.7 --ca ~/.mailtlslab`,
		RunE: func(cmd *cobra.Command, args []string) error { return up(cmd, args, f) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.json, "json", false, "write a JSON line when everything listens, then one per connection")
	flags.StringVar(&f.export, "export", "", "write the root to `DIR`/root.pem, and with the intermediates to DIR/lab.pem for 'diagnose --ca', and not to a folder in your cache for this run alone")
	flags.StringVar(&f.ca, "ca", "", "keep the root and its key in `DIR`, so that a device need not trust a new one each time")
	flags.StringArrayVar(&f.caHosts, "ca-host", nil, "a further `NAME|IP` that the root may certify when it is made, a name with all below it (repeatable)")
	flags.StringVar(&f.listen, "listen", "127.0.0.1", "serve on this `ADDRESS`; anything but loopback lets others on the network in")
	flags.StringArrayVar(&f.hosts, "host", nil, "a further `NAME|IP` for the certificates, as a device on the network will use it (repeatable)")
	flags.BoolVar(&f.spread, "addresses", false, "give each scenario a loopback address of its own, all with the standard ports (Linux)")
	flags.IntVar(&f.base, "base-port", defaultBase, "the first of the fixed ports; 0 for any free ones")
	flags.StringVar(&f.dns, "dns", "", "answer for the scenarios' names in DNS at `ADDR`, such as 127.0.0.1:31053, for UDP and TCP")
	f.which.register(cmd)
	terminal.Group(cmd, "Where it serves", "listen", "base-port", "addresses", "dns")
	terminal.Group(cmd, "Certificates", "host", "ca", "ca-host", "export")
	terminal.Group(cmd, "Output", "json")
	return cmd
}

func up(cmd *cobra.Command, ids []string, f upFlags) error {
	list, err := await(cmd.Context(), func() ([]scenarios.Scenario, error) { return f.which.choose(ids) })
	if err != nil {
		return err
	}
	if err := checkUp(cmd, f, list); err != nil {
		return err
	}
	if err := checkNumbers(list); err != nil {
		return err
	}
	var address func(int, account.Endpoint) string
	if f.spread {
		if address, err = spread(); err != nil {
			return err
		}
	}
	own := hostsOf(list)
	authority, err := openAuthority(f, own)
	if err != nil {
		return environment(err)
	}
	display := newDisplay(cmd.OutOrStdout(), terminal.Colours(cmd), f.json)
	open := !net.ParseIP(f.listen).IsLoopback()
	l, err := lab.New(lab.Options{
		Listen: f.listen, Hosts: f.hosts, BasePort: f.base, Authority: authority,
		OfferRoot: open, Observe: display.connection, Address: address, DNS: f.dns,
	})
	if err != nil {
		return environment(err)
	}
	closeLab := sync.OnceFunc(func() {
		if err := l.Close(); err != nil {
			_, _ = fmt.Fprintln(cmd.ErrOrStderr(), "mailtlslab: "+terminal.Line(err.Error()))
		}
	})
	defer closeLab()
	servers, err := serveAll(cmd, l, list, !f.which.all(ids))
	if err != nil {
		return environment(err)
	}
	files, remove, err := export(f.export, l, servers)
	if err != nil {
		return environment(err)
	}
	defer remove()
	caution(cmd.ErrOrStderr(), f, own, authority.Root(), open)
	at := site{files: files, dns: l.DNS(), host: offered(f), spread: f.spread, now: time.Now().UTC()}
	if err := display.listening(servers, at); err != nil {
		return environment(err)
	}
	var shown sync.WaitGroup
	shown.Go(func() { display.show(cmd.ErrOrStderr()) })
	shown.Go(func() { display.giveBack(cmd.Context()) })
	<-cmd.Context().Done()
	closeLab()
	display.close()
	shown.Wait()
	return nil
}

// caution says what is dangerous about this run: a root that may do more, one that is kept, and
// servers that the network reaches (open). Whoever cannot be warned cannot be helped by ending either.
func caution(w io.Writer, f upFlags, own []string, root *x509.Certificate, open bool) {
	if len(own) > 0 && f.ca == "" {
		_, _ = fmt.Fprintf(w, "mailtlslab: the root of this run may certify %s too: it is not for a phone\n", terminal.Line(finding.AndList(own)))
	}
	if f.ca != "" {
		keptRoot(w, f.ca, root)
	}
	if open {
		_, _ = fmt.Fprint(w, warning)
	}
}

// checkUp refuses what would fail halfway, or would serve more than was asked for.
func checkUp(cmd *cobra.Command, f upFlags, list []scenarios.Scenario) error {
	ip := net.ParseIP(f.listen)
	last := lastNumber(list)
	switch {
	case ip == nil:
		return usage("--listen takes an IP address of this machine, such as 127.0.0.1, not %q", terminal.Clip(f.listen))
	case f.dns != "" && !isAddrPort(f.dns):
		return usage("--dns takes an IP address of this machine with a port, such as 127.0.0.1:31053, not %q", terminal.Clip(f.dns))
	case f.spread && (cmd.Flags().Changed("listen") || cmd.Flags().Changed("base-port")):
		return usage("--addresses chooses address and ports by itself; leave out --listen and --base-port")
	case !f.spread && f.base != 0 && (f.base < 1024 || f.base+10*last+6 >= 32768):
		return usage("--base-port must lie between 1024 and %d, or be 0 for free ports", 32768-10*last-7)
	case !ip.IsLoopback() && len(f.hosts) == 0:
		return usage("--listen %s needs --host NAME|IP: the name that devices will connect to", f.listen)
	}
	for _, h := range f.hosts {
		if err := account.CheckHost(h); err != nil {
			return usage("--host: %q is no host name: %w", terminal.Clip(h), err)
		}
	}
	for _, h := range f.caHosts {
		if err := account.CheckHost(h); err != nil {
			return usage("--ca-host: %q is no host name: %w", terminal.Clip(h), err)
		}
	}
	return nil
}

func isAddrPort(s string) bool {
	_, err := netip.ParseAddrPort(s)
	return err == nil
}

// serveAll serves the scenarios. One that this machine cannot run is left out and named, unless it
// was asked for.
func serveAll(cmd *cobra.Command, l *lab.Lab, list []scenarios.Scenario, asked bool) ([]*lab.Server, error) {
	var servers []*lab.Server
	for _, s := range list {
		if reason := lab.Unavailable(s); reason != "" && !asked {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "mailtlslab: %s is left out: %s\n", s.ID, reason)
			continue
		}
		if cmd.Context().Err() != nil {
			return nil, interrupted()
		}
		server, err := l.Serve(s)
		if errors.Is(err, errors.ErrUnsupported) {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s is unavailable here: %s\n", s.ID, terminal.Line(err.Error()))
			continue
		}
		if errors.Is(err, syscall.EMFILE) {
			return nil, fmt.Errorf("%w; serve fewer scenarios, or let the shell allow more with 'ulimit -n'", err)
		}
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("%w; another 'up' may be running: stop what uses the port, or choose other ones with --base-port", err)
		} else if err != nil {
			return nil, widening(err)
		}
		servers = append(servers, server)
	}
	if len(servers) == 0 {
		return nil, errors.New("this machine can serve none of the scenarios, so that nothing is served")
	}
	return servers, nil
}

// keptRoot says what is to be known of a root that was kept: that it soon ends, or that more is
// entrusted to it than it needs.
func keptRoot(w io.Writer, dir string, root *x509.Certificate) {
	if time.Until(root.NotAfter) < lastDays {
		_, _ = fmt.Fprintf(w, "mailtlslab: the root kept in %s ends on %s, and whatever is issued below it does too: it is soon found to expire; let --ca name another folder for a new one\n",
			terminal.Line(dir), root.NotAfter.UTC().Format(time.DateOnly))
	}
	if len(root.ExtKeyUsage) == 0 {
		_, _ = fmt.Fprintf(w, "mailtlslab: the root kept in %s is from an earlier version, and vouches for mail and programs too: take it off the devices, and let --ca name another folder for a new one\n",
			terminal.Line(dir))
	}
}

// lastDays is how long before its end a kept root is said to end: its healthy certificates then end
// so soon that this is a finding.
const lastDays = 8 * 24 * time.Hour

const warning = `WARNING: these servers can be reached from the network. They are broken on
purpose and their password is public. Send no real mail through them, use a
network of your own, and remove the lab's root from the device when you are done.
`

// lastNumber returns the highest number that ports derive from: the catalogue's at least, so that
// a base port that fits one scenario fits all.
func lastNumber(list []scenarios.Scenario) int {
	last := 0
	for _, s := range slices.Concat(scenarios.All(), list) {
		last = max(last, s.Number)
	}
	return last
}

// openAuthority makes a root for this run, which may certify the scenarios' own hosts too, or opens
// the one that is kept.
func openAuthority(f upFlags, own []string) (*certs.Authority, error) {
	o := certs.Options{Hosts: f.hosts, Permit: f.caHosts}
	if f.ca == "" {
		o.Permit = slices.Concat(f.caHosts, own)
		return certs.NewAuthority(o)
	}
	a, err := certs.OpenAuthority(f.ca, o)
	if err != nil {
		return nil, widening(err)
	}
	for _, h := range own {
		if !a.Permits(h) {
			return nil, widening(&certs.NotPermittedError{Host: h})
		}
	}
	return a, nil
}

// widening adds to an error about a host that the root may not certify what lets it.
func widening(err error) error {
	if not := (*certs.NotPermittedError)(nil); errors.As(err, &not) {
		return fmt.Errorf("%w; have a root made for it in another folder, with --ca-host %s", err, terminal.Line(not.Host))
	}
	return err
}

// checkNumbers refuses two scenarios that would have the same ports: a file often is a copy.
func checkNumbers(list []scenarios.Scenario) error {
	had := map[int]string{}
	for _, s := range list {
		if other := had[s.Number]; s.Number > 0 && other != "" {
			return usage("%s and %s both have the number %d, and with it the same ports; take the number out of one", other, s.ID, s.Number)
		}
		had[s.Number] = s.ID
	}
	return nil
}
