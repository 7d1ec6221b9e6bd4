package clone

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// ErrBrief is about an answer that leaves out the certificates.
var ErrBrief = errors.New("the certificates are not in it")

// An answer is what of a diagnosis in JSON can be cloned.
type answer struct {
	Host   string        `json:"host"`
	Places []answerPlace `json:"endpoints"`
}

type answerPlace struct {
	Kind        string            `json:"kind"`
	Endpoint    account.Endpoint  `json:"endpoint"`
	Target      string            `json:"target"`
	Findings    []finding.Finding `json:"findings"`
	Certificate string            `json:"certificate"`
	Path        *chain.Path       `json:"path"`
}

// Answer returns a scenario that serves what a diagnosis in JSON tells. It does not tell when it was
// made: at is taken for that.
func Answer(data []byte, at time.Time, o Options) (scenarios.Scenario, error) {
	var a answer
	if err := (bound.Shape{Bytes: 8 << 20, Depth: 24, Objects: 20_000, Values: 200_000}).JSON(data); err != nil {
		return scenarios.Scenario{}, fmt.Errorf("it is no answer of a diagnosis: %w", err)
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return scenarios.Scenario{}, fmt.Errorf("it is no answer of a diagnosis: %w", err)
	}
	if len(a.Places) == 0 {
		return scenarios.Scenario{}, errors.New("it is no answer of a diagnosis, or nothing was looked at")
	}
	var s probe.Survey
	var judged []Judged
	for i, p := range a.Places {
		if err := p.check(); err != nil {
			return scenarios.Scenario{}, fmt.Errorf("it is no answer of a diagnosis: place %d: %w", i+1, err)
		}
		if p.Kind != "connection" && len(a.Places) > 1 {
			continue
		}
		obs := p.observation(a.Host, at)
		if err := account.CheckHost(obs.Settings.Host); err != nil {
			return scenarios.Scenario{}, fmt.Errorf("it is no answer of a diagnosis: the host: %w", err)
		}
		s.Observations, judged = append(s.Observations, obs), append(judged, Judged{p.Findings, p.Path})
	}
	b := &builder{options: o, survey: s}
	b.note("An answer does not say when it was made, nor in which order certificates were sent, nor all of what was seen before them: dates are counted from %s, and the rest follows from what was found.", at.UTC().Format("2 January 2006"))
	return b.clone(s, judged)
}

func (p answerPlace) check() error {
	if p.Endpoint != "" && !p.Endpoint.Valid() {
		return errors.New("there is no such endpoint")
	}
	for _, f := range p.Findings {
		if err := f.Check(); err != nil {
			return err
		}
	}
	if p.Path == nil && p.Certificate != "" {
		return ErrBrief
	}
	const most = 100
	if p.Path != nil && (len(p.Path.Certificates)+len(p.Path.Beside) > most || len(p.Path.Links) > most) {
		return fmt.Errorf("its path has more than %d certificates", most)
	}
	return nil
}

// observation is what must have been seen for a place to be told so.
func (p answerPlace) observation(host string, at time.Time) probe.Observation {
	e := p.Endpoint
	if e == "" {
		e = account.IMAPS
	}
	target, port, err := net.SplitHostPort(p.Target)
	if err == nil {
		host = target
	}
	if host == "" {
		host = scenarios.DefaultHost
		if sent := p.sent(); len(sent) > 0 {
			host = hostIn(sent[0])
		}
	}
	set := account.For(e, host)
	if n, err := strconv.Atoi(port); err == nil && n > 0 && n < 1<<16 {
		set.Port = n
	}
	o := probe.Observation{Settings: set, Listed: true, At: at, Stage: probe.Done, Outcome: probe.Fine}
	if sent := p.sent(); len(sent) > 0 {
		o.TLS = &probe.TLS{Chain: sent, Complete: true}
	}
	return o
}

// sent returns the certificates that were sent: the leaf first, the others turned round where they came
// in another order than they belong in.
func (p answerPlace) sent() [][]byte {
	if p.Path == nil {
		return nil
	}
	var out [][]byte
	for _, c := range slices.Concat(p.Path.Certificates, p.Path.Beside) {
		if c.Sent {
			out = append(out, c.DER)
		}
	}
	if len(out) > 2 && slices.ContainsFunc(p.Findings, func(f finding.Finding) bool { return f.Code == finding.ChainOrder }) {
		rest := out[1 : len(out)-len(p.Path.Beside)]
		slices.Reverse(rest)
	}
	return out
}
