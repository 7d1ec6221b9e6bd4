package integration

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"

	"github.com/testcontainers/testcontainers-go"
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
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-interrupted; ok {
			_ = running.close()
			os.Exit(1)
		}
	}()
	code := m.Run()
	report.write(os.Stdout)
	if code == 0 && engine() != nil {
		fmt.Println(noEngine)
	}
	if missed := unproven(); code == 0 && wholeRun() && len(missed) > 0 {
		fmt.Fprintf(os.Stderr, "the book calls these proven, and nothing here carried them out: %v\n", missed)
		code = 1
	}
	if err := running.close(); err != nil {
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		code = 1
	}
	signal.Stop(interrupted)
	close(interrupted)
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// wholeRun reports whether every test ran, with an engine.
func wholeRun() bool {
	return flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" && !testing.Short() && len(report.all) > 0
}

// running is what has to be closed in the end, however that comes: a test binary has one TestMain.
var running fleet

// A fleet is a network and its machines.
type fleet struct {
	mu       sync.Mutex
	net      *Net
	machines []*Machine
}

// engine says once why no Docker engine answers, nil when one does.
var engine = sync.OnceValue(func() error {
	provider, err := testcontainers.NewDockerProvider()
	if err != nil {
		return err
	}
	defer func() { _ = provider.Close() }()
	return provider.Health(context.Background())
})

const noEngine = "no Docker engine answers, so nothing is proven on real servers here; on Debian, .ci/docker starts one"

// needDocker skips a test where no engine answers, or fails it where one is required.
func needDocker(t *testing.T) {
	t.Helper()
	switch err := engine(); {
	case err == nil:
	case os.Getenv(requireDocker) == "1":
		t.Fatalf("no Docker engine answers, and %s=1 requires one: %v", requireDocker, err)
	default:
		t.Skip(noEngine)
	}
}

// newMachine starts a machine that ends with the test.
func newMachine(t *testing.T, image string, ports []int) *Machine {
	t.Helper()
	m, err := running.start(t.Context(), image, ports)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func (f *fleet) start(ctx context.Context, image string, ports []int) (*Machine, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.net == nil {
		n, err := NewNet(ctx)
		if err != nil {
			return nil, err
		}
		f.net = n
	}
	m, err := f.net.NewMachine(ctx, image, ports)
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
