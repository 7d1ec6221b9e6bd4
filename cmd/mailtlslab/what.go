package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/cmd/internal/file"
	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
)

// pasted is the way of files and words, which no flag stands for.
const pasted = "(files and words)"

const nothingGiven = "diagnose needs something to judge: give a server, a mail address, a file, - or words in quotes; 'mailtlslab diagnose mail.example.com' is an example"

// asWords has a certificate or the line of a tool that was pasted as an argument taken for words, and
// not for a flag.
func asWords(args []string) []string {
	out := slices.Clone(args)
	for i, a := range out {
		if strings.HasPrefix(a, "-----") || strings.HasPrefix(a, "- ") || strings.HasPrefix(a, "*** ") {
			out[i] = " " + a
		}
	}
	return out
}

// given is what the arguments of diagnose are.
type given struct {
	server  string   // HOST[:PORT] or a mail address
	address bool     // it is a mail address
	files   []string // "-" is standard input
	words   []string
	folder  string   // the directory, where it alone was given
	notes   []string // what could have been meant otherwise, a sentence each
	implied bool     // nothing was given, and something comes through a pipe
}

// maxFiles bounds the files of one question.
const maxFiles = 1000

// sorted finds out what was given. Without arguments, what comes from a pipe is, where it is wanted.
func sorted(args []string, stdin io.Reader, wanted bool) (g given, err error) {
	if len(args) == 0 && wanted && piped(stdin) {
		g.files, g.implied = []string{"-"}, true
		return g, nil
	}
	if loose(args) {
		g.words = []string{strings.Join(args, " ")}
		return g, nil
	}
	for _, arg := range args {
		if err := g.sort(arg); err != nil {
			return g, err
		}
	}
	if len(g.files) > maxFiles {
		return g, usage("diagnose takes at most %d files at once; give fewer", maxFiles)
	}
	return g, nil
}

// evidenceFlags reports whether a flag already says what is to be judged.
func evidenceFlags(cmd *cobra.Command) bool {
	return cmd.Flags().Changed("key") || slices.ContainsFunc(ways(), func(w way) bool { return w.flag != "" && w.flag != pasted && cmd.Flags().Changed(w.flag) })
}

