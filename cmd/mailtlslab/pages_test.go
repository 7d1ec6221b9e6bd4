package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// pages returns the documents that people read, by their names.
func pages(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	out := map[string]string{}
	for _, f := range append(files, filepath.Join(root, "README.md")) {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(f)] = string(data)
	}
	return out
}

// Nobody speaks as a company, and what stands between fences fits a page.
func TestPagesArePlain(t *testing.T) {
	const widest = 120
	for name, text := range pages(t) {
		fenced := false
		for i, l := range strings.Split(text, "\n") {
			if strings.HasPrefix(strings.TrimSpace(l), "```") {
				fenced = !fenced
			}
			if word := company().FindString(l); word != "" {
				t.Errorf("%s:%d: %q: %s", name, i+1, word, l)
			}
			if n := utf8.RuneCountInString(l); fenced && n > widest && strings.ContainsAny(l, "─│└├┌┐") {
				t.Errorf("%s:%d: a drawing %d columns wide", name, i+1, n)
			}
		}
	}
}

// A page that names a test is a lie when the test has another name.
func TestPagesNameTestsThatExist(t *testing.T) {
	out, err := exec.Command("grep", "-rhoE", "--include=*_test.go", `^func Test[A-Za-z0-9]+`, filepath.Join("..", "..")).Output()
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, l := range strings.Fields(string(out)) {
		there[l] = true
	}
	n := 0
	for name, text := range pages(t) {
		for _, test := range regexp.MustCompile("`Test[A-Za-z0-9]+`").FindAllString(text, -1) {
			n++
			if !there[strings.Trim(test, "`")] {
				t.Errorf("%s: there is no %s", name, test)
			}
		}
	}
	if n == 0 {
		t.Error("no page names a test: what is compared here?")
	}
}

// Whoever can help is named in neutral words, in what is told of every scenario and every code.
// lab/remedy holds its own texts to that when it reads them.
func TestStoriesSellNothing(t *testing.T) {
	said := map[string]string{}
	for _, s := range scenarios.All() {
		said[s.ID] = s.Title + "\n" + s.Story
	}
	for _, info := range finding.All() {
		said[string(info.Code)] = info.Title
	}
	for _, id := range []string{"expired-leaf", "corporate-proxy-untrusted"} {
		var stdout, stderr bytes.Buffer
		if code := run(context.Background(), []string{"show", "--all", id}, strings.NewReader(""), &stdout, &stderr); code != exitOK {
			t.Fatalf("show %s: status %d: %s", id, code, stderr.String())
		}
		said["show "+id] = stdout.String()
	}
	for what, text := range said {
		for l := range strings.Lines(text) {
			if word := company().FindString(l); word != "" {
				t.Errorf("%s: %q: %s", what, word, l)
			}
		}
	}
}

// company finds the words of somebody who sells help.
func company() *regexp.Regexp { return regexp.MustCompile(`\b([Ww]e|[Oo]urs?|[Pp]aid)\b`) }
