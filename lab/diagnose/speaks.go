package diagnose

import (
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// speaks returns which protocol a server's first words belong to, which may be finding.PlainHTTP,
// and "" when they belong to none.
func speaks(said string) account.Protocol {
	said = strings.TrimLeft(said, " ")
	switch {
	case hasWord(said, "* OK"), hasWord(said, "* PREAUTH"), hasWord(said, "* BYE"), hasWord(said, "* BAD"):
		return account.IMAP
	case hasWord(said, "+OK"), hasWord(said, "-ERR"):
		return account.POP3
	case strings.HasPrefix(said, "HTTP/"):
		return finding.PlainHTTP
	case len(said) >= 4 && (said[3] == ' ' || said[3] == '-') && slices.Contains([]string{"220", "421", "500", "502", "503", "554"}, said[:3]):
		return account.Submission
	}
	return ""
}

func hasWord(said, word string) bool {
	rest, ok := strings.CutPrefix(strings.ToUpper(said), word)
	return ok && (rest == "" || strings.ContainsRune(" \r\n[", rune(rest[0])))
}

// spoken returns a protocol as it is written in a sentence.
func spoken(p account.Protocol) string {
	switch p {
	case account.Submission:
		return "SMTP"
	case account.HTTPS:
		return "HTTPS"
	}
	return strings.ToUpper(string(p))
}

func firstLine(said string) string {
	line, _, _ := strings.Cut(said, "\n")
	return strings.TrimRight(line, "\r")
}

// httpStatus returns the three digits of an HTTP status line, "" when there are none.
func httpStatus(said string) string {
	fields := strings.Fields(firstLine(said))
	if len(fields) < 2 || len(fields[1]) != 3 {
		return ""
	}
	return fields[1]
}
