package lesson

import "testing"

func TestQuoted(t *testing.T) {
	for in, want := range map[string]string{
		"/tmp/lab/root.pem": "/tmp/lab/root.pem", "my lab/root.pem": "'my lab/root.pem'", "it's": `'it'\''s'`, "": "''", "$(x)": "'$(x)'",
	} {
		if got := Quoted(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}
