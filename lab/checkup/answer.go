// Package checkup turns evidence into an Answer. Whatever the evidence was — a server, the servers
// of a domain, a survey that somebody saved, certificates in a file, what another program printed, a
// pair before its deployment, a log — there is one Answer, and every face only draws it.
//
// A Checkup looks, judges what it saw, and looks again where that would settle something. It prints
// nothing and knows no flags. What an Answer quotes may come from a stranger's server or file: it is
// bounded, and to be escaped before it is shown.
package checkup

import (
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/discover"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// Version is the version of the form of an Answer in JSON. It grows when a field changes its
// meaning or goes; new fields may come without.
const Version = 1

// A Verdict is what an Answer comes to.
type Verdict string

// The verdicts.
const (
	// OK says that something was judged and nothing is wrong: Judged says what. Warnings leave it.
	OK Verdict = "ok"
	// Fail says that some place has an error.
	Fail Verdict = "fail"
	// Unjudged says that what was given does not decide it: NotJudged says what is open.
	Unjudged Verdict = "unjudged"
)

// An Answer is what is said of some evidence.
type Answer struct {
	Version int     `json:"version"` // of this form
	Verdict Verdict `json:"verdict"`
	About   string  `json:"about"`          // what was asked about: a host, a domain, a file
	Host    string  `json:"host,omitempty"` // the name that certificates were judged for

	Judged    []string `json:"judged"`              // what the verdict rests on, a phrase each
	NotJudged []string `json:"notJudged,omitempty"` // what it leaves open, the same

	// Causes are the findings of all places, each code once, the gravest first.
	Causes []Cause `json:"causes,omitempty"`
	// Jobs are what has to be done, each once: the causes that one deed ends stand together.
	Jobs []Job `json:"jobs,omitempty"`

	Published []discover.Source `json:"published,omitempty"` // where settings were looked for, of a domain
	Places    []Place           `json:"endpoints"`           // where was looked, in the order of the evidence
	// Certificates are those that the places present, each once, in their order.
	Certificates []Certificate `json:"certificates,omitempty"`

	Problems []string `json:"problems,omitempty"` // what is wrong and has no code, a sentence each
	Read     []string `json:"read,omitempty"`     // what was understood of files, a sentence each
	NotRead  []string `json:"notRead,omitempty"`  // what was not, the same
	// Refused is what was neither fetched nor looked at, and why, a sentence each: a stranger named
	// it, and it is at an address that is less public than his own.
	Refused []string `json:"refused,omitempty"`
}

// Warned reports whether an Answer has warnings or worse, for whoever lets warnings fail.
func (a Answer) Warned() bool {
	for _, c := range a.Causes {
		if c.Severity != finding.Note {
			return true
		}
	}
	return a.Verdict == Fail
}

// Held reports whether something was left out because of where it leads: something was not fetched,
// or a place that a domain publishes was not looked at.
func (a Answer) Held() bool {
	for _, p := range a.Places {
		if p.held {
			return true
		}
	}
	return len(a.Refused) > 0
}

// A PlaceKind says what a place is. The list is closed.
type PlaceKind string

// The kinds of places.
const (
	Connection   PlaceKind = "connection"   // a port that was looked at
	Certificates PlaceKind = "certificates" // certificates in a file, as a server would send them
	Files        PlaceKind = "files"        // the server's own certificate and key
	Log          PlaceKind = "log"          // a server's log
	Transcript   PlaceKind = "transcript"   // what another program printed
)

// A Place is one thing that was looked at, and what was found there.
type Place struct {
	Kind     PlaceKind        `json:"kind"`
	Name     string           `json:"place"` // what to call it: "imaps (993)", "mail.log"
	Endpoint account.Endpoint `json:"endpoint,omitempty"`
	Target   string           `json:"target,omitempty"`  // host:port, of a connection
	Address  string           `json:"address,omitempty"` // the IP address and port that were dialled
	Verdict  Verdict          `json:"verdict"`
	// Absent says that a standard port was tried and the server does not offer it, which nobody
	// asked for: no verdict rests on it.
	Absent    bool     `json:"absent,omitempty"`
	Judged    []string `json:"judged,omitempty"`    // a phrase each
	NotJudged []string `json:"notJudged,omitempty"` // the same: why the verdict is unjudged, or what it does not rest on
	// Complete says that the findings explain everything that was seen.
	Complete bool              `json:"complete"`
	Findings []finding.Finding `json:"findings"` // in the order of the vocabulary
	// Certificate is the fingerprint of the leaf, for Answer.Certificates; empty where none was seen.
	Certificate string `json:"certificate,omitempty"`
	// Path is the chain as it was judged; nil where none was. Only a full answer has it.
	Path *chain.Path `json:"path,omitempty"`

	settings account.Settings
	greeting string // what the server said first
	problems []string
	held     bool // not looked at because of where it is
}

// A Cause is all that was found of one code.
type Cause struct {
	Code     finding.Code     `json:"code"`
	Title    string           `json:"title"`    // what the code says, in one line
	Severity finding.Severity `json:"severity"` // the gravest of its cases
	Cases    []Case           `json:"cases"`    // what was found of it, with the facts
	You      string           `json:"you"`      // what the person with the device does, in a sentence
	Admin    string           `json:"admin"`    // what the admin does, in a sentence
	// Deeds are the actions that would end it, each on its own enough.
	Deeds []Deed `json:"deeds,omitempty"`
	// Others are what else the words of a program may mean, the likeliest first. It is empty where the
	// fault itself was seen.
	Others []Other `json:"others,omitempty"`
	// Likely says that it is no more than the likeliest: the words may mean something else altogether.
	Likely bool `json:"likely,omitempty"`
	// Look is what would tell this from the others, to be pasted; empty where there are none.
	Look string `json:"look,omitempty"`
	// Advice has the steps for every platform and product. Only a full answer has it.
	Advice *remedy.Advice `json:"advice,omitempty"`
}

// A Case is one finding and the places that share it: mostly there is one for all ports.
type Case struct {
	Finding finding.Finding `json:"-"`       // as the places have it
	Summary string          `json:"summary"` // the finding's sentence
	Where   []string        `json:"where"`   // names of places

	settings account.Settings
	kind     PlaceKind
	greeting string
}

// An Other is another cause that the same words may have.
type Other struct {
	Code  finding.Code `json:"code"`
	Title string       `json:"title"` // what the code says, in one line
	Look  string       `json:"look"`  // what would tell whether it is this, to be pasted
}

// A Deed is one action and who does it.
type Deed struct {
	Action action.Action `json:"action"`
	Party  action.Party  `json:"party"` // who does it
	Words  string        `json:"words"` // "renew the certificate"
}

// A Job is one piece of work and all that it ends: three findings that one new certificate cures
// are one job.
type Job struct {
	Party action.Party   `json:"party"` // who does it
	Words string         `json:"words"` // what is to be done, in words that follow "please"
	Cures []finding.Code `json:"cures"` // the causes that it ends
	Deeds []Deed         `json:"-"`
}

// A Certificate is what is to be known of a leaf at a glance.
type Certificate struct {
	Fingerprint string    `json:"fingerprint"`     // SHA-256, lower-case hex
	Subject     string    `json:"subject"`         // its distinguished name
	Issuer      string    `json:"issuer"`          // that of its issuer
	Names       []string  `json:"names,omitempty"` // DNS names and IP addresses of the SAN, at most maxNames
	NotBefore   time.Time `json:"notBefore"`       // the first moment at which it is valid
	NotAfter    time.Time `json:"notAfter"`        // the last
	// Left is the share of the lifetime that is left, from 0 to 1, as of the day asked about.
	Left float64 `json:"lifetimeLeft"`
}

// Brief returns the answer without the long parts: the steps for each platform and product, and
// the certificates of the chain. What it says stays the same.
func (a Answer) Brief() Answer {
	causes, places := a.Causes, a.Places
	a.Causes, a.Places = make([]Cause, len(causes)), make([]Place, len(places))
	for i, c := range causes {
		c.Advice = nil
		a.Causes[i] = c
	}
	for i, p := range places {
		p.Path = nil
		a.Places[i] = p
	}
	if len(causes) == 0 {
		a.Causes = nil
	}
	return a
}
