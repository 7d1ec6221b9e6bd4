// Package dn reads the names of certificates as tools print them.
//
// OpenSSL alone has three notations ("C = US, O = Let's Encrypt, CN = R12", "C=US, O=Let's Encrypt,
// CN=R12" and "/C=US/O=Let's Encrypt/CN=R12"), GnuTLS, Java, Schannel and curl have their own, and
// both orders are in use. Few of them quote as RFC 4514 has it, so a value ends where the next
// attribute begins.
package dn

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// maxName is the most bytes of a name that are read. RFC 5280 appendix A allows 64 characters for
// most attributes.
const maxName = 4 << 10

// A Name is what can be told of a CA by.
type Name struct {
	CommonName   string
	Organization string
	Unit         string // organizational unit: what roots without a Common Name go by
}

// Read returns the name that s prints. Words without any attribute are a Common Name. An attribute
// that is there twice is read where it comes first.
func Read(s string) Name {
	s = strings.TrimSpace(s[:min(len(s), maxName)])
	starts := attributes(s)
	if len(starts) == 0 {
		return Name{CommonName: unquoted(s)}
	}
	var n Name
	for i, a := range starts {
		end := len(s)
		if i+1 < len(starts) {
			end = starts[i+1].separator
		}
		set(&n, a.key, unquoted(s[a.value:end]))
	}
	return n
}

func set(n *Name, key, value string) {
	var to *string
	switch strings.ToLower(strings.TrimPrefix(strings.ToUpper(key), "OID.")) {
	case "cn", "commonname", "2.5.4.3":
		to = &n.CommonName
	case "o", "organizationname", "organization", "2.5.4.10":
		to = &n.Organization
	case "ou", "organizationalunitname", "organizationalunit", "2.5.4.11":
		to = &n.Unit
	default:
		return
	}
	if *to == "" {
		*to = value
	}
}

// An attribute is where one begins: the separator before it, its key, its value.
type attribute struct {
	separator, value int
	key              string
}

// attributes finds the beginnings of attributes: at the start, and behind a separator that is
// neither quoted nor escaped.
func attributes(s string) []attribute {
	var out []attribute
	quoted, slashes := false, strings.HasPrefix(s, "/")
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
			continue
		case c == '"':
			quoted = !quoted
			continue
		case quoted || i > 0 && !strings.ContainsRune(",;+/\n", rune(c)) || c == '/' && !slashes:
			continue
		}
		from := i
		if strings.ContainsRune(",;+/\n", rune(s[i])) {
			from++
		}
		if key, value, is := keyAt(s, from); is {
			out = append(out, attribute{separator: i, key: key, value: value})
			i = value - 1
		}
	}
	return out
}

// keyAt returns the key of an attribute that begins at from, and where its value begins.
func keyAt(s string, from int) (key string, value int, is bool) {
	for from < len(s) && (s[from] == ' ' || s[from] == '\t') {
		from++
	}
	end := from
	for end < len(s) && keyByte(s[end]) {
		end++
	}
	eq := end
	for eq < len(s) && s[eq] == ' ' {
		eq++
	}
	if end == from || eq == len(s) || s[eq] != '=' {
		return "", 0, false
	}
	return s[from:end], eq + 1, true
}

func keyByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.'
}

// unquoted takes the quotes and escapes of RFC 4514 away, and OpenSSL's "\xC3" for a byte.
func unquoted(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if !strings.Contains(s, `\`) {
		return s
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		digits := i + 1
		if s[digits] == 'x' || s[digits] == 'X' {
			digits++
		}
		if digits+2 <= len(s) {
			if b, err := hex.DecodeString(s[digits : digits+2]); err == nil {
				out, i = append(out, b...), digits+1
				continue
			}
		}
		i++
		out = append(out, s[i])
	}
	if !utf8.Valid(out) {
		return strings.ToValidUTF8(string(out), "\uFFFD")
	}
	return string(out)
}
