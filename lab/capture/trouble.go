package capture

import (
	"slices"
	"strings"
)

// A text that tells of a failure in words that no reader takes must not be read as one of success.
// These lists need not explain anything: what they catch is quoted.

// troubled reports whether a line of a tool speaks of a failure.
func troubled(line string) bool {
	low := strings.ToLower(line)
	for _, harmless := range []string{
		"close notify", "0 (ok)", "verify ok", "no error", "early data", "error setting certificate verify locations", "error-handling",
		"connect:errno=",                                                                           // behind a line that says why
		"temporary failure in name resolution", "resolving timed out", "name resolution timed out", // which decides nothing
	} {
		if strings.Contains(low, harmless) {
			return false
		}
	}
	return slices.ContainsFunc([]string{
		"error", "fail", "refused", "denied", "revoked", "untrusted", "not trusted", "unable to", "tls alert", "ssl alert", "has expired",
		"mismatch", "does not match", "timed out", "reset by peer", "errno=", "rejected", "unknown ca",
	}, func(word string) bool { return strings.Contains(low, word) })
}

// sessionTrouble is what servers and their libraries write of a TLS session that failed, in lower case.
func sessionTrouble() []string {
	return []string{
		"ssl alert number ", "ssl_accept", "ssl_connect", "ssl_do_handshake", "gnutls_handshake", "ssl library error",
		"tls handshake fail", "tls library problem", "tls negotiation fail", "handshake failure",
		"certificate verify failed", "certificate verification failed", "certificate not verified", "certificate not trusted",
		"untrusted issuer", "tls is required, but",
	}
}

// withoutUser takes out the name that a client chose, as Dovecot writes it: user=<name>.
func withoutUser(line string) string {
	before, rest, ok := strings.Cut(line, "user=<")
	if !ok {
		return line
	}
	_, after, _ := strings.Cut(rest, ">")
	return before + withoutUser(after)
}

// failedSession reports whether a line of a log tells of a TLS session that failed. That the other
// side hung up is no failure of TLS: scanners and health checks do it all day.
func failedSession(line string) bool {
	low := strings.ToLower(withoutUser(line))
	for _, over := range []string{"lost connection", "non-properly terminated", "unexpected eof", "connection reset by peer"} {
		if strings.Contains(low, over) {
			return false
		}
	}
	return slices.ContainsFunc(sessionTrouble(), func(words string) bool { return strings.Contains(low, words) }) ||
		strings.Contains(low, "starttls") && strings.Contains(low, "fail")
}
