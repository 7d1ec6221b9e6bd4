package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/lesson"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

//go:generate go test . -run ^TestDocs$ -update

var update = flag.Bool("update", false, "rewrite the generated pages instead of comparing them")

// TestDocs holds the pages in docs to what the program says. "make generate" rewrites them.
func TestDocs(t *testing.T) {
	for name, write := range map[string]func(*testing.T) []byte{
		"catalogue.md":         catalogue,
		"cli.md":               cliReference,
		"schema/scenario.json": scenarioSchema,
		"schema/list.json":     listSchema,
		"schema/verify.json":   verifySchema,
		"schema/up.json":       upSchema,
		"schema/entry.json":    entrySchema,
		"schema/diagnose.json": diagnoseSchema,
		"schema/batch.json":    batchSchema,
		"schema/explain.json":  explainSchema,
		"schema/messages.json": messagesSchema,
		"messages.json":        messages,
		"matrix.svg":           matrixPicture,
	} {
		file := filepath.Join("..", "..", "docs", name)
		want := write(t)
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/%s is stale (%v): run 'make generate'\n%s", name, err, firstDifference(got, want))
		}
	}
}

func catalogue(t *testing.T) []byte {
	book, err := remedy.Open()
	if err != nil {
		t.Fatal(err)
	}
	return lesson.Page(book)
}

// firstDifference shows the first line that is not the same.
func firstDifference(got, want []byte) string {
	a, b := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range b {
		if i >= len(a) || !bytes.Equal(a[i], b[i]) {
			old := []byte("(nothing)")
			if i < len(a) {
				old = a[i]
			}
			return "is:     " + string(old) + "\nshould: " + string(b[i])
		}
	}
	return ""
}
