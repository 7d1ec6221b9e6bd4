package integration

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/exec"
	"github.com/testcontainers/testcontainers-go/network"
)

//go:embed images/*.Dockerfile
var images embed.FS

// lifetime bounds a machine whose tests were killed: it ends and is removed by itself.
const lifetime = 20 * time.Minute

// A Net is a network of its own for machines. Where the engine's networks can be reached directly
// it has no way out, so that nothing a machine does leaves it.
type Net struct {
	net *testcontainers.DockerNetwork
}

// direct reports whether a machine can be reached at its own address. Elsewhere the engine runs
// in a virtual machine of its own, and ports have to be forwarded.
func direct() bool { return runtime.GOOS == "linux" }

// NewNet makes a network. Close it.
func NewNet(ctx context.Context) (*Net, error) {
	var options []network.NetworkCustomizer
	if direct() {
		options = append(options, network.WithInternal())
	}
	n, err := network.New(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("cannot make a network for the containers: %w", err)
	}
	return &Net{net: n}, nil
}

// Close removes the network.
func (n *Net) Close(ctx context.Context) error { return n.net.Remove(ctx) }

// A Machine is a container that stays up and runs what it is told.
type Machine struct {
	c *testcontainers.DockerContainer
}

// NewMachine builds the image of a name (images/NAME.Dockerfile) and starts a container of it.
// ports are those that servers on it will have. Close it.
func (n *Net) NewMachine(ctx context.Context, image string, ports []int) (*Machine, error) {
	context, err := fs.ReadFile(images, path.Join("images", image+".Dockerfile"))
	if err != nil {
		return nil, fmt.Errorf("there is no image %q: %w", image, err)
	}
	options := []testcontainers.ContainerCustomizer{
		testcontainers.WithDockerfile(testcontainers.FromDockerfile{
			ContextArchive: archive("Dockerfile", context), Repo: "mailtlslab-" + image, Tag: "integration", KeepImage: true,
		}),
		testcontainers.WithCmd("timeout", fmt.Sprint(int(lifetime.Seconds())), "sleep", "infinity"),
		testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
			yes := true
			h.Init = &yes // without it the servers' dead children stay
			h.AutoRemove = true
			h.ExtraHosts = []string{"mail.lab.test:127.0.0.1"}
		}),
		network.WithNetwork(nil, n.net),
	}
	if !direct() {
		for _, p := range ports {
			options = append(options, testcontainers.WithExposedPorts(fmt.Sprintf("127.0.0.1::%d/tcp", p)))
		}
	}
	c, err := testcontainers.Run(ctx, "", options...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start a container of %s: %w", image, err), testcontainers.TerminateContainer(c))
	}
	m := &Machine{c: c}
	// There is nobody to ask for names here, and servers that look their clients up would wait.
	_, err = m.Run(ctx, "/", ": > /etc/resolv.conf")
	return m, err
}

// Close ends and removes the container.
func (m *Machine) Close() error {
	return testcontainers.TerminateContainer(m.c, testcontainers.StopTimeout(0))
}

// Address returns where one of the machine's ports can be reached from here.
func (m *Machine) Address(ctx context.Context, port int) (string, error) {
	if !direct() {
		return m.c.PortEndpoint(ctx, fmt.Sprintf("%d/tcp", port), "")
	}
	ip, err := m.c.ContainerIP(ctx)
	return fmt.Sprintf("%s:%d", ip, port), err
}

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
