package remedy

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// good is a whole file: its family has one code.
const good = `- code: unexplained
  short:
    you:
      - {when: enter-password, effect: change, say: "Type it again on {host}, slowly."}
      - {effect: nothing, say: "Nothing on the device needs changing."}
    admin:
      - {say: "Look into the log."}
  user:
    - for: any device
      steps: ["Type it again on {host}."]
      known: {how: inference}
  admin:
    - use: look
  prevention: Write it down.
  support: "Your provider's support can set a new one."
`

const goodShared = `look:
  - for: Dovecot 2.3
    steps: ["Read the log."]
    config: |
      doveadm log errors
    known: {how: proven, source: "Dovecot 2.3.19.1"}
`

func parse(text, sharedText string) ([]Advice, error) {
	shared, err := parseShared([]byte(sharedText))
	if err != nil {
		return nil, err
	}
	return parseFamily([]byte(text), finding.Unclear, shared)
}

func TestParse(t *testing.T) {
	advice, err := parse(good, goodShared)
	if err != nil {
		t.Fatal(err)
	}
	a := advice[0]
	if len(advice) != 1 || a.Code != finding.Unexplained || a.Admin[0].For != "Dovecot 2.3" || a.Admin[0].Config != "doveadm log errors" {
		t.Errorf("got %+v", advice)
	}
	if want := (Known{How: Proven, Source: "Dovecot 2.3.19.1"}); a.Admin[0].Known != want {
		t.Errorf("known = %+v, want %+v", a.Admin[0].Known, want)
	}
}

// Each case changes one thing of the good file.
func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"an unknown field", "  prevention:", "  prevent:", "field prevent not found"},
		{"an unknown field of steps", "      known:", "      certain: yes\n      known:", "field certain not found"},
		{"a field twice", "    - use: look\n", "    - use: look\n  prevention: Write it down.\n  support: \"Your provider's support can set a new one.\"\n" + good, "already defined"},
		{"a word that is no code", "unexplained", "no-such-code", "not a code of the family unclear"},
		{"a code of another family", "unexplained", "expired", "not a code of the family unclear"},
		{"an unknown shared name", "use: look", "use: lock", "no shared steps of this name"},
		{"a shared name and steps", "- use: look", "- use: look\n      for: Exim", "has nothing else"},
		{"no platform", "for: any device", `for: ""`, "nobody is named"},
		{"no steps", `["Type it again on {host}."]`, "[]", "no steps"},
		{"an empty step", `["Type it again on {host}."]`, `[""]`, "step 1: empty"},
		{"a step without a full stop", "on {host}.", "on {host}", "no full stop"},
		{"a step of two lines", "again on", `again\non`, "more than one line"},
		{"an unknown placeholder", "{host}", "{hots}", "unknown placeholder"},
		{"a stray brace", "{host}", "{host", "stray brace"},
		{"no strength", "{how: inference}", "{}", `how is ""`},
		{"an unknown strength", "inference", "rumour", `how is "rumour"`},
		{"proven without a source", "{how: inference}", "{how: proven}", "proven wants"},
		{"proven without a version", "{how: inference}", "{how: proven, source: Dovecot}", "proven wants"},
		{"documented without an address", "{how: inference}", "{how: documented, source: the manual}", "documented wants"},
		{"simulated without a source", "{how: inference}", "{how: simulated}", "simulated wants"},
		{"nothing for the admin", "    - use: look\n", "", "at least one block"},
		{"no prevention", "Write it down.", `""`, "prevention: empty"},
		{"nobody who can help", "Your provider's support can", "Somebody will", "names nobody who can help"},
		{"a company's we", "Your provider's support can", "Your provider's support and we can", "nobody here is a company"},
		{"a price", "Write it down.", "Ask for paid help.", "nobody here is a company"},
		{"no short advice", "    admin:\n      - {say: \"Look into the log.\"}\n", "", "short, admin: no sentence"},
		{"no sentence for every case", "{effect: nothing,", "{when: enter-password, effect: nothing,", "the last one is for every case"},
		{"a sentence that is never reached", "{when: enter-password, effect: change,", "{effect: change,", "the last one is for every case"},
		{"a sentence for no action", "when: enter-password", "when: pray", `"pray" is no action`},
		{"an unknown effect", "effect: change", "effect: harm", `effect "harm"`},
		{"an unknown effect of steps", "for: any device", "for: any device\n      effect: harm", `effect "harm"`},
		{"steps for no action", "for: any device", "for: any device\n      when: pray", `depend on "pray"`},
		{"shared steps for no action", "use: look", "use: look\n      unless: pray", `depend on "pray"`},
		{"two documents", "- code:", "[]\n---\n- code:", "more than one document"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(good, tt.old) {
				t.Fatalf("the good file has no %q", tt.old)
			}
			_, err := parse(strings.Replace(good, tt.old, tt.new, 1), goodShared)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestParseRefusesDuplicatesAndGaps(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"a second entry", good + good, "a second entry"},
		{"no entry", "[]", "unexplained: no entry"},
	} {
		if _, err := parse(tt.text, goodShared); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

func TestParseSharedRefuses(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"a shared name within shared steps", "- for: Dovecot 2.3", "- use: look\n  - for: Dovecot 2.3", "cannot use others"},
		{"a name twice", "look:", "look: []\nlook:", "already defined"},
		{"a name without steps", goodShared, "look: []\n", "at least one block"},
		{"a placeholder that the server fills, in a command", "log errors", "log {issuer}", "only {host} may stand"},
	} {
		_, err := parseShared([]byte(strings.Replace(goodShared, tt.old, tt.new, 1)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

// The whole folder: each case changes one file of the real texts.
func TestReadRefuses(t *testing.T) {
	for _, tt := range []struct{ name, file, old, new, want string }{
		{"a shared name that nobody uses", "shared.yaml", "leave-it:", "spare:\n  - for: x\n    steps: [\"Do.\"]\n    known: {how: inference}\nleave-it:", "never used: spare"},
		{"a file of no family", "extra.yaml", "", "[]", "extra.yaml: no family"},
		{"entries out of order", "unclear.yaml", "unexplained", "expired", "not a code of the family"},
		{"a swapped pair", "names.yaml", "code: no-san", "code: name-mismatch", "found where no-san belongs"},
	} {
		dir := copyOf(t, texts)
		data := ""
		if f, ok := dir[tt.file]; ok {
			data = string(f.Data)
		}
		dir[tt.file] = &fstest.MapFile{Data: []byte(strings.Replace(data, tt.old, tt.new, 1))}
		if _, err := read(dir); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want one with %q", tt.name, err, tt.want)
		}
	}
	dir := copyOf(t, texts)
	delete(dir, "time.yaml")
	if _, err := read(dir); err == nil || !strings.Contains(err.Error(), "time.yaml") {
		t.Errorf("a missing file: error = %v", err)
	}
}

func copyOf(t *testing.T, from fs.FS) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	names, err := fs.Glob(from, "texts/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(from, name)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimPrefix(name, "texts/")] = &fstest.MapFile{Data: data}
	}
	return out
}
