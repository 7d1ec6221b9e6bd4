package chain

import (
	"bytes"
	"encoding/asn1"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// enclosed returns a DER element with this identifier octet.
func enclosed(identifier int, content []byte) []byte {
	out := []byte{byte(identifier)}
	switch n := len(content); {
	case n < 0x80:
		out = append(out, byte(n))
	case n < 1<<8:
		out = append(out, 0x81, byte(n))
	case n < 1<<16:
		out = append(out, 0x82, byte(n>>8), byte(n))
	default:
		out = append(out, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(out, content...)
}

// sequence returns a SEQUENCE of elements.
func sequence(elements ...[]byte) []byte {
	return enclosed(asn1.TagSequence|0x20, bytes.Join(elements, nil))
}

// extended returns the extensions field of a TBSCertificate.
func extended(extensions ...[]byte) []byte { return enclosed(0xa3, sequence(extensions...)) }

// first returns the first element of der, without what follows it.
func first(der []byte) []byte {
	var v asn1.RawValue
	if _, err := asn1.Unmarshal(der, &v); err != nil {
		return nil
	}
	return v.FullBytes
}

func dated(from, to time.Time) []byte {
	const generalized = "20060102150405Z"
	at := func(t time.Time) []byte {
		return enclosed(asn1.TagGeneralizedTime, []byte(t.UTC().Format(generalized)))
	}
	return sequence(at(from), at(to))
}

// redated returns a validity whose times are written in one of the ways of X.690 that RFC 5280
// section 4.1.2.5 forbids: without seconds, with parts of them, with a zone. It returns nil for others.
func redated(validity []byte) []byte {
	parts := inside(validity, 3)
	if len(parts) != 2 {
		return nil
	}
	var times []time.Time
	for _, p := range parts {
		t, ok := readTime(p)
		if !ok {
			return nil
		}
		times = append(times, t)
	}
	return dated(times[0], times[1])
}

func readTime(v asn1.RawValue) (time.Time, bool) {
	layouts := []string{"20060102150405Z0700", "20060102150405.999999999Z0700", "200601021504Z0700"}
	if v.Tag == asn1.TagUTCTime {
		layouts = []string{"060102150405Z0700", "0601021504Z0700"}
	} else if v.Tag != asn1.TagGeneralizedTime {
		return time.Time{}, false
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, string(v.Bytes))
		if err != nil || t.Year() < 1 {
			continue
		}
		if v.Tag == asn1.TagUTCTime && t.Year() >= 2050 {
			t = t.AddDate(-100, 0, 0) // RFC 5280 section 4.1.2.5.1
		}
		return t, true
	}
	return time.Time{}, false
}

// relettered returns a name (DER) whose strings are UTF-8, nil where it is not built as a name.
func relettered(name []byte) []byte {
	var sets [][]byte
	for _, set := range inside(name, mostNames) {
		var attributes [][]byte
		if set.Tag != asn1.TagSet {
			return nil
		}
		for _, a := range inside(enclosed(asn1.TagSequence|0x20, set.Bytes), mostNames) {
			parts := inside(a.FullBytes, 3)
			if len(parts) != 2 || parts[0].Tag != asn1.TagOID {
				return nil
			}
			attributes = append(attributes, sequence(parts[0].FullBytes, enclosed(asn1.TagUTF8String, []byte(text(parts[1])))))
		}
		sets = append(sets, enclosed(asn1.TagSet|0x20, bytes.Join(attributes, nil)))
	}
	if len(sets) == 0 && len(name) > 2 {
		return nil
	}
	return sequence(sets...)
}

// text returns the characters of a string of any type, those that are none replaced.
func text(v asn1.RawValue) string {
	const universalString = 28
	switch v.Tag {
	case asn1.TagBMPString:
		units := make([]uint16, len(v.Bytes)/2)
		for i := range units {
			units[i] = uint16(v.Bytes[2*i])<<8 | uint16(v.Bytes[2*i+1])
		}
		return string(utf16.Decode(units))
	case universalString:
		var out strings.Builder
		for i := 0; i+4 <= len(v.Bytes); i += 4 {
			out.WriteRune(rune(v.Bytes[i])<<24 | rune(v.Bytes[i+1])<<16 | rune(v.Bytes[i+2])<<8 | rune(v.Bytes[i+3]))
		}
		return out.String()
	case asn1.TagT61String:
		if !utf8.Valid(v.Bytes) { // taken for Latin-1, as everybody does
			var out strings.Builder
			for _, b := range v.Bytes {
				out.WriteRune(rune(b))
			}
			return out.String()
		}
	}
	return strings.ToValidUTF8(string(v.Bytes), "\uFFFD")
}
