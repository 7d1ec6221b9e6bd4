package verify

import (
	"context"
	"maps"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/discover"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// setUp lets the devices that take their settings from what the domain publishes read it, as
// when an account is set up, or set up again after a repair.
func (v verifier) setUp(ctx context.Context, server *lab.Server, devices []lab.Device) []lab.Device {
	var found []account.Settings
	asked := false
	for i, d := range devices {
		if !d.Published {
			continue
		}
		if !asked {
			asked = true
			found = v.discover(ctx, server)
		}
		for _, set := range found {
			if set.Endpoint != d.Settings.Endpoint {
				continue
			}
			set.Addresses = server.Leading(set.Host)
			set.Addresses[set.Target()] = server.Addr(set.Endpoint)
			maps.Copy(set.Addresses, d.Settings.Addresses)
			devices[i].Settings = set
		}
	}
	return devices
}

// discover reads the documents of the server's domain. What they say is not looked up in DNS:
// the lab's web server is on another port than such documents are asked for.
func (v verifier) discover(ctx context.Context, server *lab.Server) []account.Settings {
	web := server.Addr(account.Web)
	domain := server.Domain()
	finder := &discover.Finder{Timeout: v.prober.Timeout, Resolver: probe.Resolver(v.prober.DNS), Addresses: map[string]string{
		"autoconfig." + domain + ":443": web, domain + ":443": web, "autodiscover." + domain + ":443": web,
	}}
	return discover.Settings(finder.Documents(ctx, domain))
}
