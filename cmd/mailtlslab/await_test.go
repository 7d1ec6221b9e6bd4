//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// One Ctrl-C ends whatever a command waits for: a named pipe without anybody at its other end, and
// a standard input that does not end.
func TestInterruptedWhileReading(t *testing.T) {
	dir := t.TempDir()
	for n, args := range [][]string{
		{"diagnose", "--survey", "-"}, {"diagnose", "--chain", "-"}, {"diagnose", "--log", "-"}, {"diagnose", "--batch", "-"},
		{"diagnose", "--survey", "FIFO"}, {"diagnose", "--transcript", "FIFO"}, {"diagnose", "--chain", "FIFO"}, {"diagnose", "--batch", "FIFO"},
		{"diagnose", "127.0.0.1:1", "--ca", "FIFO"}, {"diagnose", "127.0.0.1:1", "--as", "imaps", "--save", "FIFO"},
		{"up", "FIFO"}, {"verify", "FIFO"}, {"show", "FIFO"}, {"list", "FIFO"},
	} {
		fifo := filepath.Join(dir, "fifo"+string(rune('a'+n)))
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		line := append([]string(nil), args...)
		for i := range line {
			line[i] = strings.ReplaceAll(line[i], "FIFO", fifo)
		}
		ctx, cancel := context.WithCancel(t.Context())
		in, input := io.Pipe()
		waiting := make(chan struct{})
		done := make(chan result, 1)
		go func() {
			var out, errs bytes.Buffer
			code := run(ctx, line, io.MultiReader(&announced{waiting}, in), &out, &errs)
			done <- result{code, out.String(), errs.String()}
		}()
		if args[len(args)-1] == "-" {
			<-waiting
		}
		cancel()
		if r := <-done; r.code != exitEnvironment {
			t.Errorf("%q: exit status %d, %s%s", args, r.code, r.out, r.errors)
		}
		// What still waits goes on, and ends.
		_ = input.Close()
		f, err := os.OpenFile(fifo, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
	}
}

// announced says that somebody reads, and has nothing for him.
type announced struct{ waiting chan struct{} }

func (a *announced) Read([]byte) (int, error) {
	close(a.waiting)
	return 0, io.EOF
}

// A resolver that says nothing leaves nobody without an answer, in text and as JSON.
func TestSilentResolverHasAnAnswer(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, target := range []string{"me@silent.example", "silent.example", "silent.example:993"} {
		for _, form := range [][]string{nil, {"--json"}} {
			r := invoke(t, append([]string{"diagnose", "--timeout", "100ms", "--dns", silent.LocalAddr().String(), target}, form...)...)
			if r.code != exitNoVerdict || r.errors != "" {
				t.Errorf("%s: exit status %d, %s", target, r.code, r.errors)
			}
			if form == nil && !strings.Contains(r.out, "DNS gave no answer") || form != nil && (!json.Valid([]byte(r.out)) || !strings.Contains(r.out, `"verdict": "unjudged"`)) {
				t.Errorf("%s %s:\n%s", target, form, r.out)
			}
		}
	}
}
