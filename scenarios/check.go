package scenarios

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A Flaw is what is wrong with a scenario, and in which of its fields: a path such as
// "services[0].mode", by the names in JSON.
type Flaw struct {
	Path string
	Err  error
}

func (f *Flaw) Error() string { return f.Path + ": " + f.Err.Error() }

func (f *Flaw) Unwrap() error { return f.Err }

func flaw(path, format string, args ...any) error {
	return &Flaw{path, fmt.Errorf(format, args...)}
}

// Bounds of what a scenario from a file may say.
const (
	maxNumber = 3000 // fixed ports are ten for each number
	maxID     = 60
	maxText   = 2000
	maxHost   = 253 // RFC 1035 section 2.3.4
)

var kebab = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Check holds a scenario to what every one of the catalogue fulfils: it can be told, it says only
// what can be served, and it expects what can be found. The error is a *Flaw.
func (s Scenario) Check() error {
	for _, check := range []func() error{s.checkWords, s.checkEndpoints, s.checkServices, s.checkDevice, s.checkExpectations} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s Scenario) checkWords() error {
	switch {
	case s.Number < 1 || s.Number > maxNumber:
		return flaw("number", "it must be from 1 to %d, and is %d", maxNumber, s.Number)
	case !kebab.MatchString(s.ID) || len(s.ID) > maxID:
		return flaw("id", "it must be words in small letters with hyphens between them, such as expired-leaf, and at most %d characters", maxID)
	case !s.Family.Valid():
		return flaw("family", "there is no family %q; it may be %s", s.Family, join(Families()))
	case s.Title == "" || strings.HasSuffix(s.Title, ".") || strings.ContainsAny(s.Title, "\r\n") || len(s.Title) > maxText:
		return flaw("title", "a title is one line without a full stop")
	case len(s.Story) > maxText || sentences(s.Story) != 2:
		return flaw("story", "a story has two sentences, and this one has %d", sentences(s.Story))
	case len(s.References) == 0:
		return flaw("references", "there is none; where is it written that this is a fault?")
	case len(s.Host) > maxHost || strings.ContainsAny(s.Host, " /@\r\n\t"):
		return flaw("host", "it is no host name")
	case s.OpenSSL < 0:
		return flaw("openssl", "it must be a code of openssl verify, and is %d", s.OpenSSL)
	case s.Path != account.Direct && !s.Path.Valid():
		return flaw("path", "there is no path %q in the lab", s.Path)
	}
	return nil
}

func join[T ~string](words []T) string {
	var out []string
	for _, w := range words {
		out = append(out, string(w))
	}
	return strings.Join(out, ", ")
}

var sentenceEnd = regexp.MustCompile(`[.!?](\s|$)`)

func sentences(story string) int { return len(sentenceEnd.FindAllString(story, -1)) }

func (s Scenario) checkEndpoints() error {
	if err := checkOn("endpoints", s.Endpoints, account.Endpoints()); err != nil {
		return err
	}
	for i, service := range s.Services {
		if err := checkOn(fmt.Sprintf("services[%d].on", i), service.On, account.Endpoints()); err != nil {
			return err
		}
	}
	return nil
}

// checkOn refuses an endpoint that is none of those possible, and one that is named twice.
func checkOn(path string, on, possible []account.Endpoint) error {
	for i, e := range on {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case !e.Valid():
			return flaw(at, "there is no endpoint %q; it may be %s", e, join(account.Endpoints()))
		case !slices.Contains(possible, e):
			return flaw(at, "the scenario does not run on %s", e)
		case slices.Contains(on[:i], e):
			return flaw(at, "%s is named twice", e)
		}
	}
	return nil
}

