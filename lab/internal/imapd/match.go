package imapd

import (
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

// maxPatterns bounds what one LIST may ask for, in bytes of all its patterns.
const maxPatterns = 2 << 10

// matches reports whether a name fits a pattern of LIST, in which * is anything and % is anything
// within one level. It takes a step for each byte of the pattern and each of the name, whatever
// the stars.
func matches(name, pattern string) bool {
	if first, rest, _ := strings.Cut(pattern, string(mailbox.Delimiter)); strings.EqualFold(first, mailbox.Inbox) {
		pattern = mailbox.Inbox + pattern[len(first):len(pattern)-len(rest)] + rest
	}
	can := make([]bool, len(name)+1) // the pattern so far fits the first i bytes
	can[0] = true
	for _, p := range []byte(pattern) {
		switch p {
		case '*', '%':
			for i := 1; i <= len(name); i++ {
				can[i] = can[i] || can[i-1] && (p == '*' || name[i-1] != mailbox.Delimiter)
			}
		default:
			for i := len(name); i > 0; i-- {
				can[i] = can[i-1] && name[i-1] == p
			}
			can[0] = false
		}
	}
	return can[len(name)]
}
