package remedy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// An entry is one code as it is written in a family's file.
type entry struct {
	Code  string `yaml:"code"`
	Short struct {
		You   []said `yaml:"you"`
		Admin []said `yaml:"admin"`
	} `yaml:"short"`
	User       []block `yaml:"user"`
	Admin      []block `yaml:"admin"`
	Prevention string  `yaml:"prevention"`
	Support    string  `yaml:"support"`
}

// said is one form of a short advice. The last is for every case, each before it for an action.
type said struct {
	When   string `yaml:"when"`
	Effect string `yaml:"effect"`
	Say    string `yaml:"say"`
}

// A block is either the name of shared steps or steps of its own. It has either config, to be
// read, or files and commands, to be read or carried out. Beside a shared name may stand an effect
// in place of the shared one, and the action with which (when) or without which (unless) they go.
type block struct {
	Use     string   `yaml:"use"`
	When    string   `yaml:"when"`
	Unless  string   `yaml:"unless"`
	Effect  string   `yaml:"effect"`
	For     string   `yaml:"for"`
	General bool     `yaml:"general"`
	Steps   []string `yaml:"steps"`
	Config  string   `yaml:"config"`
	Task    string   `yaml:"task"`
	Product string   `yaml:"product"`
	Files   []file   `yaml:"files"`
	Run     string   `yaml:"run"`
	Known   known    `yaml:"known"`
}

type file struct {
	Path  string `yaml:"path"`
	Lines string `yaml:"lines"`
}

type known struct {
	How    string `yaml:"how"`
	Source string `yaml:"source"`
}

// sharedBlocks are the named steps of shared.yaml, and which of them have been used.
type sharedBlocks struct {
	steps map[string][]Steps
	used  map[string]bool
}

// decode reads exactly one document into v and refuses fields that v does not have.
func decode(data []byte, v any) error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(v); err != nil {
		return err
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("more than one document")
	}
	return nil
}

func parseShared(data []byte) (*sharedBlocks, error) {
	var named map[string][]block
	if err := decode(data, &named); err != nil {
		return nil, err
	}
	s := &sharedBlocks{steps: map[string][]Steps{}, used: map[string]bool{}}
	for name, blocks := range named {
		// Shared steps do not share: no cycles, and one look-up tells all.
		steps, err := expand(blocks, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s.steps[name] = steps
	}
	return s, nil
}

// unused reports a shared name that no entry uses.
func (s *sharedBlocks) unused() error {
	var names []string
	for name := range s.steps {
		if !s.used[name] {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("never used: %s", strings.Join(names, ", "))
}

// parseFamily reads the file of one family: an entry for each of its codes, in their order.
func parseFamily(data []byte, family finding.Family, shared *sharedBlocks) ([]Advice, error) {
	var entries []entry
	if err := decode(data, &entries); err != nil {
		return nil, err
	}
	want := codes(family)
	var out []Advice
	for _, e := range entries {
		a, err := e.advice(shared)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Code, err)
		}
		switch i := len(out); {
		case !slices.Contains(want, a.Code):
			return nil, fmt.Errorf("%s: not a code of the family %s", a.Code, family)
		case slices.ContainsFunc(out, func(b Advice) bool { return b.Code == a.Code }):
			return nil, fmt.Errorf("%s: a second entry", a.Code)
		case want[i] != a.Code:
			return nil, fmt.Errorf("%s: found where %s belongs", a.Code, want[i])
		}
		out = append(out, a)
	}
	if len(out) < len(want) {
		return nil, fmt.Errorf("%s: no entry", want[len(out)])
	}
	return out, nil
}

func (e entry) advice(shared *sharedBlocks) (Advice, error) {
	a := Advice{Code: finding.Code(e.Code), Prevention: e.Prevention, Support: e.Support}
	var err error
	if a.User, err = expand(e.User, shared); err != nil {
		return Advice{}, fmt.Errorf("user: %w", err)
	}
	if a.Admin, err = expand(e.Admin, shared); err != nil {
		return Advice{}, fmt.Errorf("admin: %w", err)
	}
	a.forms = sentences{forms(e.Short.You), forms(e.Short.Admin)}
	if err := checkSentences(a.forms.you); err != nil {
		return Advice{}, fmt.Errorf("short, you: %w", err)
	}
	if err := checkSentences(a.forms.admin); err != nil {
		return Advice{}, fmt.Errorf("short, admin: %w", err)
	}
	a.Short = a.forms.pick(nil)
	return a, a.check()
}

func forms(all []said) []sentence {
	var out []sentence
	for _, s := range all {
		out = append(out, sentence{action.Kind(s.When), Effect(s.Effect), s.Say})
	}
	return out
}

// expand replaces the names of shared steps by the steps; without shared, names are an error.
func expand(blocks []block, shared *sharedBlocks) ([]Steps, error) {
	if len(blocks) == 0 {
		return nil, errors.New("nothing to do: at least one block is wanted")
	}
	var out []Steps
	for i, b := range blocks {
		if b.Use == "" {
			s, err := b.own()
			if err == nil {
				err = s.check()
			}
			if err != nil {
				return nil, fmt.Errorf("block %d (%s): %w", i+1, b.For, err)
			}
			out = append(out, s)
			continue
		}
		steps, err := shared.take(b)
		if err != nil {
			return nil, err
		}
		out = append(out, steps...)
	}
	return out, nil
}

func (b block) own() (Steps, error) {
	s := Steps{
		For: b.For, General: b.General, Steps: b.Steps, Config: strings.TrimRight(b.Config, "\n"),
		Known: Known{How: How(b.Known.How), Source: b.Known.Source}, Effect: Effect(b.Effect),
		When: action.Kind(b.When), Unless: action.Kind(b.Unless),
	}
	s.Procedure = Procedure{Task: Task(b.Task), Product: Product(b.Product), Run: strings.TrimRight(b.Run, "\n")}
	for _, f := range b.Files {
		s.Procedure.Files = append(s.Procedure.Files, File{f.Path, strings.TrimRight(f.Lines, "\n")})
	}
	if s.Procedure.IsZero() {
		return s, nil
	}
	if s.Config != "" {
		return s, errors.New("config beside files or run: what is carried out is all that is printed")
	}
	s.Config = s.Procedure.text()
	return s, nil
}

func (s *sharedBlocks) take(b block) ([]Steps, error) {
	if !reflect.DeepEqual(b, block{Use: b.Use, When: b.When, Unless: b.Unless, Effect: b.Effect}) {
		return nil, fmt.Errorf("use %s: a block with a shared name has nothing else but when, unless and effect", b.Use)
	}
	if s == nil {
		return nil, fmt.Errorf("use %s: shared steps cannot use others", b.Use)
	}
	steps, ok := s.steps[b.Use]
	if !ok {
		return nil, fmt.Errorf("use %s: no shared steps of this name", b.Use)
	}
	s.used[b.Use] = true
	steps = cloneSteps(steps)
	for i := range steps {
		if b.Effect != "" && steps[i].Effect != "" {
			steps[i].Effect = Effect(b.Effect)
		}
		steps[i].When, steps[i].Unless = action.Kind(b.When), action.Kind(b.Unless)
		if err := steps[i].check(); err != nil {
			return nil, fmt.Errorf("use %s: %w", b.Use, err)
		}
	}
	return steps, nil
}
