package scenarios

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

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

// Bounds of what a scenario may say.
const (
	maxNumber = 3000 // fixed ports are ten for each number
	maxID     = 60
	maxText   = 2000
)

var (
	kebab    = regexp.MustCompile(kebabPattern)
	oneLine  = regexp.MustCompile(titlePattern)
	hostName = regexp.MustCompile(hostPattern)
)

// Check holds a scenario to what every one of the catalogue fulfils: it can be told, it says only
// what can be served, and it expects what can be found. The error is a *Flaw.
func (s Scenario) Check() error {
	switch {
	case s.Number == 0:
		return flaw("number", "it must be from 1 to %d, and is 0", maxNumber)
	case s.ID == "":
		return flaw("id", "there is none")
	case s.Family == "":
		return flaw("family", "there is none; it may be %s", join(Families()))
	case s.Title == "":
		return flaw("title", "there is none")
	case sentences(s.Story) != 2:
		return flaw("story", "a story has two sentences, and this one has %d", sentences(s.Story))
	case len(s.References) == 0:
		return flaw("references", "there is none; where is it written that this is a fault?")
	case s.Family != Controls && !s.broken():
		return flaw("services", "nothing is broken: a scenario that is no control says something of services, device or path")
	case !s.Expects():
		return flaw("expect", "nothing is expected: a scenario that is no control says what must be found")
	}
	return s.CheckFile()
}

// CheckFile holds a scenario to what one from a file fulfils: it may say nothing of what tells it
// and of what must be found, and what it says is right. The error is a *Flaw.
func (s Scenario) CheckFile() error {
	for _, check := range []func() error{s.checkLesson, s.Case.Check, s.checkControl} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (l Lesson) checkLesson() error {
	switch {
	case l.Number < 0 || l.Number > maxNumber:
		return flaw("number", "it must be from 1 to %d, and is %d", maxNumber, l.Number)
	case l.ID != "" && (!kebab.MatchString(l.ID) || len(l.ID) > maxID):
		return flaw("id", "it must be words in small letters with hyphens between them, such as expired-leaf, and at most %d characters", maxID)
	case l.Family != "" && !l.Family.Valid():
		return flaw("family", "there is no family %q; it may be %s", l.Family, join(Families()))
	case l.Title != "" && !oneLine.MatchString(l.Title) || utf8.RuneCountInString(l.Title) > maxText:
		return flaw("title", "a title is one line without a full stop")
	case utf8.RuneCountInString(l.Story) > maxText:
		return flaw("story", "it has more than %d characters", maxText)
	}
	return nil
}

// Check holds a case to what can be served and found. The error is a *Flaw.
func (c Case) Check() error {
	for _, check := range []func() error{c.checkPlace, c.checkEndpoints, c.checkServices, c.checkDevice, c.checkExpectations} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c Case) checkPlace() error {
	switch {
	case c.Host != "" && !hostName.MatchString(c.Host) || len(c.Host) > account.MaxHost:
		return flaw("host", "it is no host name")
	case c.OpenSSL < 0:
		return flaw("openssl", "it must be a code of openssl verify, and is %d", c.OpenSSL)
	case c.Path != account.Direct && !c.Path.Valid():
		return flaw("path", "there is no path %q in the lab", c.Path)
	}
	for i, sentence := range c.NotCloned {
		if utf8.RuneCountInString(sentence) > maxText {
			return flaw(fmt.Sprintf("notCloned[%d]", i), "it has more than %d characters", maxText)
		}
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

func (c Case) checkEndpoints() error {
	if err := checkOn("endpoints", c.Endpoints, account.Endpoints()); err != nil {
		return err
	}
	for i, service := range c.Services {
		if err := checkOn(fmt.Sprintf("services[%d].on", i), service.On, account.Endpoints()); err != nil {
			return err
		}
		if !slices.ContainsFunc(c.On(), func(e account.Endpoint) bool { return c.chosen(e) == i }) {
			return flaw(fmt.Sprintf("services[%d]", i), "it is served nowhere: no endpoint that the scenario runs on is left for it")
		}
	}
	return nil
}

// chosen returns the place of the service that an endpoint has, -1 when it is the healthy one.
func (c Case) chosen(e account.Endpoint) int {
	return slices.IndexFunc(c.Services, func(s Service) bool { return len(s.On) == 0 || slices.Contains(s.On, e) })
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

func (c Case) checkServices() error {
	for i, service := range c.Services {
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
	if field, err := certs.CheckOutline(service.Outline); err != nil {
		return &Flaw{at + "outline." + field, err}
	}
	all := chains(service)
	for _, field := range slices.Sorted(maps.Keys(all)) {
		if n, err := certs.CheckChain(service.Outline, all[field]); err != nil {
			return &Flaw{fmt.Sprintf("%s%s[%d]", at, field, n), err}
		}
	}
	return nil
}

// chains returns every chain of a service by its field.
func chains(service Service) map[string][]certs.Fault {
	out := map[string][]certs.Fault{"chain": service.Chain, "nameless": service.Nameless}
	for i, faults := range service.Backends {
		out[fmt.Sprintf("backends[%d]", i)] = faults
	}
	return out
}

// wireFlaw moves the field that a plan's error begins with into the path.
func wireFlaw(path string, err error) error {
	if field, rest, ok := strings.Cut(err.Error(), ": "); ok && !strings.Contains(field, " ") {
		return &Flaw{path + "." + field, errors.New(rest)}
	}
	return &Flaw{path, err}
}

func (c Case) checkDevice() error {
	switch {
	case c.Device.Mode != "" && !c.Device.Mode.Valid():
		return flaw("device.mode", "there is no mode %q; it may be tls, starttls or plaintext", c.Device.Mode)
	case c.Device.MaxVersion != 0 && (c.Device.MaxVersion <= oldest || c.Device.MaxVersion > newest):
		return flaw("device.maxVersion", "it must be 769 to 772, for TLS 1.0 to 1.3, and is %d", c.Device.MaxVersion)
	case len(c.Device.Password) > maxText:
		return flaw("device.password", "it has %d bytes, and %d are the most", len(c.Device.Password), maxText)
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

func (c Case) checkExpectations() error {
	for i, x := range c.Expect {
		if err := checkOn(fmt.Sprintf("expect[%d].on", i), x.On, c.On()); err != nil {
			return err
		}
		for j, code := range x.Findings {
			at := fmt.Sprintf("expect[%d].findings[%d]", i, j)
			_, ok := finding.Lookup(code)
			switch {
			case !ok:
				return flaw(at, "there is no code %q", code)
			case code == finding.Unexplained:
				return flaw(at, "no scenario can be meant to stay unexplained")
			case slices.Contains(x.Findings[:j], code):
				return flaw(at, "%s is named twice", code)
			}
			for _, other := range x.Findings {
				if finding.Folds(other, code) || finding.Hides(other, code) && !finding.EndsInside(other) {
					return flaw(at, "%s cannot be found beside %s, which hides it", code, other)
				}
			}
		}
	}
	return nil
}

// checkControl refuses a control that expects more than notes.
func (s Scenario) checkControl() error {
	for i, x := range s.Expect {
		for j, code := range x.Findings {
			if info, _ := finding.Lookup(code); s.Family == Controls && info.Severity != finding.Note {
				return flaw(fmt.Sprintf("expect[%d].findings[%d]", i, j), "a control must not expect the %s %s", info.Severity, code)
			}
		}
	}
	return nil
}
