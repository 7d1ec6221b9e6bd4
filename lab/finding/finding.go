// Package finding is the closed vocabulary of diagnoses, and the Finding value that carries one.
//
// A Code is never renamed and never reused; retired ones stay reserved. The comment of each says
// what it means, and gives an example; its row in the table says how severe it is and by whose rule,
// and what it hides. What a finding says beside its code and its sentences are values of closed
// lists too: details, edits, products, origins.
package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// A Code names one diagnosis, in kebab-case.
type Code string

// A Severity says whether a current mainstream mail client minds.
type Severity string

// The severities. The exit status of a diagnosis is 1 for errors, and for warnings when asked.
const (
	Error   Severity = "error"   // at least one named current mainstream client refuses
	Warning Severity = "warning" // works today, in most clients; will not stay so, or not everywhere
	Note    Severity = "note"    // worth knowing, nothing to cure
)

// A Family groups codes by what has to be looked at.
type Family string

// The families, in the order in which a connection meets them.
const (
	Network    Family = "network"    // before the server says anything
	Service    Family = "service"    // what the port speaks, and when TLS begins
	Protocol   Family = "protocol"   // the TLS handshake itself
	Trust      Family = "trust"      // the chain and who signed it
	Names      Family = "names"      // whom the certificate is for
	Time       Family = "time"       // when it is valid
	Keys       Family = "keys"       // keys and signatures
	Usage      Family = "usage"      // what the certificate may be used for
	Revocation Family = "revocation" // whether the CA has withdrawn it
	History    Family = "history"    // what changed between one look and another
	Account    Family = "account"    // the login
	Unclear    Family = "unclear"    // nothing in the vocabulary explains it
)

// A Stage is how far a connection must get before a code can be seen. A code that Blocks makes
// everything of a later stage invisible.
type Stage int

// The stages, in order.
const (
	Connecting  Stage = iota // name resolution, TCP, path
	Greeting                 // the plaintext part, up to STARTTLS
	Handshaking              // versions, ciphers, alerts
	Certifying               // the certificate, once it has been seen
	LoggingIn                // after a clean handshake
)

// Info is what the vocabulary says about a code.
type Info struct {
	Code     Code
	Family   Family
	Severity Severity
	Basis    string // whose rule makes it that severe: a named client or a specification
	Title    string // one line, no full stop
	Stage    Stage
	Blocks   bool   // hides every code of a later stage
	Causes   []Code // codes that are only consequences of this one, and are folded into it
	Masks    []Code // codes of the same stage that cannot be seen while this one holds
	RFC8460  string // the matching TLSRPT result type, by analogy: that RFC speaks of server to server
}

// A Finding is one diagnosis of one connection.
type Finding struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	// Summary says what is wrong in one sentence, with the facts of this case. It may quote the
	// server: escape it before printing.
	Summary string `json:"summary"`
	// Evidence says how we know, a sentence each. It may quote the server.
	Evidence []string `json:"evidence,omitempty"`
	// Facts are the parameters that a remedy needs.
	Facts Facts `json:"facts,omitzero"`
	// Counterfactual is the smallest change under which this fault is gone.
	Counterfactual *Counterfactual `json:"counterfactual,omitempty"`
	// Others are what else the same words of a program may mean, the likeliest first. They are never
	// set by who saw the connection himself.
	Others []Code `json:"others,omitempty"`
}

// Facts are the parameters of a finding. Only those that its code speaks of are set.
type Facts struct {
	Host        string           `json:"host,omitempty"`        // the name the account uses
	Names       []string         `json:"names,omitempty"`       // names the certificate is for
	About       Pointer          `json:"about,omitzero"`        // the certificate at fault
	Subject     string           `json:"subject,omitempty"`     // what to call it in a sentence
	Issuer      string           `json:"issuer,omitempty"`      // what to call its issuer
	Certificate []byte           `json:"certificate,omitempty"` // DER of a certificate that is needed
	Fingerprint string           `json:"fingerprint,omitempty"` // SHA-256 of a leaf that is wanted, lower-case hex
	At          time.Time        `json:"at,omitzero"`           // the date that matters
	Port        int              `json:"port,omitempty"`        // a port that would work
	Mode        account.Mode     `json:"mode,omitempty"`        // the mode that goes with it
	Beside      int              `json:"beside,omitempty"`      // a port of the same host that sends the right certificate, or the one that is missing
	Speaks      account.Protocol `json:"speaks,omitempty"`      // what the port speaks: a protocol, or PlainHTTP
	Text        string           `json:"text,omitempty"`        // the server's own words
	Alert       uint8            `json:"alert,omitempty"`       // the TLS alert that it sent: RFC 8446 section 6
	Version     string           `json:"version,omitempty"`     // a TLS version, as crypto/tls calls it, or "SSL 3.0"
	Product     Product          `json:"product,omitempty"`     // whose words they are
	Address     string           `json:"address,omitempty"`     // the IP address and port that fail
	IPFamily    IPFamily         `json:"ipFamily,omitempty"`    // the kind of address that this is
	Reason      Reason           `json:"reason,omitempty"`      // why the CA revoked the certificate
	Cause       Code             `json:"cause,omitempty"`       // what is wrong beneath, where the code says only when or where
	Detail      Detail           `json:"detail,omitempty"`      // a case of the code, or of Cause: see Details
}

