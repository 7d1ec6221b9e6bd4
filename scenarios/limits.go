package scenarios

import (
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
)

const (
	kebabPattern = `^[a-z0-9]+(-[a-z0-9]+)*$`
	titlePattern = `^[^\r\n]*[^\r\n.]$`
	hostPattern  = `^[^ /@\r\n\t]+$`
)

// A Limit is what a field of a scenario may hold beside its kind of value. The zero Limit lets
// everything through.
type Limit struct {
	Least, Most int64  // of a number, where Most is not 0; Most is -1 where only Least counts
	OrZero      bool   // 0 is allowed too, and means that nothing is said
	Length      int    // of a text, in characters at most; 0 is any
	Pattern     string // of a text, as a regular expression
	Unique      bool   // no entry of a list twice
}

// Limits returns what Check holds the fields of a scenario to, by the name of their type and their
// own, such as "Lesson.Number". The published schema is made of it, and a test feeds values on both
// sides of each limit to schema and decoder.
func Limits() map[string]Limit {
	return map[string]Limit{
		"Lesson.Number":        {Most: maxNumber},
		"Lesson.ID":            {Length: maxID, Pattern: kebabPattern},
		"Lesson.Title":         {Length: maxText, Pattern: titlePattern},
		"Lesson.Story":         {Length: maxText},
		"Case.Host":            {Length: account.MaxHost, Pattern: hostPattern},
		"Case.Endpoints":       {Unique: true},
		"Case.OpenSSL":         {Most: -1},
		"Service.On":           {Unique: true},
		"Service.MaxVersion":   {Least: oldest, Most: newest, OrZero: true},
		"Service.MinVersion":   {Least: oldest + 1, Most: newest, OrZero: true},
		"Service.FirstBackend": {Most: -1},
		"Device.MaxVersion":    {Least: oldest + 1, Most: newest, OrZero: true},
		"Device.Password":      {Length: maxText},
		"Expectation.On":       {Unique: true},
		"Expectation.Findings": {Unique: true},
		"Plan.CutAfter":        {Most: -1},
		"Plan.Delay":           {Most: int64(5 * time.Minute)},
		"Hello.Over":           {Most: -1},
		"Line.Command":         {Pattern: `.`},

		"Certificate.From":             {Pattern: certs.MomentPattern},
		"Certificate.Until":            {Pattern: certs.MomentPattern},
		"Certificate.Key":              {Pattern: certs.KeyPattern},
		"Certificate.Hash":             {Pattern: certs.HashPattern},
		"Certificate.BasicConstraints": {Pattern: certs.ConstraintsPattern},
	}
}

// A Field is one of a struct that a scenario is made of, as a file has it.
type Field struct {
	Owner    string // the type that has it
	Name     string // in Go; empty for "$schema"
	Type     reflect.Type
	Required bool // the others mean nothing without it
	Limit    Limit
}

// Fields returns the fields of a struct, and of those embedded in it, by their names in JSON. The
// decoder and the published schema are both made of it. A scenario has "$schema" too.
func Fields(typ reflect.Type) map[string]Field {
	out := map[string]Field{}
	if typ == reflect.TypeFor[Scenario]() {
		out["$schema"] = Field{Type: reflect.TypeFor[string]()}
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous {
			maps.Copy(out, Fields(f.Type))
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "-" && name != "" {
			out[name] = Field{Owner: typ.Name(), Name: f.Name, Type: f.Type, Required: options == "", Limit: Limits()[typ.Name()+"."+f.Name]}
		}
	}
	return out
}

// word reports whether a text in this field is one that means something, so that an empty one is a
// mistake.
func (f Field) word() bool {
	return f.Type.Kind() == reflect.String && (f.Type.PkgPath() != "" || f.Limit.Pattern != "")
}
