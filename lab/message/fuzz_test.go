package message

import (
	"os"
	"strings"
	"testing"
)

// FuzzFind: whatever somebody pastes, an answer comes from the table, folding is done once, and a
// text has what each of its meanings says.
func FuzzFind(f *testing.F) {
	for i, fact := range facts(f) {
		if i%20 == 0 {
			f.Add(fact.Message)
		}
	}
	data, err := os.ReadFile("testdata/innocent.txt")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data))
	f.Add(strings.Repeat("ssl alert number 4", 100) + "\x00\xff\u0301ﬀ")
	words := map[string]bool{}
	for _, r := range Rows() {
		words[r.Words] = true
	}
	f.Fuzz(func(t *testing.T, text string) {
		folded := Fold(text)
		if again := Fold(folded); again != folded {
			t.Fatalf("%q becomes %q becomes %q", text, folded, again)
		}
		for _, side := range []Side{Client, Server} {
			m, ok := Find(text, side)
			if len(text) < MaxText {
				if n, same := FindFolded(folded, side); same != ok || n.Words != m.Words {
					t.Fatalf("%q: %q, and folded %q", text, m.Words, n.Words)
				}
			}
			every := Every(text, side)
			if ok && len(every) == 0 {
				t.Fatalf("%q means %q, and nothing at all", text, m.Words)
			}
			for _, m := range every {
				if !words[m.Words] || len(m.Codes) == 0 {
					t.Fatalf("%q: %+v is not of the table", text, m)
				}
			}
		}
	})
}
