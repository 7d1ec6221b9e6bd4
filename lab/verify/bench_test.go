package verify

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// rounds is how often two things are alternated to compare them: their medians are steadier
// than either alone.
const rounds = 11

// BenchmarkProbe is P1: the CPU of looking at the whole catalogue and diagnosing it, as a ratio
// to the CPU of bare TLS clients making the same handshakes, STARTTLS included. Servers and
// clients share the process, and both figures hold both ends.
func BenchmarkProbe(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	l := newLab(b)
	list := handshaking()
	servers := serve(l, list, make([]Row, len(list)))
	v := newVerifier(l, Options{Timeout: patience})
	for b.Loop() {
		b.ReportMetric(ratio(
			func() { each(servers, func(s *lab.Server) { v.diagnosed(s) }) },
			func() { each(servers, bare) },
		), "ratio")
	}
}

// handshaking returns the scenarios in which nothing waits for a silent server and the port is
// there: those that a bare client can do as well.
func handshaking() []scenarios.Scenario {
	return slices.DeleteFunc(scenarios.All(), func(s scenarios.Scenario) bool {
		return s.Family == scenarios.Network || s.Family == scenarios.Settings || s.Path != account.Direct || s.Device.Published
	})
}

func (v verifier) diagnosed(s *lab.Server) {
	var all []account.Settings
	for _, d := range v.devices(context.Background(), s) {
		all = append(all, d.Settings)
	}
	v.judge.Report(v.prober.Survey(context.Background(), all, true))
}

func each(servers []*lab.Server, f func(*lab.Server)) {
	for _, s := range servers {
		f(s)
	}
}

// bare makes the handshakes of one scenario and checks nothing.
func bare(s *lab.Server) {
	var wait sync.WaitGroup
	for _, e := range s.Scenario.On() {
		wait.Go(func() { bareHandshake(s.Device(e).Settings) })
	}
	wait.Wait()
}

func bareHandshake(set account.Settings) {
	conn, err := net.Dial("tcp", set.Address())
	if err != nil {
		return
	}
	defer conn.Close()
	if set.Mode == account.StartTLS && !bareUpgrade(conn, set.Endpoint.Protocol()) {
		return
	}
	// A handshake that fails is part of the scenario, and costs what it costs.
	_ = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, ServerName: set.SNI(), MinVersion: tls.VersionTLS10}).Handshake()
}

func bareUpgrade(conn net.Conn, p account.Protocol) bool {
	r := bufio.NewReader(conn)
	last := func() string {
		for {
			line, err := r.ReadString('\n')
			if err != nil || len(line) < 4 || line[3] != '-' {
				return line
			}
		}
	}
	last()
	switch p {
	case account.Submission:
		_, _ = conn.Write([]byte("EHLO bare\r\n"))
		last()
		_, _ = conn.Write([]byte("STARTTLS\r\n"))
	case account.POP3:
		_, _ = conn.Write([]byte("STLS\r\n"))
	default:
		_, _ = conn.Write([]byte("a STARTTLS\r\n"))
	}
	answer := last()
	return strings.Contains(answer, "OK") || strings.HasPrefix(answer, "220")
}

// ratio returns the median CPU of f over the median CPU of floor, alternated.
func ratio(f, floor func()) float64 {
	var fs, floors []float64
	for range rounds {
		floors = append(floors, cpu(floor))
		fs = append(fs, cpu(f))
	}
	return median(fs) / median(floors)
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// cpu returns the processor time that f takes in this process, user and system, in seconds.
func cpu(f func()) float64 {
	runtime.GC()
	before := used()
	f()
	return used() - before
}

func used() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// BenchmarkHandshakes is P2: TLS handshakes per look at a certificate scenario, counted by the
// servers. The goal is one.
func BenchmarkHandshakes(b *testing.B) {
	list := slices.DeleteFunc(handshaking(), func(s scenarios.Scenario) bool {
		return s.Family == scenarios.Protocol || len(s.On()) != len(account.Endpoints())
	})
	for b.Loop() {
		var mu sync.Mutex
		handshakes, looks := 0, len(list)*len(account.Endpoints())
		l, err := lab.New(lab.Options{Observe: func(e lab.Entry) {
			mu.Lock()
			defer mu.Unlock()
			if e.Stage == lab.StageHandshake || e.Stage == lab.StageCommand || e.Stage == lab.StageHello {
				handshakes++
			}
		}})
		if err != nil {
			b.Fatal(err)
		}
		servers := serve(l, list, make([]Row, len(list)))
		v := newVerifier(l, Options{Timeout: patience})
		each(servers, v.diagnosed)
		l.Close() // after it every connection has been told
		b.ReportMetric(float64(handshakes)/float64(looks), "handshakes/look")
	}
}

// BenchmarkStart is P3: the wall time of starting the whole lab, as a ratio to verifying it.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		l := newLab(b)
		list := scenarios.All()
		start := time.Now()
		serve(l, list, make([]Row, len(list)))
		started := time.Since(start)
		l.Close()
		start = time.Now()
		Run(context.Background(), newLab(b), list, Options{})
		verified := time.Since(start)
		b.ReportMetric(started.Seconds()/verified.Seconds(), "ratio")
		b.ReportMetric(verified.Seconds(), "verify-s")
	}
}

// BenchmarkStop is how long a lab takes to stop with a connection open to every endpoint.
func BenchmarkStop(b *testing.B) {
	for b.Loop() {
		l := newLab(b)
		for _, s := range serve(l, scenarios.All(), make([]Row, len(scenarios.All()))) {
			for _, e := range account.Endpoints() {
				if s.Scenario.Service(e).Wire.Dropped {
					continue // nothing would answer
				}
				if conn, err := net.Dial("tcp", s.Addr(e)); err == nil {
					defer conn.Close()
				}
			}
		}
		start := time.Now()
		l.Close()
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "stop-ms")
	}
}
