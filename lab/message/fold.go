package message

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold makes text comparable: lower case; quotes and dashes of all kinds, non-breaking and other
// spaces and line breaks made plain, one space between words; letters without their accents, which
// not everybody types; and without what cannot be seen.
func Fold(s string) string { return strings.Trim(foldWords(s), " ") }

// foldWords is Fold that keeps a space at the ends.
func foldWords(s string) string {
	if folded(s) {
		return s
	}
	var out strings.Builder
	out.Grow(len(s))
	space := false
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			i++
			switch to := plainASCII[c]; {
			case to == 0:
			case to != ' ':
				space = false
				out.WriteByte(to)
			case !space:
				space = true
				out.WriteByte(' ')
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch to := plain(r); {
		case to == "":
		case to != " ":
			space = false
			out.WriteString(to)
		case !space:
			space = true
			out.WriteByte(' ')
		}
	}
	return out.String()
}

// plainASCII is what Fold makes of each byte below 0x80; 0 for what cannot be seen.
var plainASCII = func() (table [utf8.RuneSelf]byte) {
	for c := byte(' '); c < 0x7f; c++ {
		table[c] = c
	}
	for c := byte('A'); c <= 'Z'; c++ {
		table[c] = c + 'a' - 'A'
	}
	for _, c := range " \t\n\r\v\f" {
		table[c] = ' '
	}
	table['`'] = '\''
	return table
}()

// folded reports whether s is as Fold would leave it.
func folded(s string) bool {
	space := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf || plainASCII[c] != c || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return true
}

// plain returns what stands for a rune beyond ASCII.
func plain(r rune) string {
	switch r {
	case '‘', '’', '‚', '‛', '′', '´', 'ʼ', '＇', '‹', '›':
		return "'"
	case '“', '”', '„', '‟', '″', '«', '»', '＂', '「', '」', '『', '』', '〝', '〞':
		return `"`
	case '‐', '‑', '‒', '–', '—', '―', '−', '﹣', '－':
		return "-"
	case '…':
		return "..."
	case 'ß', 'ẞ':
		return "ss"
	case 'æ', 'Æ':
		return "ae"
	case 'œ', 'Œ':
		return "oe"
	case 'ø', 'Ø':
		return "o"
	case 'ł', 'Ł':
		return "l"
	case 'đ', 'Đ':
		return "d"
	case 'ı', 'İ':
		return "i"
	case '\u00ad', '\u200b', '\u200c', '\u200d', '\u200e', '\u200f', '\u2060', '\ufeff', utf8.RuneError:
		return ""
	}
	switch {
	case unicode.IsSpace(r), unicode.Is(unicode.Zs, r):
		return " "
	case unicode.Is(unicode.Mn, r) && r < 0x0370, unicode.IsControl(r): // an accent that follows its letter
		return ""
	case r >= 0x00c0 && r < 0x0180:
		if base := bases[r-0x00c0]; base != ' ' {
			return string(base)
		}
	}
	return string(unicode.ToLower(r))
}

// bases are the letters of Latin-1 and Latin Extended-A, from U+00C0, without their accents; a
// space where there is none.
const bases = "aaaaaa ceeeeiiii nooooo  uuuuy  aaaaaa ceeeeiiii nooooo  uuuuy y" +
	"aaaaaaccccccccdd  eeeeeeeeeegggggggghh  iiiiiiiii   jjkk llllll    nnnnnn   oooooo  rrrrrrsssssssstttt  uuuuuuuuuuuuwwyyyzzzzzz "