// PlainHTTP is what a port speaks where a web server answers without TLS, which no account has.
const PlainHTTP account.Protocol = "http"

// A Counterfactual is an edit of the evidence: with it, this fault and no other is gone.
type Counterfactual struct {
	Edit Edit   `json:"edit"`
	Text string `json:"text"` // the same as a sentence
}

// Check returns an error that names the first value of f that is in none of the closed lists. A
// finding that came from somewhere else than the judges may have one.
func (f Finding) Check() error {
	_, known := Lookup(f.Code)
	_, cause := Lookup(f.Facts.Cause)
	facts, about := f.Facts, f.Facts.About
	details := append(Details(f.Code), Details(facts.Cause)...)
	switch {
	case !known:
		return fmt.Errorf("there is no code %q", f.Code)
	case !slices.Contains([]Severity{Error, Warning, Note}, f.Severity):
		return fmt.Errorf("%s: there is no severity %q", f.Code, f.Severity)
	case facts.Cause != "" && !cause:
		return fmt.Errorf("%s: there is no code %q that could be its cause", f.Code, facts.Cause)
	case !among(facts.Detail, details):
		return fmt.Errorf("%s: it has no detail %q", f.Code, facts.Detail)
	case f.Counterfactual != nil && !slices.Contains(Edits(), f.Counterfactual.Edit):
		return fmt.Errorf("%s: there is no edit %q", f.Code, f.Counterfactual.Edit)
	case facts.Mode != "" && !facts.Mode.Valid():
		return fmt.Errorf("%s: there is no mode %q", f.Code, facts.Mode)
	case facts.Speaks != "" && facts.Speaks != PlainHTTP && !facts.Speaks.Valid():
		return fmt.Errorf("%s: there is no protocol %q", f.Code, facts.Speaks)
	case slices.ContainsFunc(f.Others, func(c Code) bool { _, ok := Lookup(c); return !ok }):
		return fmt.Errorf("%s: one of %v is no code", f.Code, f.Others)
	case !among(facts.Product, Products()), !among(facts.IPFamily, IPFamilies()), !among(facts.Reason, Reasons()):
		return fmt.Errorf("%s: there is no product %q, family of addresses %q or reason %q", f.Code, facts.Product, facts.IPFamily, facts.Reason)
	case about.IsZero():
		return nil
	case !slices.Contains(Origins(), about.From), !slices.Contains(Roles(), about.Role), len(about.Fingerprint) != hex.EncodedLen(sha256.Size),
		(about.Position > 0) == (about.From == Known):
		return fmt.Errorf("%s: %+v points at no certificate", f.Code, about)
	}
	return nil
}

// New returns a finding of the given code with the vocabulary's severity.
// It panics on a code that the vocabulary does not hold: that is a defect of the caller.
func New(c Code, summary string) Finding {
	info, ok := Lookup(c)
	if !ok {
		panic("finding: unknown code " + string(c))
	}
	return Finding{Code: c, Severity: info.Severity, Summary: summary}
}

// Lookup returns what the vocabulary says about c.
func Lookup(c Code) (Info, bool) {
	for _, info := range vocabulary {
		if info.Code == c {
			return info, true
		}
	}
	return Info{}, false
}

// All returns the vocabulary, family by family.
func All() []Info { return append([]Info(nil), vocabulary[:]...) }

// Hides reports whether b cannot be seen, or is not told of its own, while a holds.
func Hides(a, b Code) bool {
	ia, okA := Lookup(a)
	ib, okB := Lookup(b)
	if !okA || !okB || a == b {
		return false
	}
	return ia.Blocks && ia.Stage < ib.Stage || Folds(a, b)
}

// Folds reports whether finding a makes finding b redundant or invisible wherever the connection
// ended: a is its cause, or masks it.
func Folds(a, b Code) bool {
	info, ok := Lookup(a)
	return ok && a != b && (slices.Contains(info.Causes, b) || slices.Contains(info.Masks, b))
}

// EndsInside reports whether a code that Blocks can also end a connection after TLS was agreed on:
// then what was seen of TLS and of the certificate by that time stands beside it. WrongService is
// not among them: the certificate is the other service's.
func EndsInside(c Code) bool {
	switch c {
	case ServiceUnavailable, ProtocolViolation, HandshakeDropped, HandshakeRefused, HandshakeTimeout:
		return true
	}
	return false
}

// Worst returns the gravest severity among fs, and "" when there is none.
func Worst(fs []Finding) Severity {
	worst := Severity("")
	for _, f := range fs {
		switch {
		case f.Severity == Error:
			return Error
		case f.Severity == Warning, worst == "":
			worst = f.Severity
		}
	}
	return worst
}

// Codes returns the codes of fs, in order.
func Codes(fs []Finding) []Code {
	out := make([]Code, 0, len(fs))
	for _, f := range fs {
		out = append(out, f.Code)
	}
	return out
}
