package main

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab"
)

// A fullPipe takes the first line, and then nothing until it is released.
type fullPipe struct {
	first chan string
	gone  chan struct{}
}

func (p *fullPipe) Write(b []byte) (int, error) {
	select {
	case p.first <- string(b):
		return len(b), nil
	case <-p.gone:
		return 0, io.ErrClosedPipe
	}
}

// TestUnreadOutput: whoever reads nothing of what up prints holds up neither its clients nor its end.
func TestUnreadOutput(t *testing.T) {
	for _, reads := range []bool{true, false} {
		out := &fullPipe{first: make(chan string), gone: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan int, 1)
		var errs strings.Builder
		go func() {
			done <- run(ctx, []string{"up", "--json", "--base-port", "0", "ok-full-chain"}, nil, out, &errs)
		}()
		if reads {
			first := <-out.first
			_, rest, _ := strings.Cut(first, `"address":"`)
			address, _, _ := strings.Cut(rest, `"`)
			for range 5 {
				conn, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				// It is served to its end although nobody reads.
				conn.SetDeadline(time.Now().Add(20 * time.Second))
				_, _ = io.WriteString(conn, "a LOGOUT\r\n")
				if _, err := io.ReadAll(conn); err != nil {
					t.Error(err)
				}
				conn.Close()
			}
		}
		cancel()
		select {
		case code := <-done:
			if reads && (code != exitEnvironment || !strings.Contains(errs.String(), "nobody reads it")) {
				t.Errorf("ended with %d: %s", code, errs.String())
			}
		case <-time.After(20 * time.Second):
			t.Fatal("does not end")
		}
		close(out.gone)
	}
}

// TestUnreadErrors: standard error may lead to the same reader.
func TestUnreadErrors(t *testing.T) {
	out := &fullPipe{first: make(chan string), gone: make(chan struct{})}
	defer close(out.gone)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"up", "--base-port", "0", "--listen", "0.0.0.0", "--host", "lab.example", "ok-full-chain"}, nil, out, out)
	}()
	cancel()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("does not end")
	}
}

// TestQueueIsBounded: connections that nobody reads of are left out, the oldest first, and counted.
func TestQueueIsBounded(t *testing.T) {
	var out, errs strings.Builder
	d := newDisplay(&out, terminal.Palette{}, false)
	for range maxQueue + 1 {
		d.connection(lab.Entry{Client: "192.0.2.1:1", Scenario: "x"})
	}
	d.close()
	d.show(&errs)
	if n := strings.Count(out.String(), "\n"); n != maxQueue*9/10+1 || !strings.Contains(errs.String(), "1000 connections are not shown") {
		t.Errorf("%d lines; %s", n, errs.String())
	}
}
