package checkup

import (
	"net"
	"strconv"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// maxServers is how many servers of others one log makes places for.
const maxServers = 20

// outgoing takes out of a log what it says of other servers, to which ours was a client: each is a
// place of its own, and none of them is ours.
func (x *examination) outgoing(t Text, d *capture.Document) {
	var own []capture.Claim
	places := map[string]*filePlace{}
	for _, c := range d.Claims {
		host, port, err := net.SplitHostPort(c.Server)
		if n, bad := strconv.Atoi(port); err == nil && bad == nil && n > 0 && n < 1<<16 && account.CheckHost(host) == nil && (places[c.Server] != nil || len(places) < maxServers) {
			p := places[c.Server]
			if p == nil {
				p = x.begin(Log, t.Name+": "+finding.Clip(c.Server))
				p.place.settings = account.Settings{Host: host, Port: n, Mode: account.StartTLS}
				p.place.Target = p.place.settings.Target()
				places[c.Server] = p
			}
			p.claims = append(p.claims, c)
			continue
		}
		own = append(own, c)
	}
	for _, c := range d.Claims { // in their order
		if p := places[c.Server]; p != nil {
			p.heard(p.claims, nil, capture.Document{})
			p.close()
			delete(places, c.Server)
		}
	}
	if len(own) == len(d.Claims) {
		return
	}
	d.Claims = own
}

// between gives the advice about a server of somebody else, on which ours failed as a client: nobody has
// a device there, and nothing of ours is to be installed.
func (c *Cause) between() {
	for _, o := range c.Cases {
		if o.kind != Log || o.settings.Host == "" || o.Finding.Facts.Product == "" {
			return
		}
	}
	host := c.Cases[0].settings.Host
	c.You = "Nothing on a device needs changing: this is between two mail servers."
	c.Admin = "What is wrong is at " + host + ", which is not this server: tell whoever runs it."
	if aboutTheRoot(c.Code) || c.Code == finding.RootMissingOnDevice {
		c.Admin = "Tell whoever runs " + host + "; where other servers accept it, this server's own list of CAs is out of date."
	}
	c.Deeds = nil
}
