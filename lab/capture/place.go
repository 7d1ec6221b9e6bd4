package capture

import (
	"strconv"
	"strings"
)

// wantedShape are the words with which programs name the server that they wanted, beside the one that
// a certificate is for.
var wantedShape = lazily("(?i)(?:expected (?:CN=|name )?|target host name |requested host name |, not |did not match |Host: |not valid for(?: name)? |does not match (?:target )?(?:host(?:name)? )?|for host |uses an invalid|valid for the name )[`'\"‘“]?((?:[a-z0-9-]+\\.){1,8}[a-z]{2,24})")

// mailLabels are how servers of mail are called.
var mailLabels = lazily(`(?i)^(?:mail|imap|imaps|smtp|smtps|pop|pop3|mx|mx\d{1,2}|mta\d*|webmail|autodiscover|autoconfig|email|outlook|exchange|mail\d{1,2}|secure|in|out|post|posta|correo|poczta)$`)

// endings are no top-level domains but of files and classes.
var endings = lazily(`(?i)\.(?:py|go|c|h|java|php|rb|js|ts|txt|pem|crt|key|log|conf|cnf|cf|sh|exe|dll|html?|cs|rs|pl|pm|so|json|xml|yaml|yml|md|mailer|transport|exception)$`)

// named returns the server that a text names as the account's, and its port where one stands with it.
func named(text string) (string, int) {
	if m := wantedShape.find(text); m != nil && !endings.in(m[1]) {
		return strings.ToLower(m[1]), portOf(text, m[1])
	}
	for _, m := range nameShape.allAt(text, 40) {
		name := text[m[2]:m[3]]
		first, _, _ := strings.Cut(name, ".")
		if m[0] > 0 && (text[m[0]-1] == '@' || text[m[0]-1] == '/' && (m[0] < 2 || text[m[0]-2] != '/')) || endings.in(name) {
			continue
		}
		if mailLabels.in(first) || m[4] > 0 {
			port := 0
			if m[4] > 0 {
				port, _ = strconv.Atoi(text[m[4]:m[5]])
			}
			if port > 65535 {
				port = 0
			}
			return strings.ToLower(name), port
		}
	}
	return "", 0
}

// portOf returns the port that stands with a name.
func portOf(text, name string) int {
	_, rest, ok := strings.Cut(text, name+":")
	if !ok {
		return 0
	}
	end := 0
	for end < len(rest) && end < 5 && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	port, _ := strconv.Atoi(rest[:end])
	if port > 65535 {
		return 0
	}
	return port
}
