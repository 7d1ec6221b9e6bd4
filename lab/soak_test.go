package lab_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// TestSoak serves every scenario to clients of all manners, for as long as SOAK says, such as 15m, and
// compares what is held at the end with what was held after two fifteenths of the time.
func TestSoak(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("takes its time; SOAK=15m says how long")
	}
	long, err := time.ParseDuration(os.Getenv("SOAK"))
	if err != nil {
		t.Fatalf("SOAK: %v", err)
	}
	s := &soak{t: t}
	l, err := lab.New(lab.Options{Haste: 20})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, scenario := range scenarios.All() {
		if lab.Unavailable(scenario) != "" {
			continue
		}
		srv, err := l.Serve(scenario)
		if err != nil {
			t.Fatal(err)
		}
		s.servers = append(s.servers, srv)
	}
	s.run(long * 2 / 15)
	begin := s.measure()
	t.Logf("after %s: %s", long*2/15, begin)
	s.run(long * 13 / 15)
	end := s.measure()
	t.Logf("after %s: %s; %d connections to %d scenarios", long, end, s.made.Load(), len(s.servers))
	if end.descriptors > begin.descriptors || end.goroutines > begin.goroutines {
		t.Error("descriptors or goroutines are lost")
	}
	if end.heap > begin.heap*11/10 {
		t.Error("memory grows")
	}
}

// A held is what a process holds.
type held struct {
	descriptors, goroutines int
	heap                    uint64
}

func (h held) String() string {
	return fmt.Sprintf("%d descriptors, %d goroutines, %.1f MiB of heap", h.descriptors, h.goroutines, float64(h.heap)/(1<<20))
}

type soak struct {
	t       *testing.T
	servers []*lab.Server
	made    atomic.Int64 // connections
}

// run has clients come and go for a time.
func (s *soak) run(d time.Duration) {
	ctx, cancel := context.WithTimeout(s.t.Context(), d)
	defer cancel()
	var wait sync.WaitGroup
	for range 32 {
		wait.Go(func() {
			for ctx.Err() == nil {
				srv := s.servers[rand.IntN(len(s.servers))]
				all := account.Endpoints()
				s.client(srv, all[rand.IntN(len(all))])
			}
		})
	}
	wait.Wait()
}

// measure waits until every connection has ended. The journals are emptied: until they are full, they
// grow as they should.
func (s *soak) measure() held {
	s.t.Helper()
	for _, srv := range s.servers {
		s.quiet(srv)
		srv.Journal().ForgetEvents()
	}
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, _ := os.ReadDir("/proc/self/fd") // elsewhere there are none to count
	return held{len(files), runtime.NumGoroutine(), m.HeapAlloc}
}

// quiet waits until every connection to a server has ended.
func (s *soak) quiet(srv *lab.Server) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	events := srv.Journal().Subscribe(ctx)
	if len(srv.Journal().Open()) == 0 {
		return
	}
	for range events {
		if len(srv.Journal().Open()) == 0 {
			return
		}
	}
	s.t.Errorf("%s: connections do not end: %+v", srv.Scenario.ID, srv.Journal().Open())
}

// client is one of those who come: most work, some leave in the middle, some are broken.
func (s *soak) client(srv *lab.Server, e account.Endpoint) {
	conn, err := net.DialTimeout("tcp", srv.Addr(e), time.Second)
	if err != nil {
		return // the fault of some scenarios
	}
	defer conn.Close()
	s.made.Add(1)
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	switch rand.IntN(8) {
	case 0: // leaves at once
	case 1:
		_, _ = io.WriteString(conn, strings.Repeat("\xff\x00{5}\r\n", 100))
		_, _ = io.CopyN(io.Discard, conn, 10)
	case 2:
		_, _ = io.WriteString(conn, "\x16\x03\x01\x02\x00\x01")
	case 3:
		_, _ = io.CopyN(io.Discard, conn, 1)
	case 4:
		_ = tls.Client(conn, srv.ClientConfig()).Handshake()
	default:
		s.work(conn, srv, e)
	}
}

// work does what mail programs do, and leaves before all of it was read.
func (s *soak) work(conn net.Conn, srv *lab.Server, e account.Endpoint) {
	upgrade := map[account.Endpoint]string{account.IMAPStartTLS: "a STARTTLS", account.POP3StartTLS: "STLS", account.SubmissionStart: "STARTTLS"}[e]
	if upgrade != "" {
		r := bufio.NewReader(conn)
		_, _ = r.ReadString('\n')
		_, _ = io.WriteString(conn, upgrade+"\r\n")
		for line := ""; !strings.HasPrefix(line, "a OK") && !strings.HasPrefix(line, "+OK") && !strings.HasPrefix(line, "220"); {
			var err error
			if line, err = r.ReadString('\n'); err != nil {
				return
			}
		}
	}
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, ServerName: srv.Host()})
	if secure.Handshake() != nil {
		return
	}
	const mail = "Subject: soak\r\n\r\nbody\r\n"
	_, _ = io.WriteString(secure, map[account.Protocol]string{
		account.IMAP: "a LOGIN " + lab.User + " " + lab.Password + "\r\nb SELECT INBOX\r\n" + fmt.Sprintf("c APPEND INBOX {%d+}\r\n%s\r\n", len(mail), mail) +
			"d FETCH 1:* (FLAGS BODY[])\r\ne SEARCH TEXT soak\r\nf STORE 3:* +FLAGS (\\Deleted)\r\ng EXPUNGE\r\nh IDLE\r\nDONE\r\ni LOGOUT\r\n",
		account.POP3:       "USER " + lab.User + "\r\nPASS " + lab.Password + "\r\nSTAT\r\nRETR 1\r\nDELE 2\r\nQUIT\r\n",
		account.Submission: "EHLO x\r\nAUTH PLAIN AGFubmEAY29ycmVjdC1ob3JzZS03\r\nMAIL FROM:<a@lab.test>\r\nRCPT TO:<anna@lab.test>\r\nDATA\r\n" + mail + ".\r\nQUIT\r\n",
		account.HTTPS:      "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	}[e.Protocol()])
	_, _ = io.CopyN(io.Discard, secure, rand.Int64N(4000))
}
