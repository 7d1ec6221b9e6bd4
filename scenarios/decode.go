package scenarios

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
)

// Bounds of a file, asked about while it is walked: nothing is decoded that is beyond them.
const (
	maxDecoded = 1000    // entries of a list
	maxFields  = 50_000  // fields and entries in all
	maxJSON    = 4 << 20 // bytes
)

// A Misplaced is an error at a place of a file.
type Misplaced struct {
	Line, Column int    // from 1; a column counts bytes
	Path         string // such as "services[0].mode"; empty where the text is no JSON
	Err          error
}

func (m *Misplaced) Error() string {
	at := fmt.Sprintf("line %d, column %d: ", m.Line, m.Column)
	if m.Path != "" {
		at += m.Path + ": "
	}
	return at + m.Err.Error()
}

func (m *Misplaced) Unwrap() error { return m.Err }

// Decode reads a scenario, or a list of them, from JSON, and holds each to CheckFile: a Case alone
// will do. A field that is unknown, given twice, of the wrong kind, empty where it must be a word
// of a list, or missing where the others mean nothing without it, is an error: an ignored word would
// leave something healthier than it claims to be. "$schema" is for editors. Errors are a *Misplaced.
func Decode(data []byte) ([]Scenario, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(data) > maxJSON {
		return nil, &Misplaced{1, 1, "", fmt.Errorf("the text has more than %d MB", maxJSON>>20)}
	}
	w := &walker{data: data, dec: json.NewDecoder(bytes.NewReader(data)), at: map[string]int64{}}
	w.dec.UseNumber()
	list := bytes.HasPrefix(bytes.TrimSpace(data), []byte("["))
	typ := reflect.TypeFor[Scenario]()
	if list {
		typ = reflect.TypeFor[[]Scenario]()
	}
	if err := w.value("", Field{Type: typ}); err != nil {
		return nil, err
	}
	if err := w.nothingMore(); err != nil {
		return nil, err
	}
	all, err := unmarshal(data, list)
	if err != nil { // bytes that are no base64, a time that is none
		return nil, w.misplaced(0, "", err)
	}
	return all, w.check(all, list)
}

// unmarshal reads what the walker found to be of the right form. An empty list comes out as none,
// so that it says the same as one that is left out.
func unmarshal(data []byte, list bool) ([]Scenario, error) {
	if !list {
		data = slices.Concat([]byte("["), data, []byte("]"))
	}
	var all, canonical []Scenario
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	again, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	return canonical, json.Unmarshal(again, &canonical)
}

// check holds each scenario to Check, and all of them to having ids and numbers of their own.
func (w *walker) check(all []Scenario, list bool) error {
	if n := len(all); n == 0 || n > maxDecoded {
		return w.misplaced(0, "", fmt.Errorf("the list has %d scenarios, and must have 1 to %d", n, maxDecoded))
	}
	for i, s := range all {
		prefix := ""
		if list {
			prefix = fmt.Sprintf("[%d]", i)
		}
		err := s.CheckFile()
		if err == nil {
			err = w.idle(prefix, s)
		}
		if slices.ContainsFunc(all[:i], func(t Scenario) bool { return s.ID != "" && t.ID == s.ID }) {
			err = flaw("id", "another scenario of the list has it already")
		}
		if slices.ContainsFunc(all[:i], func(t Scenario) bool { return s.Number != 0 && t.Number == s.Number }) {
			err = flaw("number", "another scenario of the list has it already")
		}
		if f := (*Flaw)(nil); errors.As(err, &f) {
			path := strings.TrimPrefix(prefix+"."+f.Path, ".")
			return w.misplaced(w.nearest(path), path, f.Err)
		}
	}
	return nil
}

// idle refuses a parameter of a fault that is there and says nothing.
func (w *walker) idle(prefix string, s Scenario) error {
	for path, f := range s.faults() {
		for name, empty := range map[string]bool{"days": f.Days == 0, "bits": f.Bits == 0, "names": len(f.Names) == 0} {
			at := path + "." + name
			if _, given := w.at[strings.TrimPrefix(prefix+"."+at, ".")]; given && empty {
				return flaw(at, "it is empty; leave it out where it says nothing")
			}
		}
	}
	return nil
}

// faults returns every fault of a certificate with its place.
func (c Case) faults() iter.Seq2[string, certs.Fault] {
	return func(yield func(string, certs.Fault) bool) {
		for i, service := range c.Services {
			for field, faults := range chains(service) {
				for j, f := range faults {
					if !yield(fmt.Sprintf("services[%d].%s[%d]", i, field, j), f) {
						return
					}
				}
			}
		}
	}
}

// A walker goes through JSON along with the type that it is for, and notes where each field is.
type walker struct {
	data []byte
	dec  *json.Decoder
	at   map[string]int64
}

