package integration

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// Host is the name of every server here.
const Host = "mail.lab.test"

// newFiles is the folder on the machine to which the CA's files come, and in which the remedies'
// commands run.
const newFiles = "/root/new"

// A Server is a product that runs on a machine.
type Server struct {
	Product
	Machine *Machine
	// Patience is how long the server may take to show what was done to it.
	Patience time.Duration

	book *remedy.Book
}

// patience is that of an ordinary server: Exim, which nobody has to tell, looks at its files
// about five seconds after a change.
const patience = 15 * time.Second

// Start takes a product from the distribution's state to a running server without TLS of its own.
func Start(ctx context.Context, m *Machine, p Product, book *remedy.Book) (*Server, error) {
	s := &Server{Product: p, Machine: m, Patience: patience, book: book}
	if _, err := m.Run(ctx, "/", "mkdir -p -m 700 "+newFiles+"\n"+p.Prepare+"\n"+p.Start); err != nil {
		return nil, fmt.Errorf("%s does not start: %w", p.Name, err)
	}
	return s, nil
}

// Endpoints returns the settings of an account on the server, which lead to the container.
func (s *Server) Endpoints(host string) []account.Settings {
	// Each has the addresses of all ports: a diagnosis may ask for a look at the sibling.
	addresses := map[string]string{}
	var out []account.Settings
	for _, e := range s.On {
		set := account.For(e, host)
		addresses[set.Target()] = s.Machine.Address(set.Port)
		set.Addresses = addresses
		out = append(out, set)
	}
	return out
}

// Reload has the server read its configuration again. That it says yes proves nothing.
func (s *Server) Reload(ctx context.Context) error {
	_, err := s.Machine.Run(ctx, "/", s.Product.Reload)
	return err
}

// Logs returns what the server has logged since it was last asked to forget, or what it says of
// its configuration where it tells that to a terminal only.
func (s *Server) Logs(ctx context.Context) ([]byte, error) {
	if s.Words == "" {
		return s.Machine.Read(ctx, "root", s.Log)
	}
	out, err := s.Machine.Run(ctx, "/", s.Words)
	return []byte(out), err
}

// forgetLogs empties the log, so that what stands in it afterwards belongs to one fault.
func (s *Server) forgetLogs(ctx context.Context) error {
	_, err := s.Machine.Run(ctx, "/", "[ ! -f "+s.Log+" ] || : > "+s.Log)
	return err
}

// save keeps a copy of the whole configuration, pair and all, under a name.
func (s *Server) save(ctx context.Context, name string) error {
	_, err := s.Machine.Run(ctx, "/", fmt.Sprintf("tar -cf /root/%s.tar -C / %s", name, s.Config[1:]))
	return err
}

// restore puts the copy back. The server does not read it before it is told to. Each file is
// renamed into its place, and there is no moment without one: Postfix throttles for a minute a
// service that finds no configuration.
func (s *Server) restore(ctx context.Context, name string) error {
	_, err := s.Machine.Run(ctx, "/root", strings.NewReplacer("CONFIG", s.Config, "NAME", name).Replace(`
rm -rf back && mkdir back && tar -xpf NAME.tar -C back
cd back/CONFIG
find . ! -type d | sort > /root/wanted
find . -type d -exec mkdir -p CONFIG/{} \;
find . ! -type d -exec mv -fT {} CONFIG/{} \;
cd CONFIG
find . ! -type d | sort | comm -23 - /root/wanted | xargs -r -d '\n' rm -f
`))
	return err
}

// carryOut does what the remedy's steps say: the lines into their files, the commands in the
// folder with the new pair.
func (s *Server) carryOut(ctx context.Context, p remedy.Procedure) error {
	for _, f := range p.Files {
		old, err := s.Machine.Run(ctx, "/", "[ ! -f "+f.Path+" ] || cat "+f.Path)
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", f.Path, err)
		}
		if err := s.Machine.Write(ctx, newFiles+"/lines", []byte(setLines(old, f.Lines))); err != nil {
			return err
		}
		// An existing file keeps its owner and mode.
		if _, err := s.Machine.Run(ctx, newFiles, fmt.Sprintf("mkdir -p %s; [ -f %s ] || install -m 644 /dev/null %s; cat lines > %s; rm lines",
			path.Dir(f.Path), f.Path, f.Path, f.Path)); err != nil {
			return fmt.Errorf("cannot write %s: %w", f.Path, err)
		}
	}
	if p.Run == "" {
		return nil
	}
	if _, err := s.Machine.Run(ctx, newFiles, p.Script()); err != nil {
		return fmt.Errorf("the commands of the remedy fail: %w", err)
	}
	return nil
}

// deliver puts a new pair into the folder in which the remedies' commands run.
func (s *Server) deliver(ctx context.Context, p Pair) error {
	if err := s.Machine.Write(ctx, newFiles+"/fullchain.pem", p.Chain); err != nil {
		return err
	}
	return s.Machine.Write(ctx, newFiles+"/privkey.pem", p.Key)
}
