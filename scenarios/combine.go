package scenarios

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A CombineError says why scenarios cannot be one server.
type CombineError struct{ What, Why string }

func (e *CombineError) Error() string {
	return fmt.Sprintf("%s cannot be one server: %s", e.What, e.Why)
}

// Combine returns one scenario with what is wrong in all of them. It has no number. Where their
// faults have nothing to do with each other, it expects what each of them expects, less what one
// hides of another; else it expects nothing, as it takes a look to know. What contradicts itself is
// a *CombineError.
func Combine(all ...Scenario) (Scenario, error) {
	out := all[0]
	for _, s := range all[1:] {
		next, err := combineTwo(out, s)
		if err != nil {
			return Scenario{}, err
		}
		out = next
	}
	return out, nil
}

func combineTwo(a, b Scenario) (Scenario, error) {
	id := a.ID + "+" + b.ID
	fail := func(format string, args ...any) (Scenario, error) {
		return Scenario{}, &CombineError{id, fmt.Sprintf(format, args...)}
	}
	out := Scenario{Lesson: Lesson{
		ID: id, Family: LifeCycle, Title: a.Title + "; " + lowerFirst(b.Title), Story: a.Story + " " + b.Story,
		References: union(a.References, b.References),
	}}
	if a.Family == Controls && b.Family == Controls {
		out.Family = Controls
	}
	var on []account.Endpoint
	for _, e := range a.On() {
		if slices.Contains(b.On(), e) {
			on = append(on, e)
		}
	}
	if len(on) == 0 {
		return fail("there is no endpoint that both run on")
	}
	if len(on) < len(account.Endpoints()) {
		out.Endpoints = on
	}
	for _, field := range []string{"Host", "Device", "DNS", "Path"} {
		target := reflect.ValueOf(&out.Case).Elem().FieldByName(field)
		if clash := merge(target, reflect.ValueOf(a.Case).FieldByName(field), reflect.ValueOf(b.Case).FieldByName(field)); clash != noClash {
			return fail("both say something of %s", strings.TrimSuffix(strings.ToLower(field[:1])+field[1:]+"."+clash, "."))
		}
	}
	for _, e := range on {
		service, err := combineServices(a.Service(e), b.Service(e))
		if err != nil {
			return fail("on %s %v", e, err)
		}
		service.On = []account.Endpoint{e}
		out.Services = append(out.Services, service)
	}
	out.Services = together(out.Services)
	if err := out.build(); err != nil {
		return fail("%v", err)
	}
	if a.Expects() && b.Expects() && independent(a.Case, b.Case) {
		out.Expect = combineExpectations(a, b, on)
	}
	return out, nil
}

// combineServices returns a server with what is wrong in both.
func combineServices(a, b Service) (Service, error) {
	var out Service
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Service]()) {
		switch field.Name {
		case "On", "Chain", "Nameless", "Backends":
			continue
		}
		of := func(s Service) reflect.Value { return reflect.ValueOf(s).FieldByIndex(field.Index) }
		if clash := merge(reflect.ValueOf(&out).Elem().FieldByIndex(field.Index), of(a), of(b)); clash != noClash {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			return out, fmt.Errorf("both say something of %s", strings.TrimSuffix(name+"."+clash, "."))
		}
	}
	var err error
	if out.Chain, err = combineFaults(a.Chain, b.Chain); err != nil {
		return out, err
	}
	if len(a.Backends) > 0 && len(b.Backends) > 0 || len(a.Nameless) > 0 && len(b.Nameless) > 0 {
		return out, errors.New("both say something of a second certificate")
	}
	// A second certificate has what is wrong with the first one of the other scenario.
	for _, two := range [][2]Service{{a, b}, {b, a}} {
		if len(two[0].Nameless) > 0 {
			if out.Nameless, err = combineFaults(two[0].Nameless, two[1].Chain); err != nil {
				return out, err
			}
		}
		for _, backend := range two[0].Backends {
			faults, err := combineFaults(backend, two[1].Chain)
			if err != nil {
				return out, err
			}
			out.Backends = append(out.Backends, faults)
		}
	}
	return out, nil
}

// combineFaults puts the faults of two chains on one, in the order that works.
func combineFaults(a, b []certs.Fault) ([]certs.Fault, error) {
	_, err := certs.CheckFaults(slices.Concat(a, b))
	if err == nil {
		return slices.Concat(a, b), nil
	}
	if _, other := certs.CheckFaults(slices.Concat(b, a)); other == nil {
		return slices.Concat(b, a), nil
	}
	return nil, err
}

// noClash is what merge returns when all went well.
const noClash = "-"

// merge sets target to what a and b say together. It returns the field of which both say something
// different, "" for the value itself.
func merge(target, a, b reflect.Value) (clash string) {
	switch {
	case b.IsZero() || reflect.DeepEqual(a.Interface(), b.Interface()):
		target.Set(a)
	case a.IsZero():
		target.Set(b)
	case a.Kind() == reflect.Struct:
		for i := range a.NumField() {
			if clash := merge(target.Field(i), a.Field(i), b.Field(i)); clash != noClash {
				name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("json"), ",")
				return strings.TrimSuffix(name+"."+clash, ".")
			}
		}
	default:
		return ""
	}
	return noClash
}