// nearest returns where a field begins, or else the innermost one around it that is there.
func (w *walker) nearest(path string) int64 {
	for path != "" {
		if at, ok := w.at[path]; ok {
			return at
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return w.at[""]
}

func (w *walker) misplaced(offset int64, path string, err error) error {
	before := w.data[:min(int(offset), len(w.data))]
	line := bytes.Count(before, []byte("\n"))
	return &Misplaced{line + 1, len(before) - bytes.LastIndexByte(before, '\n'), path, err}
}

// next returns the next token and where it begins.
func (w *walker) next() (token json.Token, start int64, err error) {
	start = w.dec.InputOffset()
	for start < int64(len(w.data)) && strings.IndexByte(" \t\r\n,:", w.data[start]) >= 0 {
		start++
	}
	token, err = w.dec.Token()
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, start, w.misplaced(int64(len(w.data)), "", errors.New("the text ends too early"))
	case errors.As(err, &syntax):
		return nil, start, w.misplaced(max(syntax.Offset-1, start), "", fmt.Errorf("this is no JSON: %w", err))
	case err != nil:
		return nil, start, w.misplaced(start, "", err)
	}
	return token, start, nil
}

func (w *walker) nothingMore() error {
	end := w.dec.InputOffset()
	if rest := bytes.TrimLeft(w.data[end:], " \t\r\n"); len(rest) > 0 {
		return w.misplaced(int64(len(w.data)-len(rest)), "", errors.New("there is more behind the end"))
	}
	return nil
}

// value reads one value, for a field or an entry of one.
func (w *walker) value(path string, field Field) error {
	token, start, err := w.next()
	if err != nil {
		return err
	}
	if w.at[path] = start; len(w.at) > maxFields {
		return w.misplaced(start, path, fmt.Errorf("there are more than %d fields before it", maxFields))
	}
	switch typ := field.Type; {
	case token == json.Delim('{') && typ.Kind() == reflect.Struct && typ != reflect.TypeFor[time.Time]():
		return w.object(path, typ)
	case token == json.Delim('[') && typ.Kind() == reflect.Slice && typ.Elem().Kind() != reflect.Uint8:
		return w.array(path, Field{Type: typ.Elem()})
	}
	if err := scalar(token, field.Type); err != nil {
		return w.misplaced(start, path, err)
	}
	if token == "" && field.word() {
		return w.misplaced(start, path, errors.New("it is empty; leave it out where it says nothing"))
	}
	return nil
}

func (w *walker) array(path string, entry Field) error {
	for i := 0; w.dec.More(); i++ {
		if i == maxDecoded {
			return w.misplaced(w.dec.InputOffset(), path, fmt.Errorf("the list has more than %d entries", maxDecoded))
		}
		if err := w.value(fmt.Sprintf("%s[%d]", path, i), entry); err != nil {
			return err
		}
	}
	_, _, err := w.next()
	return err
}

func (w *walker) object(path string, typ reflect.Type) error {
	fields := Fields(typ)
	var seen []string
	for w.dec.More() {
		token, start, err := w.next()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		below := strings.TrimPrefix(path+"."+name, ".")
		field, ok := fields[name]
		switch {
		case !ok:
			return w.misplaced(start, path, fmt.Errorf("there is no field %.60q here%s", name, instead(name, fields)))
		case slices.Contains(seen, name):
			return w.misplaced(start, below, errors.New("it is given twice"))
		}
		seen = append(seen, name)
		if err := w.value(below, field); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name].Required && !slices.Contains(seen, name) {
			return w.misplaced(w.at[path], path, fmt.Errorf("%s is missing", name))
		}
	}
	_, _, err := w.next()
	return err
}

// instead names the field that was most likely meant.
func instead(name string, fields map[string]Field) string {
	best, least := "", 3
	for f := range fields {
		if d := distance(strings.ToLower(name[:min(len(name), 40)]), strings.ToLower(f)); d < least || d == least && f < best {
			best, least = f, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// scalar holds a token to a type.
func scalar(token json.Token, typ reflect.Type) error {
	want := ""
	switch typ.Kind() {
	case reflect.String:
		want = "a string"
	case reflect.Bool:
		want = "true or false"
	case reflect.Slice:
		if want = "a list"; typ.Elem().Kind() == reflect.Uint8 {
			want = "a string in base64"
		}
	case reflect.Struct:
		if want = "an object"; typ == reflect.TypeFor[time.Time]() {
			want = "a time as a string"
		}
	default:
		want = "a whole number"
	}
	ok := false
	is := "null"
	switch t := token.(type) {
	case string:
		is = "a string"
		ok = want == is || want == "a string in base64" || want == "a time as a string"
	case bool:
		is = "true or false"
		ok = want == is
	case json.Number:
		is = "the number " + string(t[:min(len(t), 40)])
		n := reflect.New(typ)
		ok = want == "a whole number" && json.Unmarshal([]byte(t), n.Interface()) == nil
	case json.Delim:
		is = map[json.Delim]string{'{': "an object", '[': "a list"}[t]
	}
	if ok {
		return nil
	}
	return fmt.Errorf("it must be %s, and is %s", want, is)
}
