// Package probe looks at one mail connection, or at all of an account, and writes down what it
// saw. It verifies nothing and judges nothing, so that it sees as much of a broken server as of
// a healthy one. Every read is bounded in size and in time.
//
// [Prober.Look] looks at one connection and returns an [Observation], [Prober.Survey] at several and
// returns a [Survey], which can be saved and judged on another desk. Package diagnose judges both;
// package checkup does all of it in one call.
package probe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/internal/guard"
)

const (
	defaultTimeout = 5 * time.Second
	// A look has seven stages, each with its own limit; the whole is held to this many, so that
	// a server that uses up each of them does not get all of them.
	stepsPerLook = 6
	// maxRepeats bounds how often one connection is looked at for one Ask.
	maxRepeats = 10
)

// A Prober makes looks. The zero value is ready, and safe for concurrent use.
type Prober struct {
	// Timeout bounds each step: the look-up, each connect, the greeting, each answer, the
	// handshake, the first read. Zero means five seconds; a whole look takes at most six times it.
	Timeout time.Duration
	// Dial connects, when set, instead of a net.Dialer; it is then given the name as it is, and
	// resolves it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// DNS is the server to ask for names, "address:port"; empty means those of the system.
	DNS string
	// Now is the device's clock where the settings bring none; nil means time.Now.
	Now func() time.Time
	// NoFetch answers each FetchIssuer, FetchCRL and FetchOCSP with an error sentence, and fetches
	// nothing.
	NoFetch bool
	// Allow are addresses that a stranger may name although nobody else could reach them there: what
	// a certificate names, or a domain publishes, is otherwise looked for only at addresses no less
	// public than the server that names it.
	Allow []netip.Prefix
	// Proxy returns the proxy through which to fetch, nil for none; http.ProxyFromEnvironment is one.
	// Without it nothing is fetched through one. Connections to mail servers never are.
	Proxy func(*http.Request) (*url.URL, error)

	publisher *guard.Guard // of what is looked at; nil where somebody named it by hand
}

// Published returns a prober for servers that a stranger published, such as a domain in its SRV
// records. by is the address of his own server; one that is not valid counts as public. They are
// dialled only at addresses no less public, and on ports for mail or the web where that is public.
func (p *Prober) Published(by netip.Addr) *Prober {
	out := *p
	out.publisher = &guard.Guard{From: guard.Most(by.String()), Allow: p.Allow, Mail: true}
	return &out
}

// Open looks at s and leaves the connection open if nothing was wrong on the way. The session
// is never nil: what happened is in its Observation. Close it.
func (p *Prober) Open(ctx context.Context, s account.Settings) *Session {
	ses := p.session(s)
	ses.run(ctx)
	if unreadable(ses.obs) {
		ses.readFromRecords(ctx)
	}
	return ses
}

// Look opens and closes.
func (p *Prober) Look(ctx context.Context, s account.Settings) Observation {
	ses := p.Open(ctx, s)
	defer ses.Close()
	return ses.Observation()
}

// Survey looks at all settings side by side and keeps their order. listed says whether an
// account asked for them.
func (p *Prober) Survey(ctx context.Context, all []account.Settings, listed bool) Survey {
	out := Survey{Observations: make([]Observation, len(all))}
	sideBySide(len(all), func(i int) {
		out.Observations[i] = p.Look(ctx, all[i])
		out.Observations[i].Listed = listed
	})
	return out
}

// Answer does what the asks want, side by side, and keeps their order.
func (p *Prober) Answer(ctx context.Context, asks []Ask) []Further {
	out := make([]Further, len(asks))
	sideBySide(len(asks), func(i int) {
		out[i].Ask = asks[i]
		switch asks[i].Kind {
		case Look, LookAgain:
			o := p.Look(ctx, asks[i].Settings)
			o.Listed = false
			out[i].Observation = &o
		case Repeat:
			out[i].Repeats = p.repeat(ctx, asks[i])
		case Offer:
			if len(asks[i].Suites) == 0 || asks[i].Settings.Mode == account.Plaintext {
				out[i].Error = "there is nothing to offer"
				return
			}
			o := p.offer(ctx, asks[i])
			out[i].Observation = &o
		case FetchIssuer:
			der, err := p.fetchIssuer(ctx, asks[i])
			out[i].Certificate = der
			out[i].failed(err)
		case FetchCRL, FetchOCSP:
			der, err := p.fetchRevocation(ctx, asks[i])
			out[i].Response = der
			out[i].failed(err)
		default:
			out[i].Error = "nobody knows how to do this: " + clip(string(asks[i].Kind), maxError)
		}
	})
	return out
}

// repeat looks several times, one after the other. A server that uses up the time of each look gets
// that of a third of them: with three the whole is no longer than one look may be.
func (p *Prober) repeat(ctx context.Context, a Ask) []Observation {
	count := min(max(a.Count, 0), maxRepeats)
	ctx, cancel := context.WithTimeout(ctx, time.Duration((count+2)/3)*p.Longest())
	defer cancel()
	var out []Observation
	for range count {
		o := p.Look(ctx, a.Settings)
		if ctx.Err() != nil {
			break // it was cut off by this limit, and says nothing of the server
		}
		o.Listed = false
		out = append(out, o)
	}
	return out
}

// failed notes why nothing was fetched.
func (f *Further) failed(err error) {
	if err != nil {
		f.Error, f.NotTried = clip(err.Error(), maxError), errors.Is(err, errNoFetch)
		_, f.Refused = errors.AsType[*guard.Refusal](err)
	}
}

func sideBySide(n int, do func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

// Longest returns how long one look takes at most, and a round of Answer that repeats nothing.
func (p *Prober) Longest() time.Duration { return stepsPerLook * p.timeout() }

func (p *Prober) timeout() time.Duration {
	if p.Timeout > 0 {
		return p.Timeout
	}
	return defaultTimeout
}

func (p *Prober) at(s account.Settings) time.Time {
	if !s.Clock.IsZero() {
		return s.Clock
	}
	now := time.Now
	if p.Now != nil {
		now = p.Now
	}
	return now().UTC().Round(0) // without the monotonic clock, which JSON does not keep
}
