package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){"mailtlslab": main})
}

// leakChecked fails a run of tests that leaves a goroutine behind.
type leakChecked struct{ m *testing.M }

func (l leakChecked) Run() int {
	cache, err := os.MkdirTemp("", "mailtlslab-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(cache)
	os.Setenv("XDG_CACHE_HOME", cache) // a test that is killed leaves nothing in the user's
	code := l.m.Run()
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// result is what one command line gave.
type result struct {
	code        int
	out, errors string
}

func invoke(t testing.TB, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return result{code, out.String(), errs.String()}
}

// upLab is "up --json" running inside the test.
type upLab struct {
	running
	first  json.RawMessage // the same as it was printed
	lines  chan string     // the connections, a line each
	cancel context.CancelFunc
	done   chan result
}

// startUp serves on free ports and returns when everything listens.
func startUp(args ...string) (*upLab, error) {
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	first := []string{"up", "--json", "--base-port", "0"}
	if slices.Contains(args, "--addresses") {
		first = first[:2]
	}
	l := &upLab{lines: make(chan string, 1000), cancel: cancel, done: make(chan result, 1)}
	go func() {
		var errs bytes.Buffer
		code := run(ctx, append(first, args...), strings.NewReader(""), write, &errs)
		l.done <- result{code: code, errors: errs.String()}
		write.Close()
	}()
	dec := json.NewDecoder(read)
	err := dec.Decode(&l.first)
	if err == nil {
		err = json.Unmarshal(l.first, &l.running)
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("up ended with %+v: %w", <-l.done, err)
	}
	go func() {
		defer close(l.lines)
		for {
			var line json.RawMessage
			if dec.Decode(&line) != nil {
				return
			}
			l.lines <- string(line)
		}
	}()
	return l, nil
}

// stop is Ctrl-C; it returns how up ended, when all its output has been read.
func (l *upLab) stop() result {
	l.cancel()
	r := <-l.done
	for range l.lines {
	}
	return r
}

// serveLab is startUp for a test, which must stop it to see how it ends.
func serveLab(t testing.TB, args ...string) *upLab {
	t.Helper()
	l, err := startUp(args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.cancel)
	return l
}

// at returns where an endpoint of a scenario is served.
func (l *upLab) at(t testing.TB, id, endpoint string) string {
	t.Helper()
	for _, s := range l.Scenarios {
		for _, e := range s.Endpoints {
			if s.ID == id && string(e.Name) == endpoint {
				return e.Address
			}
		}
	}
	t.Fatalf("%s %s is not served", id, endpoint)
	return ""
}
