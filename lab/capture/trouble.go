package capture

import (
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A text that tells of a failure in words that no reader takes must not be read as one of success.
// These lists need not explain anything: what they catch is quoted.

// suspicious is the first look at a line, and a cheap one: has it any word of failure, or of what can
// fail? Most lines of a log have none.
func suspicious(low string) bool {
	for _, word := range suspects {
		if strings.Contains(low, word) {
			return true
		}
	}
	return false
}

var suspects = [...]string{"err", "fail", "alert", "refus", "denied", "unable", "cannot", "can't", "invalid", "mismatch", "not match", "expired", "untrusted", "not trusted", "not verified", "timed out", "timeout", "reset", "unknown",
	"handshak", "reject", "unsupported", "not offered", "not offer", "not available", "available", "no such", "missing", "abort", "required", "couldn't", "could not", "ssl_", "tls_", "certificate", "starttls", "private key", "unsafe", "bad ", "different", "not supported", "plain http", "inconsisten", "wrappermode", "didn't", "(mta-sts.", "not set"}

// troubled reports whether a line speaks of a failure. It is folded.
func troubled(folded string) bool {
	for _, over := range []string{
		"close notify", "0 (ok)", "verify ok", "no error", "early data", "error setting certificate verify locations", "error-handling", "0 errors", "errors: 0", "errors=0", "error: 0",
		"connect:errno=", "(ok)",
		"temporary failure in name resolution", "resolving timed out", "name resolution timed out", // which decides nothing
		"without error", "not vulnerable", "total-failure-session-count\": 0", "failed: 0", "0 failed",
	} {
		if strings.Contains(folded, over) {
			return false
		}
	}
	return slices.ContainsFunc([]string{
		"error", "fail", "refused", "denied", "revoked", "untrusted", "not trusted", "unable to", "tls alert", "ssl alert", "has expired",
		"mismatch", "does not match", "timed out", "reset by peer", "errno=", "rejected", "unknown ca",
	}, func(word string) bool { return strings.Contains(folded, word) })
}

// machine is what only programs write: a text in which a failure is told like that is not somebody's
// letter about one.
var machine = lazily(`(?i)(?:\berror[ :\[(]|^error\b|\bfail(?:ed|ure)\b[ :(]|exception\b|[A-Z]{3,}_[A-Z_]{3,}|0x[0-9a-f]{6,}|\berrno\b|\balert\b|\bfatal\b|::|\[\w+\]|^\*\*\*|not trusted|untrusted|\bssl\b|\btls\b|certificate|x509)`)

// tlsTrouble reports whether a line tells of a failure that has to do with connections or certificates,
// as a program would write it. It is folded.
func tlsTrouble(folded string) bool {
	return troubled(folded) && machine.in(folded) &&
		contains(folded, "ssl", "tls", "cert", "handshake", "x509", "connect", "verify", "alert", "starttls", "socket", "secure", "encrypt", "peer", "trust", "host", "server", "imap", "smtp", "pop3", "login", "auth")
}

// idle reports whether a client began a handshake and said nothing more, until the server hung up.
func idle(folded string) bool {
	return strings.Contains(folded, "inactivity") && strings.Contains(folded, "tls handshaking")
}

// harmless reports whether a line of a log tells that the other side hung up, which scanners, health
// checks and closed lids do all day, or of a session that went on.
func harmless(folded string) bool {
	if idle(folded) || contains(folded, "status=deferred", "status=bounced", "ssl_connect error") {
		return false
	}
	for _, over := range []string{"lost connection", "non-properly terminated", "unexpected eof", "connection reset by peer", "connection closed by peer", "close notify", "unexpected disconnection", "peer did not send", "premature termination",
		"connection was closed prematurely", "no auth attempts in"} {
		if strings.Contains(folded, over) && !contains(folded, "alert", "ssl routines", "ssl_accept() failed") {
			return true
		}
	}
	return strings.Contains(folded, "unexpected eof") || strings.Contains(folded, "non-properly terminated") ||
		strings.HasPrefix(folded, "untrusted tls connection established") || strings.HasPrefix(folded, "anonymous tls connection established") ||
		strings.Contains(folded, "verify=fail") && !strings.Contains(folded, "error") ||
		strings.HasPrefix(folded, "noqueue: ") && !strings.HasPrefix(folded, "noqueue: reject: starttls from ") || strings.HasPrefix(folded, "statistics: ") ||
		strings.HasPrefix(folded, "disconnect from ") || strings.HasPrefix(folded, "connect from ") ||
		strings.Contains(folded, "status=sent") || strings.Contains(folded, "stat=sent")
}

// sessionTrouble is what servers and their libraries write of a TLS session that failed, in lower case.
func sessionTrouble() []string {
	return []string{
		"ssl alert number ", "ssl_accept", "ssl_connect", "ssl_do_handshake", "gnutls_handshake", "ssl library error",
		"tls handshake fail", "tls library problem", "tls negotiation fail", "handshake failure", "tls handshake error",
		"certificate verify failed", "certificate verification failed", "certificate not verified", "certificate not trusted",
		"untrusted issuer", "tls is required, but", "tlsa lookup error", "handshake failed", "tls error on connection",
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

// serversOwn returns what a product says, as far as the other side chose none of it.
func serversOwn(e entry) string {
	switch e.product {
	case finding.Dovecot:
		name, _, of := strings.Cut(e.process, "(")
		switch s := withoutUser(e.message); {
		case name == "auth", name == "auth-worker":
			return withoutAngles(inParentheses.without(s, "()"))
		case of && !contains(s, "SSL_", "SSL certificate", "SSL context"): // of a user's mail
			return ""
		default:
			return withoutAngles(s)
		}
	case finding.Exim:
		return strings.Replace(e.message, " error=", " : ", 1) // "SSL verify error: depth=0 error=certificate has expired"
	case finding.Nginx:
		s, _, _ := strings.Cut(e.message, ", client: ")
		if strings.HasPrefix(s, "*") {
			_, s, _ = strings.Cut(s, " ")
		}
		return s
	}
	return e.message
}

var (
	inAngles      = lazily(`<[^<>]*>`)
	inParentheses = lazily(`\([^()]*\)`)
)

func withoutAngles(s string) string {
	if !strings.Contains(s, "<") {
		return s
	}
	return inAngles.without(s, "<>")
}

// withoutQuoted takes out what a log repeats of a mail: addresses, message numbers and the subject.
func withoutQuoted(s string) string {
	s, _, _ = strings.Cut(s, "Subject: ")
	return withoutAngles(s)
}

// ofFilters reports whether a program looks into mails, or is none that speaks TLS: what it logs are
// the names of its rules, and words of the mails.
func ofFilters(process string) bool {
	name, _, _ := strings.Cut(process, "[")
	name, _, _ = strings.Cut(name, ".")
	switch strings.ToLower(name) {
	case "amavis", "rspamd", "spamd", "spampd", "spamass-milter", "spamassassin", "opendkim", "opendmarc", "dkim-filter", "openarc", "policyd-spf", "postgrey", "policyd", "milter-greylist", "clamd", "clamav-milter", "freshclam",
		"mimedefang", "mailscanner", "cron", "crond", "fail2ban", "sshd", "kernel", "sudo", "su", "systemd-logind", "mailman3", "sympa", "named", "unbound", "systemd", "systemd-resolved", "networkmanager", "dnsmasq", "dhclient", "chronyd", "ntpd":
		return true
	}
	return false
}

// hungUp reports whether a client went away, in the words that libraries have for it on a server.
func hungUp(folded string) bool {
	return contains(folded, "error:00000000:lib(0)", "tcp connection closed by peer", "error in the pull function", "error in the push function", "message: short read", "stream truncated", "syscall failed: connection reset", "syscall failed: broken pipe", "syscall failed: success") ||
		strings.Contains(folded, "ssl_error=5") && strings.Contains(folded, "accept failed") ||
		strings.Contains(folded, "tls handshake error from") && (strings.HasSuffix(folded, ": eof") || strings.HasSuffix(folded, "connection reset by peer"))
}

// failedSession reports whether a line of a log tells of a TLS session that failed.
func failedSession(folded string) bool {
	return slices.ContainsFunc(sessionTrouble(), func(words string) bool { return strings.Contains(folded, words) }) ||
		strings.Contains(folded, "starttls") && strings.Contains(folded, "fail")
}

var peerShape = lazily(`(?:rip=|ip=\[|client: |from [^\[]*\[|relay=[^\[]*\[|H=[^\[]*\[|Remote IP: |remoteIp = |remote_ip=|address=|to \S*\[|\[)(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]+:[0-9a-fA-F:]*)`)

// peerIn returns the address of the other side, where a line tells it.
func peerIn(s string) string {
	if m := peerShape.find(s); m != nil {
		return m[1]
	}
	return ""
}
