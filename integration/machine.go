package integration

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"path"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/exec"
	"github.com/testcontainers/testcontainers-go/network"
)

//go:embed images/*.Dockerfile
var images embed.FS

// lifetime bounds a machine whose tests were killed: it ends and is removed by itself.
const lifetime = 20 * time.Minute

// A Net is a network of its own for machines. It has no way out, so that nothing a machine does
// leaves it.
type Net struct {
	net *testcontainers.DockerNetwork
}

// label marks what these tests make, so that what a killed run left can be found.
const label = "mailtlslab.integration"

// Reachable returns why no test can run here, nil when one can: an engine must answer, and its
// containers be reachable at their own addresses. Forwarded ports will not do, because a forwarder
// takes connections to ports on which nothing listens.
func Reachable(ctx context.Context) error {
	system := ""
	err := withEngine(func(e *testcontainers.DockerProvider) error {
		info, err := e.Client().Info(ctx, client.InfoOptions{})
		system = info.Info.OperatingSystem
		return err
	})
	if err != nil {
		return fmt.Errorf("no Docker engine answers: %w", err)
	}
	if runtime.GOOS != "linux" || strings.Contains(system, "Docker Desktop") {
		return errors.New("the Docker engine keeps its containers in a virtual machine, where their ports cannot be looked at")
	}
	return nil
}

func withEngine(do func(*testcontainers.DockerProvider) error) error {
	e, err := testcontainers.NewDockerProvider()
	if err != nil {
		return err
	}
	defer func() { _ = e.Close() }()
	return do(e)
}

// NewNet makes a network, and takes away those that killed runs have left. Close it.
func NewNet(ctx context.Context) (*Net, error) {
	if err := sweep(ctx); err != nil {
		return nil, fmt.Errorf("cannot take old networks away: %w", err)
	}
	n, err := network.New(ctx, network.WithInternal(), network.WithLabels(map[string]string{label: ""}))
	if err != nil {
		return nil, fmt.Errorf("cannot make a network for the containers: %w", err)
	}
	return &Net{net: n}, nil
}

// sweep removes networks of earlier runs that nobody is on and that are older than any run may be.
func sweep(ctx context.Context) error {
	old := make(client.Filters).Add("label", label).Add("until", lifetime.String())
	return withEngine(func(e *testcontainers.DockerProvider) error {
		_, err := e.Client().NetworkPrune(ctx, client.NetworkPruneOptions{Filters: old})
		return err
	})
}

// Close removes the network.
func (n *Net) Close(ctx context.Context) error { return n.net.Remove(ctx) }

// A Machine is a container that stays up and runs what it is told.
type Machine struct {
	c  *testcontainers.DockerContainer
	ip string
}

// Build builds the image of a name, images/NAME.Dockerfile. The engine keeps what it has built.
func Build(ctx context.Context, image string) error {
	recipe, err := fs.ReadFile(images, path.Join("images", image+".Dockerfile"))
	if err != nil {
		return fmt.Errorf("there is no image %q: %w", image, err)
	}
	var log bytes.Buffer
	request := testcontainers.ContainerRequest{FromDockerfile: testcontainers.FromDockerfile{
		ContextArchive: archive("Dockerfile", recipe), Repo: repository + image, Tag: tag, KeepImage: true, BuildLogWriter: &log,
	}}
	err = withEngine(func(e *testcontainers.DockerProvider) error {
		_, err := e.BuildImage(ctx, &request)
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot build the image %s: %w\n%s", image, err, tail(log.String()))
	}
	return nil
}

const (
	repository = "mailtlslab-"
	tag        = "integration"
)

// tail returns the last lines of a log.
func tail(log string) string {
	const most = 20
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}

// NewMachine starts a container of an image that was built. Close it.
func (n *Net) NewMachine(ctx context.Context, image string) (*Machine, error) {
	c, err := testcontainers.Run(ctx, repository+image+":"+tag,
		testcontainers.WithCmd("timeout", fmt.Sprint(int(lifetime.Seconds())), "sleep", "infinity"),
		testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
			yes := true
			h.Init = &yes // without it the servers' dead children stay
			h.AutoRemove = true
			h.ExtraHosts = []string{"mail.lab.test:127.0.0.1"}
		}),
		network.WithNetwork(nil, n.net),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start a container of %s: %w", image, err), testcontainers.TerminateContainer(c))
	}
	m := &Machine{c: c}
	if m.ip, err = c.ContainerIP(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("a container of %s has no address: %w", image, err), m.Close())
	}
	// There is nobody to ask for names here, and servers that look their clients up would wait.
	if _, err = m.Run(ctx, "/", ": > /etc/resolv.conf"); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// Close ends and removes the container.
func (m *Machine) Close() error {
	return testcontainers.TerminateContainer(m.c, testcontainers.StopTimeout(0))
}

// Address returns where one of the machine's ports can be reached from here.
func (m *Machine) Address(port int) string { return net.JoinHostPort(m.ip, strconv.Itoa(port)) }

// An ExitError says that commands on a machine failed.
type ExitError struct {
	Code   int
	Output string
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("exit status %d: %s", e.Code, strings.TrimSpace(e.Output))
}

// Run runs commands in a shell as root, in a folder, and stops at the first that fails. It
// returns what they print; the error of commands that fail is an *ExitError.
func (m *Machine) Run(ctx context.Context, dir, commands string) (string, error) {
	return m.runAs(ctx, "root", dir, commands)
}

func (m *Machine) runAs(ctx context.Context, user, dir, commands string) (string, error) {
	code, out, err := m.c.Exec(ctx, []string{"sh", "-ec", commands}, exec.Multiplexed(), exec.WithUser(user), exec.WithWorkingDir(dir))
	if err != nil {
		return "", fmt.Errorf("cannot run commands in the container: %w", err)
	}
	text, err := io.ReadAll(out)
	if err != nil {
		return "", fmt.Errorf("cannot read what commands in the container print: %w", err)
	}
	if code != 0 {
		return string(text), &ExitError{Code: code, Output: string(text)}
	}
	return string(text), nil
}

// Write writes a file that only root can read, and its folder.
func (m *Machine) Write(ctx context.Context, name string, data []byte) error {
	if err := m.c.CopyToContainer(ctx, data, name, 0o600); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return nil
}

// Read reads a file as one of the machine's users. Its error is fs.ErrNotExist or
// fs.ErrPermission where that is the reason.
func (m *Machine) Read(ctx context.Context, user, name string) ([]byte, error) {
	out, err := m.runAs(ctx, user, "/", "LC_ALL=C cat "+name)
	var exit *ExitError
	switch {
	case err == nil:
		return []byte(out), nil
	case errors.As(err, &exit) && strings.Contains(out, "No such file"):
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	case errors.As(err, &exit) && strings.Contains(out, "Permission denied"):
		return nil, fmt.Errorf("%s: %w", name, fs.ErrPermission)
	}
	return nil, fmt.Errorf("cannot read %s: %w", name, err)
}