// piped reports whether something comes from another program or a file.
func piped(stdin io.Reader) bool {
	f, ok := stdin.(*os.File)
	if !ok {
		return stdin != nil
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&fs.ModeCharDevice == 0
}

// loose reports whether the arguments are the words of one sentence without its quotes.
func loose(args []string) bool {
	return len(args) > 1 && !slices.ContainsFunc(args, func(a string) bool {
		_, err := os.Lstat(a)
		return err == nil || a == "-" || strings.Contains(strings.Trim(a, ".,:;!?"), ".") || strings.Contains(a, "@")
	})
}

// fileLike are the ends of names that files have, and no servers: one that is missing is told as a file.
var fileLike = regexp.MustCompile(`(?i)\.(?:txt|log|pem|crt|cer|der|key|p7b|p7c|p12|pfx|json|out|eml|gz|csv|html?)$`)

// sort finds out what one argument is. A file wins over a server of the same name.
func (g *given) sort(arg string) error {
	if arg == "-" {
		g.files = append(g.files, arg)
		return nil
	}
	if info, err := os.Stat(arg); err == nil {
		if account.CheckHost(arg) == nil && strings.Contains(arg, ".") && !fileLike.MatchString(arg) {
			g.notes = append(g.notes, "the file "+arg+" was read; a server of that name is looked at as "+arg+":993, say")
		}
		if info.IsDir() {
			g.folder = arg
			return g.open(arg)
		}
		g.files = append(g.files, arg)
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(arg, "\n\x00") && len(arg) < 200 && strings.ContainsRune(arg, filepath.Separator) {
		return usage("cannot read %q: %w", terminal.Clip(arg), errors.Unwrap(err))
	}
	if len(strings.Fields(arg)) != 1 || wordsOf(arg) {
		if strings.TrimSpace(arg) == "" {
			return usage("an argument is empty; give a server, a mail address, a file, or words in quotes")
		}
		g.words = append(g.words, arg)
		return nil
	}
	if !strings.Contains(arg, "://") && (fileLike.MatchString(arg) || strings.ContainsAny(arg, `/\`)) {
		return usage("there is no file %q", terminal.Clip(arg))
	}
	if info, ok := finding.Lookup(finding.Code(strings.ToLower(arg))); ok {
		return usage("%q is a code, and no server, file or message; 'mailtlslab explain %s' tells what it means", terminal.Clip(arg), info.Code)
	}
	if g.server != "" {
		return usage("diagnose looks at one server at a time; give %q or %q, not both", terminal.Clip(g.server), terminal.Clip(arg))
	}
	g.server, g.address = arg, isAddress(arg)
	return nil
}

// isAddress reports whether an argument is a mail address.
func isAddress(arg string) bool {
	_, ok := checkup.DomainOf(arg)
	return ok
}

// wordsOf reports whether one word is what a program says, such as SEC_ERROR_UNKNOWN_ISSUER, and no name
// of a server.
func wordsOf(arg string) bool {
	if host, _, err := splitTarget(arg); err == nil && account.CheckHost(host) == nil && (strings.Contains(arg, ".") || strings.Contains(arg, ":")) {
		return false
	}
	_, client := message.Find(arg, message.Client)
	_, server := message.Find(arg, message.Server)
	return client || server
}

// open takes the files of a directory, and of those in it.
func (g *given) open(name string) error {
	found := 0
	err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != name && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case !d.Type().IsRegular() || strings.HasPrefix(d.Name(), "."):
			return nil
		}
		if found++; found > maxFiles {
			return usage("there are more than %d files in %s; give those that matter", maxFiles, terminal.Clip(name))
		}
		g.files = append(g.files, path)
		return nil
	})
	switch {
	case err != nil:
		return usage("%w", err)
	case found == 0:
		return usage("there is no file in %s", terminal.Clip(name))
	}
	return nil
}

// gatherTexts reads the files and words.
func gatherTexts(e *checkup.Evidence, g given, stdin io.Reader) error {
	empty := 0
	for _, name := range g.files {
		err := gatherOne(e, name, stdin)
		switch {
		case errors.Is(err, capture.ErrEmpty) && len(g.files) > 1:
			empty++
			continue
		case errors.Is(err, capture.ErrEmpty) && g.implied:
			return usage(nothingGiven)
		}
		if err != nil {
			return err
		}
	}
	if empty == len(g.files) && empty > 0 {
		return usage("all of these files are empty")
	}
	for _, words := range g.words {
		if err := e.Read("the words", strings.NewReader(words)); err != nil {
			return usage("%w", err)
		}
	}
	switch {
	case len(e.Texts) > 1 && g.server == "" && g.folder != "":
		e.About = fmt.Sprintf("%s (%d files)", terminal.Clip(filepath.Clean(g.folder)), len(g.files))
	case len(e.Texts) > 1 && g.server == "":
		e.About = fmt.Sprintf("%d texts", len(e.Texts))
	case len(e.Texts) == 1 && len(g.words) == 1 && g.server == "":
		e.About = "“" + terminal.Clip(strings.Join(strings.Fields(g.words[0]), " ")) + "”"
	}
	if len(e.Texts) > 0 && len(g.notes) > 0 {
		e.Texts[0].Read = append(g.notes, e.Texts[0].Read...)
		if e.About == "" && g.server == "" {
			e.About = "the file " + terminal.Clip(g.files[0])
		}
	}
	return nil
}

func gatherOne(e *checkup.Evidence, name string, stdin io.Reader) error {
	r, err := file.Open(name, stdin)
	if err != nil {
		return usage("cannot read %q: %w", terminal.Clip(name), cause(err))
	}
	defer r.Close()
	if err := e.Read(fileTitle(name), r); err != nil {
		return usage("%w", err)
	}
	return nil
}

// cause leaves the name out of an error about a file, which is said already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
