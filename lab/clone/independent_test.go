package clone_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/clone"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// chainsVariable names a folder with chains that nobody here made: files of gzip and JSON, with
// certificates by reference and cases that name them.
const chainsVariable = "MAILTLSLAB_CHAINS"

type corpus struct {
	Certs map[string][]byte `json:"certs"`
	Cases []struct {
		ID    string    `json:"id"`
		Chain []string  `json:"chain"`
		Roots []string  `json:"roots"`
		Time  time.Time `json:"time"`
		Host  string    `json:"host"`
		Usage string    `json:"usage"`
	} `json:"cases"`
}

// TestIndependentChains clones chains that nobody here made, and judges the clones. What is found is
// the same, or the clone says what it does not have.
func TestIndependentChains(t *testing.T) {
	folder := os.Getenv(chainsVariable)
	if folder == "" {
		t.Skipf("%s names no folder of chains", chainsVariable)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no chains in %s: %v", folder, err)
	}
	same, said, silent := 0, 0, 0
	for _, name := range files {
		for _, c := range readCorpus(t, name).judged(t) {
			diff, notes := c.again(t)
			switch {
			case diff == "":
				same++
			case len(notes) > 0:
				said++
				t.Logf("%s: %s; said: %q", c.id, diff, notes)
			default:
				silent++
				t.Logf("SILENT %s: %s", c.id, diff)
			}
		}
	}
	all := same + said + silent
	t.Logf("%d of %d chains have clones with the same findings (%.1f %%); %d say what they lack, %d do not", same, all, 100*float64(same)/float64(all), said, silent)
	if 100*same < 80*all || silent > 0 {
		t.Error("that is too few")
	}
}

type judgedChain struct {
	id       string
	evidence chain.Evidence
	before   chain.Judgement
}

func readCorpus(t *testing.T, name string) corpus {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out corpus
	if err := json.NewDecoder(z).Decode(&out); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}

func (c corpus) judged(t *testing.T) []judgedChain {
	t.Helper()
	var out []judgedChain
	for _, one := range c.Cases {
		if len(one.Chain) == 0 {
			continue
		}
		var roots [][]byte
		for _, ref := range one.Roots {
			roots = append(roots, c.Certs[ref])
		}
		e := chain.Evidence{Host: one.Host, At: one.Time, Usage: chain.Usage(one.Usage)}
		for _, ref := range one.Chain {
			e.Certificates = append(e.Certificates, c.Certs[ref])
		}
		j := chain.Judge{Knowledge: chain.NewKnowledge(chain.ParseRoots(roots), nil)}.Judge(e)
		out = append(out, judgedChain{one.ID, e, j})
	}
	return out
}

// again returns how what is found of the clone differs, and what the clone says of itself.
func (c judgedChain) again(t *testing.T) (diff string, notes []string) {
	t.Helper()
	got, err := clone.Chain(c.evidence, c.before, clone.Options{})
	if err != nil {
		return "error: " + err.Error(), nil
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	back, err := scenarios.Decode(text)
	if err != nil {
		t.Fatalf("%s: %v\n%s", c.id, err, text)
	}
	s := back[0]
	a, err := certs.NewAuthority(certs.Options{Permit: s.Hosts()})
	if err != nil {
		return "error: " + err.Error(), s.NotCloned
	}
	service := s.Services[0]
	b, err := a.Build(certs.Spec{Host: s.Host, Outline: service.Outline, Faults: service.Chain})
	if err != nil {
		return "error: " + err.Error(), s.NotCloned
	}
	e := c.evidence
	e.Certificates, e.At = b.Raw, time.Now()
	var roots []chain.Root
	for _, r := range a.Roots() {
		roots = append(roots, chain.Root{Certificate: r})
	}
	after := chain.Judge{Knowledge: chain.NewKnowledge(roots, a.Intermediates())}.Judge(e)
	x, y := words(c.before.Findings), words(after.Findings)
	if x == y {
		return "", s.NotCloned
	}
	return x + " became " + y, s.NotCloned
}

func words(fs []finding.Finding) string {
	var out []string
	for _, c := range finding.Codes(fs) {
		out = append(out, string(c))
	}
	slices.Sort(out)
	return "[" + strings.Join(slices.Compact(out), " ") + "]"
}
