package lab

import (
	"bytes"
	"crypto/tls"
	"net"
	"sync"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

// proxyOn returns the name of the root with which connections to e are signed again on the
// path, empty when they are not.
func proxyOn(path account.Path, e account.Endpoint) string {
	const company = "Example Company TLS Inspection CA"
	switch {
	case path == account.MailAntivirus:
		return "AV Mail Shield Root"
	case path == account.CorporateProxy,
		path == account.SelectiveProxy && e.Protocol() != account.HTTPS:
		return company
	}
	return ""
}

// shown returns the certificate that clients are shown: the server's own, or what a proxy on
// the path makes of it. A captive portal shows nothing of the server's.
func (n served) shown() *certs.Bundle {
	if n.resigned != nil {
		return n.resigned
	}
	return n.bundle
}

// resign has the proxy on the path, if there is one, sign the certificate again.
func (s *Server) resign(e account.Endpoint, now *served) error {
	now.resigned, now.portal = nil, nil
	var err error
	if name := proxyOn(now.path, e); name != "" {
		now.resigned, err = s.proxied.by(name, now.bundle, s.lab.authority)
	}
	if now.path == account.CaptivePortalTLS {
		now.portal, err = s.bundle(certs.Outline{}, []certs.Fault{certs.Names(portalHost)})
	}
	return err
}

// proxied remembers what a proxy has signed. Proxies do, or each connection would cost a key.
type proxied struct {
	mu   sync.Mutex
	made map[signing]*certs.Bundle
}

type signing struct {
	name string
	of   *certs.Bundle
}

func (p *proxied) by(name string, of *certs.Bundle, a *certs.Authority) (*certs.Bundle, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b, ok := p.made[signing{name, of}]; ok {
		return b, nil
	}
	b, err := a.Resign(of, name)
	if err == nil {
		if p.made == nil {
			p.made = map[signing]*certs.Bundle{}
		}
		p.made[signing{name, of}] = b
	}
	return b, err
}

// portalHost is the name of a hotspot's login page.
const portalHost = "portal.test"

// meet puts a hotspot in the server's place.
func (n served) meet(c *wire.Config) {
	switch n.path {
	case account.CaptivePortal:
		c.Plan = fault.Plan{Portal: portalAnswer}
	case account.CaptivePortalTLS:
		c.Plan, c.Implicit, c.Dialect, c.Handler = fault.Plan{}, true, wire.HTTP, hotspot{}
		c.TLS = &tls.Config{Certificates: []tls.Certificate{n.portal.TLS()}, MinVersion: tls.VersionTLS12}
	}
}

// A hotspot answers any request with its login page, and waits for one on every port.
type hotspot struct{}

func (hotspot) ServeConn(c net.Conn) {
	var request []byte
	buf := make([]byte, 2048)
	for len(request) < 16<<10 && !bytes.Contains(request, []byte("\r\n\r\n")) {
		n, err := c.Read(buf)
		request = append(request, buf[:n]...)
		if err != nil {
			return
		}
	}
	// Whoever is gone by now does not want the answer.
	_, _ = c.Write([]byte(portalAnswer))
}

// onPath reports whether an action changes what lies between the device and the server.
func onPath(k action.Kind) bool {
	return k == action.LeaveNetwork || k == action.ExemptMail || k == action.StopScanning
}

// pathAfter returns the path after an action. What runs on the device goes along to another
// network, and a company can exempt from its proxy only.
func pathAfter(k action.Kind, path account.Path) account.Path {
	local := path == account.MailAntivirus
	proxy := path == account.CorporateProxy || path == account.SelectiveProxy || inspects(path)
	if k == action.StopScanning && local || k == action.LeaveNetwork && !local || k == action.ExemptMail && proxy {
		return account.Direct
	}
	return path
}
