package integration

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// TestServers breaks every server in every way, sees the right diagnosis on every port, carries
// out what the diagnosis chose as the remedy says it, and sees the server clean. Then it proves
// what holds of one server or the other.
func TestServers(t *testing.T) {
	needDocker(t)
	t.Parallel()
	for _, p := range Products() {
		t.Run(p.Name, func(t *testing.T) {
			if testing.Short() && !p.Short {
				t.Skip("not in the short run")
			}
			t.Parallel()
			s := newSubject(t, p)
			t.Run("sources", s.sources)
			for _, f := range faults() {
				t.Run(f.name, func(t *testing.T) {
					if testing.Short() && !f.short {
						t.Skip("not in the short run")
					}
					if why := f.not[p.Name]; why != "" {
						report.add(row{server: p.Name, fault: f.name, skipped: why})
						t.Skip(why)
					}
					s.loop(t, f)
				})
			}
			t.Run("roll-back", s.rollsBack)
			t.Run("hook", s.hooked)
			if p.BySelf {
				t.Run("renewed, loaded by itself", s.loadsBySelf)
			}
			if p.Procedures == remedy.Postfix {
				t.Run("the way before 3.4", s.legacy)
				t.Run("options of the admin's own", s.keepsOptions)
			}
		})
	}
}

// A chosen action is one that the diagnosis offers for a finding.
type chosen struct {
	action.Action
	why finding.Finding
	at  int // index of the endpoint; -1 for what the files offer, on all of them
}

// loop takes one fault round.
func (s *subject) loop(t *testing.T, f fault) {
	start, seen := time.Now(), &round{}
	defer func() { report.addRound(s, f, seen, time.Since(start)) }()
	s.heal(t)
	accounts, planted := s.plant(t, f)
	seen.accounts = accounts
	seen.before = s.expectFound(t, accounts, f)
	seen.in = s.inspect(t, accounts, f)
	seen.offered = seen.in.offers
	if len(seen.offered) == 0 {
		seen.offered = offers(accounts, seen.before)
	}
	s.cureOnDevice(t, accounts, f, seen.offered)
	s.cureOnServer(t, accounts, f, seen.offered, planted)
	seen.clean = true
}

// plant does what the fault says, and returns the account and what the CA issued last.
func (s *subject) plant(t *testing.T, f fault) ([]account.Settings, Pair) {
	t.Helper()
	host := f.host
	if host == "" {
		host = Host
	}
	pair, err := s.issue(Host, f.chain...)
	must(t, err)
	s.client = NewClient(s.ca) // it knows the intermediates that were made for this fault
	accounts := s.Endpoints(host)
	must(t, s.forgetLogs(t.Context()))
	switch {
	case f.account != nil:
		for i := range accounts {
			accounts[i] = f.account(accounts[i])
		}
		return accounts, s.healthy
	case f.host != "":
		return accounts, s.healthy
	case f.plant != nil:
		pair, err = f.plant(t.Context(), s, pair)
	default:
		pair, err = install(t.Context(), s, pair)
	}
	must(t, err)
	return accounts, pair
}

// expectFound looks until the wire shows what it must, and fails when it shows anything else.
func (s *subject) expectFound(t *testing.T, accounts []account.Settings, f fault) View {
	t.Helper()
	v := s.await(t.Context(), s.client, accounts, func(v View) bool { return v.shows(s.Product, f.wire) })
	for i, e := range v.Report.Endpoints {
		if got, want := sorted(finding.Codes(e.Findings)), sorted(f.wire.on(s.Product, e.Endpoint)); got != want || !e.Complete {
			t.Fatalf("%s: found %s, want %s (complete %v)\n%s", accounts[i], got, want, e.Complete, v.words())
		}
	}
	return v
}

func (v View) shows(p Product, w want) bool {
	for _, e := range v.Report.Endpoints {
		if sorted(finding.Codes(e.Findings)) != sorted(w.on(p, e.Endpoint)) {
			return false
		}
	}
	return true
}

// words says what a view shows, for a test that fails.
func (v View) words() string {
	var out strings.Builder
	for i, e := range v.Report.Endpoints {
		o := v.Survey.Observations[i]
		out.WriteString(string(e.Endpoint) + " " + string(o.Stage) + " " + string(o.Outcome) + ":")
		for _, f := range e.Findings {
			out.WriteString(" " + string(f.Code) + " (" + f.Summary + " " + strings.Join(f.Evidence, "; ") + ")")
		}
		out.WriteString("\n")
	}
	return out.String()
}

