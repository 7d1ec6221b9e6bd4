package message

import "github.com/mailtlslab/mailtlslab/lab/finding"

// A Document is docs/messages.json: the table and what can be done about each code, for programs
// that explain a failure themselves.
type Document struct {
	Version int     `json:"version"` // of this form
	Entries []Entry `json:"entries"` // one for each code, in the order of the vocabulary
}

// An Entry is one code.
type Entry struct {
	Code     finding.Code     `json:"code"`
	Title    string           `json:"title"` // what it says, in one line
	Severity finding.Severity `json:"severity"`
	Cure     Cure             `json:"cure"`
	Who      []string         `json:"who"`   // who has to act: user, admin, or both
	Words    []Said           `json:"words"` // the words of which this is the likeliest cause
}

// A Cure is what to do, in one sentence for each.
type Cure struct {
	You   string `json:"you"`   // the person with the device
	Admin string `json:"admin"` // whoever runs the server
}

// Said are words of one program with the same meaning.
type Said struct {
	By     string         `json:"by"`              // whose words they are
	Source string         `json:"source"`          // where they are known from
	Side   Side           `json:"side,omitempty"`  // who must have said them; both sides where it is missing
	Also   []finding.Code `json:"also,omitempty"`  // what else may be behind them, the likeliest first
	Vague  bool           `json:"vague,omitempty"` // they say only that it failed: other words of the same text count before them
	// Words are compared in lower case, with plain quotes, dashes and spaces, and without accents. "*"
	// stands for names, numbers and dates, "~" for a few words, "{a|b}" for one of these, "^" and "$"
	// for the ends of the message. Where several fit, the longest count.
	Words []string `json:"words"`
}
