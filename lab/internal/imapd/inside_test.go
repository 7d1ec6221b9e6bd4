package imapd

import (
	"regexp"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
)

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		name, pattern string
		want          bool
	}{
		{"INBOX", "*", true}, {"INBOX", "%", true}, {"INBOX", "inbox", true}, {"INBOX", "inb*", false}, {"a/b", "%", false}, {"a/b", "a/%", true}, {"a/b", "%/%", true},
		{"a/b", "*b", true}, {"a/b", "a", false}, {"a/b", "a/b/%", false}, {"a", "", false}, {"ab", "a%b", true}, {"a/b", "a%b", false}, {"INBOX/x", "inbox/%", true},
	} {
		if matches(c.name, c.pattern) != c.want {
			t.Errorf("%s and %s: want %v", c.name, c.pattern, c.want)
		}
	}
}

// FuzzMatches compares with a regular expression.
func FuzzMatches(f *testing.F) {
	f.Add("aaaa/aaab", "*a%a*b")
	f.Add("INBOX", "inbox")
	f.Fuzz(func(t *testing.T, name, pattern string) {
		if len(name) > 100 || len(pattern) > 100 || strings.HasPrefix(strings.ToLower(pattern), "inbox") || regexp.MustCompile(`[^ -~]`).MatchString(name+pattern) {
			return
		}
		expression := strings.NewReplacer(`\*`, ".*", "%", "[^/]*").Replace(regexp.QuoteMeta(pattern))
		if want := regexp.MustCompile("^(?s:" + expression + ")$").MatchString(name); matches(name, pattern) != want {
			t.Errorf("%q and %q: want %v", name, pattern, want)
		}
	})
}

// FuzzParse takes messages apart, which nobody vouches for.
func FuzzParse(f *testing.F) {
	f.Add([]byte("Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: x\r\n\r\ny\r\n--b--\r\n"), 1, 2)
	f.Add([]byte("Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n"), 1, 1)
	f.Add([]byte("Subject: =?utf-8?b?////?=\nTo: a, <b>\n\n"), 0, 0)
	f.Fuzz(func(t *testing.T, raw []byte, first, second int) {
		root := parse(raw)
		if string(root.header)+string(root.body) != string(raw) {
			t.Errorf("header and body are not the message")
		}
		check(t, structure(root))
		envelope(raw)
		root.readable(nil)
		for _, path := range [][]int{nil, {first}, {first, second}} {
			for _, s := range []imap.PartSpecifier{imap.PartSpecifierNone, imap.PartSpecifierHeader, imap.PartSpecifierMIME, imap.PartSpecifierText} {
				item := &imap.FetchItemBodySection{Part: path, Specifier: s, Partial: &imap.SectionPartial{Offset: int64(first), Size: int64(second)}}
				if len(section(raw, item, func() *part { return root })) > len(raw) {
					t.Error("a section is longer than the message")
				}
			}
		}
		fields(raw, []string{"Subject"}, first > 0)
	})
}

// check holds a structure to what the library can write: it panics otherwise.
func check(t *testing.T, s imap.BodyStructure) {
	switch s := s.(type) {
	case *imap.BodyStructureMultiPart:
		if len(s.Children) == 0 || s.Extended == nil {
			t.Errorf("%+v", s)
		}
		for _, c := range s.Children {
			check(t, c)
		}
	case *imap.BodyStructureSinglePart:
		if s.Type == "" || s.Subtype == "" || s.Extended == nil {
			t.Errorf("%+v", s)
		}
		if s.MessageRFC822 != nil {
			check(t, s.MessageRFC822.BodyStructure)
		}
	}
}