// together writes endpoints with the same service as one, and as every one where there is no other.
func together(services []Service) []Service {
	var out []Service
	for _, s := range services {
		alike := func(o Service) bool {
			o.On = s.On
			return reflect.DeepEqual(o, s)
		}
		if i := slices.IndexFunc(out, alike); i >= 0 {
			out[i].On = append(out[i].On, s.On...)
			continue
		}
		out = append(out, s)
	}
	if len(out) == 1 {
		out[0].On = nil
	}
	return out
}

// build tries whether the certificates can be made.
func (c Case) build() error {
	a, err := certs.NewAuthority(certs.Options{Permit: c.Hosts()})
	if err != nil {
		return err
	}
	for _, s := range c.Services {
		for _, faults := range chains(s) {
			if _, err := a.Build(certs.Spec{Host: c.Host, Faults: faults, Outline: s.Outline}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Hosts returns the names for which a CA of the lab must be allowed to issue, so that the faults of
// the case are all that is wrong: those of its own that are not the lab's anyway.
func (c Case) Hosts() []string {
	all := []string{c.AccountHost()}
	for _, f := range c.faults() {
		if f.Kind == certs.Names().Kind || f.Kind == certs.ULabel().Kind {
			all = append(all, f.Names...)
		}
	}
	for _, service := range c.Services {
		all = append(all, service.Outline.Certifiable()...)
	}
	var out []string
	for _, h := range all {
		h = strings.TrimPrefix(h, "*.")
		if !ownName(h) && !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	return out
}

// ownName reports whether the lab's root may certify a name in any case.
func ownName(h string) bool {
	if ip := net.ParseIP(h); ip != nil {
		return ip.IsLoopback()
	}
	h = strings.ToLower(h)
	return h == "localhost" || h == "test" || strings.HasSuffix(h, ".test")
}

// independent reports whether what is found of two cases together is what is found of each: nothing
// but certificates is wrong, one of them changes only what a leaf says of itself, they do not both
// change its names, and what its CA says of it later is left alone.
func independent(a, b Case) bool {
	return a.certificatesOnly() && b.certificatesOnly() && (a.has(only, ofLeaf) || b.has(only, ofLeaf)) &&
		!(a.has(some, ofNames) && b.has(some, ofNames)) && !a.has(some, ofRevocation) && !b.has(some, ofRevocation)
}

// certificatesOnly reports whether nothing but certificates is wrong, one for all clients.
func (c Case) certificatesOnly() bool {
	return c.Device == (Device{}) && c.DNS == (DNS{}) && c.Path == account.Direct && !slices.ContainsFunc(c.Services, func(s Service) bool {
		s.On, s.Chain = nil, nil
		return !reflect.ValueOf(s).IsZero()
	})
}

const (
	only = true  // all faults are of that kind
	some = false // at least one is
)

// has reports whether all faults of certificates, or some, are as is says.
func (c Case) has(all bool, is func(certs.Fault) bool) bool {
	for _, f := range c.faults() {
		if is(f) != all {
			return !all
		}
	}
	return all
}

// ofLeaf reports whether a fault changes one thing that a leaf says of itself.
func ofLeaf(f certs.Fault) bool {
	return f.On == certs.Leaf && like(f, certs.Expired(f.On, 1), certs.NotYetValid(f.On, 1), certs.ExpiresIn(1), certs.ExtKeyUsage(), certs.KeyUsage(), certs.CriticalExtension()) ||
		like(f, certs.Names(), certs.CommonName(""))
}

// ofNames reports whether a fault is about names.
func ofNames(f certs.Fault) bool {
	return like(f, certs.Names(), certs.CommonName(""), certs.NoSAN(), certs.ULabel(), certs.NameConstraint())
}

// ofRevocation reports whether a fault is about a CA's later word.
func ofRevocation(f certs.Fault) bool {
	return like(f, certs.CRL(""), certs.OCSP(""), certs.MustStaple(), certs.Staple(""))
}

func like(f certs.Fault, kinds ...certs.Fault) bool {
	return slices.ContainsFunc(kinds, func(k certs.Fault) bool { return k.Kind == f.Kind })
}

// combineExpectations returns what must be found of both, and is not hidden.
func combineExpectations(a, b Scenario, on []account.Endpoint) []Expectation {
	var out []Expectation
	for _, e := range on {
		all := union(a.Expected(e), b.Expected(e))
		seen := []finding.Code{}
		for _, c := range all {
			if finding.Visible(c, all) {
				seen = append(seen, c)
			}
		}
		if i := slices.IndexFunc(out, func(x Expectation) bool { return slices.Equal(x.Findings, seen) }); i >= 0 {
			out[i].On = append(out[i].On, e)
			continue
		}
		out = append(out, Expectation{On: []account.Endpoint{e}, Findings: seen})
	}
	if len(out) == 1 {
		out[0].On = nil
	}
	return out
}

// union returns the entries of both, each once.
func union[T comparable](a, b []T) []T {
	out := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// lowerFirst is for a title behind another one.
func lowerFirst(s string) string {
	if rest, ok := strings.CutPrefix(s, "The "); ok {
		return "the " + rest
	}
	if rest, ok := strings.CutPrefix(s, "A "); ok {
		return "a " + rest
	}
	return s
}
