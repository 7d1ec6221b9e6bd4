// Package discover finds the settings that a mail domain publishes, as a mail program would: in
// DNS (RFC 6186, RFC 8314 section 5.1), in Thunderbird's autoconfig document, and in Outlook's
// autodiscover. It judges nothing, and it needs the domain alone: what stands before the @ of a
// mail address is never asked for and never sent, and a password neither.
//
// [Finder.Find] returns what each place says, and [Settings] the connections that follow from it, for
// a probe to look at.
package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/internal/guard"
)

const defaultTimeout = 5 * time.Second

// maxSettings bounds how many connections of one domain are looked at.
const maxSettings = 24

// A Finder looks. The zero value is ready, and safe for concurrent use.
type Finder struct {
	// Timeout bounds each question; zero means five seconds.
	Timeout time.Duration
	// Resolver answers about names; nil is the system's.
	Resolver *net.Resolver
	// Addresses says where to dial instead of asking DNS, as in account.Settings.
	Addresses map[string]string
	// Allow are addresses that a page of the domain may lead to although they are less public than
	// its web server.
	Allow []netip.Prefix
	// Proxy returns the proxy through which to fetch, nil for none; http.ProxyFromEnvironment is one.
	// Without it nothing is fetched through one.
	Proxy func(*http.Request) (*url.URL, error)
}

// A Source is one place where a domain may publish, and what was there.
type Source struct {
	// Place is a DNS name or an address of a page, without anything that is about a person.
	Place string `json:"place"`
	// Address is the IP address of the web server there, the most public if it has several; empty for
	// a DNS name.
	Address  string             `json:"address,omitempty"`
	Settings []account.Settings `json:"settings,omitempty"` // what it publishes
	// Error says why there is nothing; empty when there is.
	Error string `json:"error,omitempty"`
	// Unanswered says that this is because DNS gave no answer, which decides nothing.
	Unanswered bool `json:"unanswered,omitempty"`
	// Refused says that it is because the page leads where nobody may send this program.
	Refused bool `json:"refused,omitempty"`
}

// Find asks all places side by side, and keeps their order: DNS, autoconfig, autodiscover. The
// settings of each name their place as Published.
func (f *Finder) Find(ctx context.Context, domain string) []Source {
	return f.ask(ctx, f.records(domain), f.documents(domain))
}

// Documents asks the web servers of the domain alone, and no DNS for records.
func (f *Finder) Documents(ctx context.Context, domain string) []Source {
	return f.ask(ctx, nil, f.documents(domain))
}

func (f *Finder) ask(ctx context.Context, records []place, pages []page) []Source {
	ctx, cancel := context.WithTimeout(ctx, f.timeout())
	defer cancel()
	out := make([]Source, len(records)+len(pages))
	var wait sync.WaitGroup
	for i, p := range records {
		wait.Go(func() {
			settings, err := p.ask(ctx)
			out[i] = source(p.name, settings, err)
		})
	}
	hosts := f.resolve(ctx, pages)
	for i, p := range pages {
		wait.Go(func() {
			host := hosts[p.host]
			settings, err := []account.Settings(nil), host.err
			if err == nil {
				settings, err = f.document(ctx, p, publisher(hosts))
			}
			s := source(p.address, settings, err)
			s.Address = host.address()
			out[len(records)+i] = s
		})
	}
	wait.Wait()
	return out
}

// source says what came of asking at a place.
func source(name string, settings []account.Settings, err error) Source {
	out := Source{Place: name}
	if err != nil {
		out.Error, out.Unanswered = clip(err.Error()), unanswered(err)
		_, out.Refused = errors.AsType[*guard.Refusal](err)
		return out
	}
	for _, s := range settings {
		s.Published = name
		out.Settings = append(out.Settings, s)
	}
	return out
}

// unanswered reports whether DNS left a question open, in place of saying that there is no such name.
func unanswered(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && !dns.IsNotFound
}

// Settings returns what the sources say, each connection once, with the first that names it.
func Settings(sources []Source) []account.Settings {
	var out []account.Settings
	seen := map[string]bool{}
	for _, source := range sources {
		for _, s := range source.Settings {
			if key := s.String(); !seen[key] && len(out) < maxSettings {
				seen[key] = true
				out = append(out, s)
			}
		}
	}
	return out
}

// A place is somewhere to ask.
type place struct {
	name string
	ask  func(context.Context) ([]account.Settings, error)
}

// records are the SRV records of the six mail services.
func (f *Finder) records(domain string) []place {
	var out []place
	for _, e := range account.MailEndpoints() {
		service := string(e)
		out = append(out, place{"_" + service + "._tcp." + domain, func(ctx context.Context) ([]account.Settings, error) {
			return f.record(ctx, e, domain)
		}})
	}
	return out
}

func (f *Finder) record(ctx context.Context, e account.Endpoint, domain string) ([]account.Settings, error) {
	resolver := f.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	_, records, err := resolver.LookupSRV(ctx, string(e), "tcp", domain+".")
	if err != nil {
		if gone, ok := errors.AsType[*net.DNSError](err); ok && gone.IsNotFound {
			err = errors.New("there is no such record")
		}
		return nil, err
	}
	if len(records) == 0 {
		return nil, errors.New("there is no such record")
	}
	best := records[0] // the rest is for when it is down
	if best.Target == "." {
		return nil, errors.New("the domain says that it does not offer this service") // RFC 6186 section 3.4
	}
	s := account.For(e, strings.TrimSuffix(best.Target, "."))
	s.Port = int(best.Port)
	return []account.Settings{s}, check(s)
}

func (f *Finder) timeout() time.Duration {
	if f.Timeout > 0 {
		return f.Timeout
	}
	return defaultTimeout
}

// check refuses what can be no server: it came from a stranger, and will be dialled and printed.
func check(s account.Settings) error {
	if s.Port < 1 || s.Port > 65535 {
		return fmt.Errorf("%d is no port", s.Port)
	}
	return checkHost(s.Host)
}

func checkHost(host string) error {
	if account.CheckHost(host) != nil {
		return fmt.Errorf("%.60q is no server name", host)
	}
	return nil
}

// clip bounds what an error quotes of a server.
func clip(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