func (s Scenario) checkServices() error {
	for i, service := range s.Services {
		at := fmt.Sprintf("services[%d].", i)
		switch {
		case service.Mode != "" && !service.Mode.Valid():
			return flaw(at+"mode", "there is no mode %q; it may be tls, starttls or plaintext", service.Mode)
		case service.Speaks != "" && !service.Speaks.Valid():
			return flaw(at+"speaks", "there is no protocol %q; it may be imap, pop3, submission or https", service.Speaks)
		case service.MaxVersion != 0 && (service.MaxVersion < oldest || service.MaxVersion > newest):
			return flaw(at+"maxVersion", "it must be 768 to 772, for SSL 3.0 to TLS 1.3, and is %d", service.MaxVersion)
		case service.MinVersion != 0 && (service.MinVersion <= oldest || service.MinVersion > newest):
			return flaw(at+"minVersion", "it must be 769 to 772, for TLS 1.0 to 1.3, and is %d", service.MinVersion)
		case service.FirstBackend < 0 || service.FirstBackend > len(service.Backends):
			return flaw(at+"firstBackend", "there are %d machines beside the first, and no number %d", len(service.Backends), service.FirstBackend)
		}
		if err := checkChains(at, service); err != nil {
			return err
		}
		if err := service.Wire.Check(); err != nil {
			return wireFlaw(at+"wire", err)
		}
	}
	return nil
}

// The versions a service may be limited to, as numbers on the wire: SSL 3.0 and TLS 1.3.
const (
	oldest = 0x0300
	newest = 0x0304
)

// checkChains refuses certificate faults that cannot be built, in any chain of a service.
func checkChains(at string, service Service) error {
	chains := map[string][]certs.Fault{"chain": service.Chain, "nameless": service.Nameless}
	for i, faults := range service.Backends {
		chains[fmt.Sprintf("backends[%d]", i)] = faults
	}
	for _, field := range slices.Sorted(maps.Keys(chains)) {
		if n, err := certs.CheckFaults(chains[field]); err != nil {
			return &Flaw{fmt.Sprintf("%s%s[%d]", at, field, n), err}
		}
	}
	return nil
}

// wireFlaw moves the field that a plan's error begins with into the path.
func wireFlaw(path string, err error) error {
	if field, rest, ok := strings.Cut(err.Error(), ": "); ok && !strings.Contains(field, " ") {
		return &Flaw{path + "." + field, errors.New(rest)}
	}
	return &Flaw{path, err}
}

func (s Scenario) checkDevice() error {
	switch {
	case s.Device.Mode != "" && !s.Device.Mode.Valid():
		return flaw("device.mode", "there is no mode %q; it may be tls, starttls or plaintext", s.Device.Mode)
	case s.Device.MaxVersion != 0 && (s.Device.MaxVersion <= oldest || s.Device.MaxVersion > newest):
		return flaw("device.maxVersion", "it must be 769 to 772, for TLS 1.0 to 1.3, and is %d", s.Device.MaxVersion)
	case len(s.Device.Password) > maxText:
		return flaw("device.password", "it has %d bytes, and %d are the most", len(s.Device.Password), maxText)
	case s.Family != Controls && !s.broken():
		return flaw("services", "nothing is broken: a scenario that is no control says something of services, device or path")
	case s.Family != Controls && len(s.Expect) == 0:
		return flaw("expect", "nothing is expected: a scenario that is no control says what must be found")
	}
	return nil
}

// broken reports whether the scenario differs from its healthy twin in more than what is expected.
func (s Scenario) broken() bool {
	twin := s.Healthy()
	s.Expect, s.OpenSSL = twin.Expect, twin.OpenSSL
	s.Services = slices.DeleteFunc(slices.Clone(s.Services), func(v Service) bool {
		v.On = nil
		return reflect.ValueOf(v).IsZero()
	})
	if len(s.Services) == 0 {
		s.Services = nil
	}
	return !reflect.DeepEqual(s, twin)
}

func (s Scenario) checkExpectations() error {
	for i, x := range s.Expect {
		if err := checkOn(fmt.Sprintf("expect[%d].on", i), x.On, s.On()); err != nil {
			return err
		}
		for j, c := range x.Findings {
			at := fmt.Sprintf("expect[%d].findings[%d]", i, j)
			info, ok := finding.Lookup(c)
			switch {
			case !ok:
				return flaw(at, "there is no code %q", c)
			case c == finding.Unexplained:
				return flaw(at, "no scenario can be meant to stay unexplained")
			case s.Family == Controls && info.Severity != finding.Note:
				return flaw(at, "a control must not expect the %s %s", info.Severity, c)
			case slices.Contains(x.Findings[:j], c):
				return flaw(at, "%s is named twice", c)
			}
			for _, other := range x.Findings {
				if finding.Hides(other, c) {
					return flaw(at, "%s cannot be found beside %s, which hides it", c, other)
				}
			}
		}
	}
	return nil
}
