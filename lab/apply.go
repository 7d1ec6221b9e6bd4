package lab

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/fault"
)

// A Device is the account as one device has it: its settings, and what is typed in to log in.
type Device struct {
	Settings    account.Settings
	Credentials account.Credentials
	// Published says that the settings are to be read from what the domain publishes.
	Published bool
}

// Apply carries one action out for endpoint e, on what is served there or on the device, and
// returns the device as it is then. It does what the action says and no more, and looks at
// nothing but what is served and set now: never at how the scenario was made.
func (s *Server) Apply(e account.Endpoint, a action.Action, d Device) (Device, error) {
	if a.Party() == action.User && !onPath(a.Kind) {
		return s.applyToDevice(a, d)
	}
	if a.Kind == action.FixName || a.Kind == action.FixAddresses {
		s.applyToNames(e, a)
		return d, nil
	}
	p, err := s.port(e)
	if err != nil {
		return d, err
	}
	other, err := s.bundleOn(a)
	if err != nil {
		return d, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	next, err := p.now, error(nil)
	if next.bundle = other; other == nil {
		next, err = s.applyToService(e, a, p.now)
	}
	if err != nil {
		return d, fmt.Errorf("cannot %s on %s: %w", a, e, err)
	}
	return d, s.set(e, p, next)
}

// bundleOn returns what the port presents that an action takes from, nil where it takes from none.
func (s *Server) bundleOn(a action.Action) (*certs.Bundle, error) {
	if a.Kind != action.SharePair {
		return nil, nil
	}
	e, ok := account.EndpointOnPort(a.Port)
	if !ok {
		return nil, fmt.Errorf("nothing is served on port %d", a.Port)
	}
	p, err := s.port(e)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now.bundle, nil
}

// Restore puts endpoint e back to how the scenario began.
func (s *Server) Restore(e account.Endpoint) error {
	p, err := s.port(e)
	if err != nil {
		return err
	}
	s.restoreNames(e)
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.set(e, p, p.began)
}

func (s *Server) set(e account.Endpoint, p *servedPort, next served) error {
	if err := s.resign(e, &next); err != nil {
		return fmt.Errorf("cannot sign again for %s: %w", e, err)
	}
	s.publish(next.bundle) // before anybody can ask
	if err := p.listener.Set(s.config(e, next)); err != nil {
		return fmt.Errorf("cannot change %s: %w", e, err)
	}
	p.now = next
	return nil
}

func (s *Server) applyToDevice(a action.Action, d Device) (Device, error) {
	switch a.Kind {
	case action.UseHost:
		// The lab stands for a network in which the certificate's names lead to its server.
		d.Settings.Host = a.Host
		d.Settings.Addresses = maps.Clone(d.Settings.Addresses)
		maps.Copy(d.Settings.Addresses, s.addresses(a.Host))
	case action.UseServer:
		d.Settings.Port, d.Settings.Mode = a.Port, a.Mode
	case action.SetClock:
		d.Settings.Clock = time.Time{}
	case action.UpdateClient:
		d.Settings.NoSNI, d.Settings.MaxVersion = false, 0
	case action.EnterPassword:
		d.Credentials.Password = Password
	case action.TrustRoot:
		d.Settings.Roots = append(slices.Clone(d.Settings.Roots), a.Certificate)
	case action.ForgetException, action.TrustAgain, action.ForgetSession:
		d.Settings = withMemory(a, d.Settings)
	default:
		return d, fmt.Errorf("the lab cannot carry out %q on a device", a.Kind)
	}
	return d, nil
}

func (s *Server) applyToService(e account.Endpoint, a action.Action, now served) (served, error) {
	var err error
	switch a.Kind {
	case action.SendChain:
		now.bundle, err = now.bundle.WithIntermediate(a.Certificate)
	case action.SortChain:
		now.bundle = now.bundle.Sorted()
	case action.FixStapling:
		now.bundle, err = now.bundle.Stapling()
	case action.DropCross:
		now.bundle = now.bundle.WithoutCross(s.lab.Roots())
	case action.RaiseVersion:
		now.maxVersion, now.minVersion = 0, 0
	case action.EnableCiphers:
		now.ciphers = nil
	case action.NoClientCert:
		now.clientCertificate = false
	case action.EnableTLS:
		now.mode = account.ImplicitTLS
	case action.EnableStartTLS:
		now.wire.Hide, now.wire.Lines, now.wire.Hello = nil, nil, fault.Hello{}
	case action.DenyPlaintext:
		now.clearLogins = false
	case action.StopPreauth:
		now.preauth = false
	case action.SpeedUp:
		now.wire.Delay = 0
	case action.RightService:
		now.protocol = e.Protocol()
	case action.OpenPort:
		now.wire.Closed, now.wire.Dropped = false, false
	case action.RepairPair:
		now.notLoaded = false
	case action.DecryptKey, action.AllowKey, action.ReissueClient:
		// The lab's keys are in memory: none has a password or an owner. No client of its has a
		// certificate.
	case action.RestartService:
		now.wire.Accept, now.wire.CutAfter, now.wire.Hello = fault.Serve, 0, fault.Hello{}
	case action.DefaultCert:
		now.nameless = nil
	case action.ServeName:
		now.unknownName = false
	case action.FixPublished:
		now.publishedHost = ""
	case action.LeaveNetwork, action.ExemptMail, action.StopScanning:
		now.path = pathAfter(a.Kind, now.path)
	case action.ReloadMail:
		now.reloadMail(e)
	case action.RepairBackends:
		err = now.repairBackends(a.Fingerprint)
	default:
		change, ok := ChangeOf(a)
		if !ok {
			return now, fmt.Errorf("the lab cannot carry out %q on a server", a.Kind)
		}
		now.bundle, err = s.lab.authority.Reissue(now.bundle, change)
	}
	return now, err
}

// ChangeOf returns what an action changes about a certificate, and false where it changes another
// thing.
func ChangeOf(a action.Action) (certs.Change, bool) {
	switch a.Kind {
	case action.Renew:
		return certs.Change{Dates: true}, true
	case action.ReissueForNames, action.CoverName:
		return certs.Change{Names: a.Names}, true
	case action.ReissueTrusted:
		return certs.Change{Trusted: true}, true
	case action.InstallReal:
		return certs.Change{Trusted: true, Names: a.Names}, true
	case action.ReissueKey, action.ReplaceRevoked:
		return certs.Change{StrongKey: true}, true
	case action.FixRevocation:
		// The service is the CA's and known to every endpoint; an action is for one. So the
		// certificate is issued anew for this endpoint, alike but for serial number and addresses.
		return certs.Change{Revocation: true}, true
	case action.ReissueUsage:
		return certs.Change{ServerAuth: true}, true
	case action.ReissueLeaf:
		return certs.Change{EndEntity: true}, true
	case action.Reinstall:
		return certs.Change{Signature: true}, true
	case action.MatchKey:
		return certs.Change{MatchKey: true}, true
	}
	return certs.Change{}, false
}
