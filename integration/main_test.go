package integration

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/testcontainers/testcontainers-go/log"
	"go.uber.org/goleak"
)

// requireDocker is the variable that makes a missing Docker engine a failure in place of a skip.
const requireDocker = "MAILTLSLAB_REQUIRE_DOCKER"

func TestMain(m *testing.M) {
	// A machine ends by itself (see lifetime), so that no image of a reaper has to be pulled.
	if os.Getenv("TESTCONTAINERS_RYUK_DISABLED") == "" {
		_ = os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
	}
	log.SetDefault(log.NewNoopLogger())
	// The servers are waited for more than they compute, so all of them at once.
	_ = flag.Set("test.parallel", "8")
	os.Exit(run(m))
}

// run runs the tests, ends what they started, however that comes, and says what was proven.
func run(m *testing.M) int {
	var stop context.CancelFunc
	running.ctx, stop = signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if <-running.ctx.Done(); !running.over.Load() {
			stop() // a second interrupt is not waited for
			if err := running.close(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			os.Exit(1)
		}
	}()
	code := m.Run()
	running.over.Store(true)
	stop()
	<-ended
	var failures []error
	if missed := unproven(); code == 0 && wholeRun() && len(missed) > 0 {
		failures = append(failures, fmt.Errorf("the book calls these proven, and nothing here carried them out: %v", missed))
	}
	failures = append(failures, running.close(), goleak.Find())
	if err := errors.Join(failures...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	report.write(os.Stdout, code == 0)
	if err := engine(); code == 0 && err != nil {
		fmt.Println(notHere(err))
	}
	return code
}

// wholeRun reports whether every test ran, with an engine.
func wholeRun() bool {
	return flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" && !testing.Short() && len(report.all) > 0
}

// running is what has to be closed in the end, however that comes: a test binary has one TestMain.
var running fleet

// A fleet is a network and its machines.
type fleet struct {
	ctx  context.Context // ends when the run is interrupted
	over atomic.Bool     // the tests have ended by themselves

	images sync.Map // by name, a func() error that builds it once

	mu       sync.Mutex
	net      *Net
	machines []*Machine
}

// engine says once why nothing can be proven here, nil when it can.
var engine = sync.OnceValue(func() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return Reachable(ctx)
})

func notHere(why error) string {
	reason, _, _ := strings.Cut(why.Error(), ": ") // what the library adds misleads more than it helps
	return "nothing is proven on real servers here: " + reason + " (on Debian, .ci/docker starts an engine)"
}

// needDocker skips a test where no engine answers, or fails it where one is required.
func needDocker(t *testing.T) {
	t.Helper()
	switch err := engine(); {
	case err == nil:
	case os.Getenv(requireDocker) == "1":
		t.Fatalf("%s=1 requires real servers: %v", requireDocker, err)
	default:
		t.Skip(notHere(err))
	}
}

// newMachine starts a machine that ends with the test.
func newMachine(t *testing.T, image string) *Machine {
	t.Helper()
	m, err := running.start(image)
	must(t, err)
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// start starts a machine of an image, which the first one to want it builds: different images
// side by side.
func (f *fleet) start(image string) (*Machine, error) {
	build, _ := f.images.LoadOrStore(image, sync.OnceValue(func() error { return Build(f.ctx, image) }))
	if err := build.(func() error)(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.net == nil {
		n, err := NewNet(f.ctx)
		if err != nil {
			return nil, err
		}
		f.net = n
	}
	m, err := f.net.NewMachine(f.ctx, image)
	if err == nil {
		f.machines = append(f.machines, m)
	}
	return m, err
}

func (f *fleet) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.machines {
		_ = m.Close() // mostly closed by its test
	}
	if f.net == nil {
		return nil
	}
	return f.net.Close(context.Background())
}
