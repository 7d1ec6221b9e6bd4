package remedy

import (
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// Advice is what is to be done about one finding.
type Advice struct {
	Code finding.Code `json:"code"`
	// Short is one sentence for each party.
	Short Short `json:"short"`
	// User is for the person with the device, by platform; at least one.
	User []Steps `json:"user"`
	// Admin is for whoever runs the server, by product; at least one.
	Admin []Steps `json:"admin"`
	// Prevention is one or two sentences.
	Prevention string `json:"prevention"`
	// Support says who can help and with what, and what is beyond ordinary support.
	Support string `json:"support"`

	forms sentences // of Short
}

// Steps are what to do on one platform or with one product.
type Steps struct {
	For string `json:"for"` // "any device", "iPhone and iPad, iOS 18 and later", "Postfix", "Dovecot 2.3", …
	// General steps hold for any fault: a person who reads one answer may do without them.
	General bool `json:"general,omitempty"`
	// Steps are imperative sentences, which may hold placeholders (see Advice.Fill).
	Steps []string `json:"steps"`
	// Config holds lines of configuration or commands, verbatim; often empty. Its one placeholder
	// is {host}.
	Config string `json:"config,omitempty"`
	// Procedure is Config for a program to carry out, where that is possible.
	Procedure Procedure `json:"procedure,omitzero"`
	// Effect is what the steps ask of the device (the user's) or of the server (the admin's).
	Effect Effect `json:"effect,omitempty"`
	// When and Unless tie the steps to an action of the diagnosis, see Book.Advise.
	When   action.Kind `json:"-"`
	Unless action.Kind `json:"-"`
	Known  Known       `json:"known"`
}

// Known says how a piece of advice is known.
type Known struct {
	How    How    `json:"how"`
	Source string `json:"source,omitempty"` // product and version, or an address; empty only for an inference
}

// How is the strength of what is known.
type How string

// The strengths, the best first.
const (
	Proven     How = "proven"     // tried on the product and version that Source names
	Documented How = "documented" // a primary document says so: Source holds its address
	Simulated  How = "simulated"  // the lab changes the settings; nobody drove the menus
	Inference  How = "inference"  // follows from how the protocols work; not tried by itself
)

// clone returns a copy that shares nothing with a.
func (a Advice) clone() Advice {
	a.User, a.Admin = cloneSteps(a.User), cloneSteps(a.Admin)
	return a
}

func cloneSteps(all []Steps) []Steps {
	out := slices.Clone(all)
	for i := range out {
		out[i].Steps = slices.Clone(out[i].Steps)
		out[i].Procedure.Files = slices.Clone(out[i].Procedure.Files)
	}
	return out
}
