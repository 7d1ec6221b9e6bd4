package capture

import "strings"

// The heads of log lines. A client can put words of its own into most logs: a name, an address.
// That is why a message must stand where the product puts it, and is not looked for elsewhere.

// tagged knows the lines of syslog by the name of the program: "Nov 25 18:42:08 host
// postfix/smtpd[239]: message".
func tagged(name string) func(string) (process, message string, ok bool) {
	return func(line string) (string, string, bool) {
		tag, message, ok := strings.Cut(line, "]: ")
		if !ok {
			return "", "", false
		}
		at := strings.LastIndexByte(tag, ' ') + 1
		return tag[at:], message, strings.HasPrefix(tag[at:], name)
	}
}

// dovecotLine knows what Dovecot writes to a file of its own, "Nov 25 18:42:08 imap-login: Error:
// message", to syslog, "dovecot: imap-login: Error: message", where Info is mostly left out, and to
// a terminal. What comes behind the message is of the client.
func dovecotLine(line string) (process, message string, ok bool) {
	for _, level := range []string{": Error: ", ": Fatal: ", ": Warning: ", ": Info: ", ": Panic: "} {
		head, rest, found := strings.Cut(line, level)
		if !found {
			continue
		}
		return dovecotSaid(head[strings.LastIndexByte(head, ' ')+1:], rest, level != ": Info: ")
	}
	for _, tag := range []string{" dovecot: ", " dovecot["} {
		_, rest, found := strings.Cut(line, tag)
		if found && strings.HasSuffix(tag, "[") {
			_, rest, found = strings.Cut(rest, "]: ")
		}
		if process, message, ok := strings.Cut(rest, ": "); found && ok {
			return dovecotSaid(process, message, false)
		}
	}
	return "", "", false
}

// dovecotSaid takes a message apart. One that tells of ordinary work has no message: nothing fails there.
func dovecotSaid(process, rest string, trouble bool) (string, string, bool) {
	switch name, _, _ := strings.Cut(process, "("); name {
	case "master", "config", "doveconf", "imap-login", "pop3-login", "submission-login", "managesieve-login",
		"imap", "pop3", "submission", "lmtp", "auth", "anvil", "log", "stats", "doveadm", "ssl-params":
	default:
		return "", "", false
	}
	message, _, _ := strings.Cut(rest, ": user=<")
	if !trouble && process != "master" {
		message = "" // nothing that fails
	}
	return process, message, true
}

// eximLine knows the main log of Exim by its time. Of a message about TLS only what stands behind
// the client is returned.
func eximLine(line string) (process, message string, ok bool) {
	line = strings.TrimSpace(line)
	if _, rest, found := strings.Cut(line, " exim["); found { // of syslog
		if _, rest, found = strings.Cut(rest, "]: "); found {
			line = rest
		}
	}
	if len(line) > 20 && dated(line[:20], "0000-00-00 00:00:00 ") {
		line, ok = line[20:], true
	}
	if !ok {
		return "", "", false
	}
	if !strings.HasPrefix(line, "TLS error on connection ") {
		if strings.HasPrefix(line, "exim ") || strings.HasPrefix(line, "SIGHUP ") || strings.Contains(line, ": SIGHUP received: ") || strings.HasPrefix(line, "pid ") {
			return "", line, true
		}
		return "", "", true
	}
	if at := strings.LastIndex(line, "(cert/key setup: "); at >= 0 {
		return "", line[at:], true
	}
	if at := strings.LastIndex(line, "] ("); at >= 0 {
		return "", line[at+2:], true
	}
	return "", "", true
}

// nginxLine knows the error log of nginx, "2026/11/25 18:41:21 [emerg] 113#113: message", and what
// it says on a terminal, "nginx: [emerg] message".
func nginxLine(line string) (process, message string, ok bool) {
	if rest, is := strings.CutPrefix(line, "nginx: ["); is {
		_, message, ok = strings.Cut(rest, "] ")
		return "", message, ok
	}
	if len(line) <= 20 || !dated(line[:20], "0000/00/00 00:00:00 ") || line[20] != '[' {
		return "", "", false
	}
	_, rest, _ := strings.Cut(line, "] ")
	process, message, ok = strings.Cut(rest, ": ")
	return process, message, ok
}

// apacheLine knows the error log of Apache: "[Wed Nov 25 18:41:21.123456 2026] [ssl:emerg] [pid 7]
// AH02565: message".
func apacheLine(line string) (process, message string, ok bool) {
	at := strings.Index(line, "] AH")
	if !strings.HasPrefix(line, "[") || at < 0 || !strings.Contains(line[:at], "] [") {
		return "", "", false
	}
	return "", line[at+2:], true
}

// dated reports whether s has the form of a time, with any digit for a 0.
func dated(s, form string) bool {
	for i := range len(form) {
		digit := s[i] >= '0' && s[i] <= '9'
		if form[i] == '0' && !digit || form[i] != '0' && s[i] != form[i] {
			return false
		}
	}
	return true
}