func sorted(codes []finding.Code) string {
	var words []string
	for _, c := range codes {
		words = append(words, string(c))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// offers returns every action that the diagnosis offers, endpoint by endpoint.
func offers(accounts []account.Settings, v View) []chosen {
	var out []chosen
	for i, e := range v.Report.Endpoints {
		for _, f := range e.Findings {
			for _, a := range remedy.Actions(f, accounts[i]) {
				out = append(out, chosen{Action: a, why: f, at: i})
			}
		}
	}
	return out
}

// chosenOn returns the kinds of action that were chosen for one endpoint, as the table has them.
func chosenOn(offered []chosen, endpoint int) string {
	var out []string
	for _, c := range offered {
		if (c.at < 0 || c.at == endpoint) && !slices.Contains(out, string(c.Kind)) {
			out = append(out, string(c.Kind))
		}
	}
	return strings.Join(out, ", ")
}

// kinds returns the kinds of what one party is offered, each once.
func kinds(offered []chosen, party action.Party) string {
	set := map[string]bool{}
	for _, c := range offered {
		if c.Party() == party {
			set[string(c.Kind)] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(set)), " ")
}

// cureOnDevice tries each action for the person with the device: it must be enough on its own.
func (s *subject) cureOnDevice(t *testing.T, accounts []account.Settings, f fault, offered []chosen) {
	t.Helper()
	if got := kinds(offered, action.User); got != f.device {
		t.Fatalf("the person with the device is offered %q, want %q", got, f.device)
	}
	for _, c := range offered {
		if c.Party() != action.User {
			continue
		}
		at := max(c.at, 0)
		set := onDevice(c.Action, accounts[at])
		clean := func(v View) bool { return v.clean() }
		if v := s.await(t.Context(), s.client, []account.Settings{set}, clean); !v.clean() {
			t.Fatalf("%s on %s is not enough: %s", c.Action, accounts[at], v.words())
		}
	}
}

// onDevice changes an account as a person would. The network here stands for one in which every
// name leads to the server.
func onDevice(a action.Action, set account.Settings) account.Settings {
	addresses := maps.Clone(set.Addresses)
	switch a.Kind {
	case action.UseHost:
		for target, address := range set.Addresses {
			addresses[strings.Replace(target, set.Host, a.Host, 1)] = address
		}
		set.Host = a.Host
	case action.UseServer:
		set.Port, set.Mode = a.Port, a.Mode
		if e, ok := account.EndpointOf(set.Endpoint.Protocol(), a.Mode); ok {
			set.Endpoint = e
		}
	case action.TrustRoot:
		set.Roots = append(slices.Clone(set.Roots), a.Certificate)
	}
	set.Addresses = addresses
	return set
}

// cureOnServer carries out what the admin is offered, each way of doing it once, and wants every
// port clean with the certificate that was meant.
func (s *subject) cureOnServer(t *testing.T, accounts []account.Settings, f fault, offered []chosen, now Pair) {
	t.Helper()
	if got, want := kinds(offered, action.Admin), f.cures(s.Product); got != want {
		t.Fatalf("the admin is offered %q, want %q", got, want)
	}
	var tasks []remedy.Task
	for _, c := range offered {
		task := f.task
		if task == "" {
			task, _ = remedy.TaskOf(c.Kind)
		}
		if c.Party() != action.Admin || slices.Contains(tasks, task) {
			continue // another port, or another word for the same deed
		}
		tasks = append(tasks, task)
		cure, err := s.CureFor(c.Action, c.why, now, s.ca, task)
		must(t, err)
		s.client = NewClient(s.ca)
		if c.Kind == action.DecryptKey {
			cure.Pair.Key = s.decrypted(t, c.why)
		}
		if v, err := s.Apply(t.Context(), s.client, accounts, cure); err != nil {
			t.Fatalf("%s: %v\n%s", c.Action, err, v.words())
		}
		proven.add(s.Procedures, task)
		good := func(v View) bool { return v.clean() && v.presents(cure.Pair.Fingerprint()) }
		if v := s.await(t.Context(), s.client, accounts, good); !good(v) {
			t.Fatalf("after %s: %s", c.Action, v.words())
		}
		if task == remedy.AddName {
			s.expectHealthy(t) // the name that was there before
		}
	}
	if len(tasks) > 1 {
		t.Fatalf("one cure is enough, and these were needed: %v", tasks)
	}
}
