// Package remedy says what is to be done about a finding: in words, for the person with the
// device and for whoever runs the server, and as actions that can be carried out.
//
// The words are in texts/, a file for each family of findings. They are read strictly: an entry
// that is missing, unsourced or misspelt is an error of Open, not a gap on a page.
//
// [Open] reads the words, [Book.Advise] chooses those for a finding, and [Actions] what can be carried
// out.
package remedy

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

//go:embed texts/*.yaml
var texts embed.FS

const sharedFile = "shared.yaml"

// A Book holds one Advice for every code of the vocabulary, or of some families.
type Book struct {
	advice []Advice // in the vocabulary's order
}

// Open parses and checks the embedded texts.
func Open() (*Book, error) { return fromTexts(read) }

// OpenAbout parses and checks the texts of the families of some codes, and those alone: the whole book
// takes several times as long as a connection.
func OpenAbout(about ...finding.Code) (*Book, error) {
	var wanted []finding.Family
	for _, c := range about {
		if info, ok := finding.Lookup(c); ok && !slices.Contains(wanted, info.Family) {
			wanted = append(wanted, info.Family)
		}
	}
	return fromTexts(func(dir fs.FS) (*Book, error) {
		shared, err := readShared(dir)
		if err != nil {
			return nil, err
		}
		b := &Book{}
		return b, b.read(dir, wanted, shared)
	})
}

func fromTexts(read func(fs.FS) (*Book, error)) (*Book, error) {
	dir, err := fs.Sub(texts, "texts")
	if err != nil {
		return nil, fmt.Errorf("remedy: %w", err)
	}
	b, err := read(dir)
	if err != nil {
		return nil, fmt.Errorf("remedy: %w", err)
	}
	return b, nil
}

// For returns everything that the book says about c, with the words for when it holds, and false
// when c is not of the vocabulary. For one finding, Advise chooses.
func (b *Book) For(c finding.Code) (Advice, bool) {
	a, ok := b.entry(c)
	a.User, a.Admin = conditional(a.User), conditional(a.Admin)
	return a, ok
}

// entry returns the advice about c as it was read.
func (b *Book) entry(c finding.Code) (Advice, bool) {
	for _, a := range b.advice {
		if a.Code == c {
			return a.clone(), true
		}
	}
	return Advice{}, false
}

// read reads shared.yaml and one file for each family, and nothing else may be there.
func read(dir fs.FS) (*Book, error) {
	shared, err := readShared(dir)
	if err != nil {
		return nil, err
	}
	b := &Book{}
	if err := b.read(dir, families(), shared); err != nil {
		return nil, err
	}
	if err := shared.unused(); err != nil {
		return nil, fmt.Errorf("%s: %w", sharedFile, err)
	}
	return b, strangers(dir)
}

func readShared(dir fs.FS) (*sharedBlocks, error) {
	data, err := fs.ReadFile(dir, sharedFile)
	if err != nil {
		return nil, err
	}
	shared, err := parseShared(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sharedFile, err)
	}
	return shared, nil
}

// read adds the advice about some families.
func (b *Book) read(dir fs.FS, wanted []finding.Family, shared *sharedBlocks) error {
	for _, family := range wanted {
		file := fileOf(family)
		data, err := fs.ReadFile(dir, file)
		if err != nil {
			return err
		}
		advice, err := parseFamily(data, family, shared)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		b.advice = append(b.advice, advice...)
	}
	return nil
}

func fileOf(family finding.Family) string { return string(family) + ".yaml" }

// strangers reports a file that nothing reads.
func strangers(dir fs.FS) error {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return err
	}
	known := []string{sharedFile}
	for _, family := range families() {
		known = append(known, fileOf(family))
	}
	for _, e := range entries {
		if !slices.Contains(known, e.Name()) {
			return fmt.Errorf("%s: no family of this name", e.Name())
		}
	}
	return nil
}

// families returns the families of the vocabulary, in its order.
func families() []finding.Family {
	var out []finding.Family
	for _, info := range finding.All() {
		if !slices.Contains(out, info.Family) {
			out = append(out, info.Family)
		}
	}
	return out
}

// codes returns the codes of family, in the vocabulary's order.
func codes(family finding.Family) []finding.Code {
	var out []finding.Code
	for _, info := range finding.All() {
		if info.Family == family {
			out = append(out, info.Code)
		}
	}
	return out
}
