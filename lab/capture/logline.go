package capture

import (
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// The heads of log lines. A client can put words of its own into most logs: a name, an address.
// That is why a message must stand where the product puts it. A line is a product's when its form
// says so; a date alone is nobody's.

// An entry is one line of a log, taken apart.
type entry struct {
	product finding.Product // empty: of a program that is not known here
	process string          // which of its processes: "postfix/smtpd[239]", "imap-login"
	message string          // what it says
	stamp   string          // when, as it is written
	client  bool            // the server speaks as a client of another one
	trouble bool            // the product itself marks it as a warning or an error
}

var (
	syslogTime = lazily(`^(?:<\d{1,3}>\d? ?)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) `)
	syslogHead = lazily(`^(?:(\S+) )?([A-Za-z][\w./()-]*)(?:\[(\d{1,10})\])?: `)
	bareHead   = lazily(`^([A-Za-z][\w./()-]*)(?:\[(\d{1,10})\])?: `)
	// copied is what stands before the time where people copy a line out of many: a bullet, the file and
	// the number that grep writes, a day of the week or a year that systemd writes.
	copied     = lazily(`^(?:[-*•·] |(?:/[\w.@-]+){2,8}:(?:\d{1,7}:)?|\d{1,7}[:-] ?|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) |\d{4} )+`)
	filterTask = lazily(`^#\d{1,10}\(\w+\) <`)
	timeZone   = lazily(`^[A-Z]{2,5} `)
	// accessShape is a line of the access log of a web server, of which a client chose the rest.
	accessShape = lazily(`^\S+ \S+ \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "`)
	exchangeCSV = lazily(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[.\d]*Z,([^,]{0,200}),([0-9A-F]{3,20}),\d+,[^,]*,[^,]*,([-+*<>]),(.*)$`)
	ownTime     = lazily(`^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:[.,]\d{1,6})?(?: [+-]\d{4})? (?:\[\d{1,10}\] )?`)
	queueID     = lazily(`^[0-9A-Za-z]{6}-[0-9A-Za-z]{4,11}-[0-9A-Za-z]{2,4} `)
	hmailShape  = lazily(`^"?(?:TCPIP|ERROR|SMTPD|SMTPC|IMAPD|POP3D|POP3C|APPLICATION|DEBUG)"?\s+\d{1,10}\s+(?:\d{1,10}\s+)?"?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[.\d]*"?\s+(.*)$`)
	stalwart    = lazily(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[.\d]*Z? +(?:TRACE|DEBUG|INFO|WARN|ERROR) +(.* \([a-z0-9-]+\.[a-z0-9-]+\).*)$`)
	moxShape    = lazily(`^(?:l=\w+ m=".*\bpkg=\w+|.*\bl=\w+ m=".*\bpkg=\w+)`)
	haraka      = lazily(`^(?:(\d{4}-\d\d-\d\dT\S+) )?\[(?:DEBUG|INFO|NOTICE|WARN|ERROR|CRIT)\] \[[\w.-]+\] \[[\w./-]+\] (.*)$`)
	apacheHead  = lazily(`^\[[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d [\d:.]+ \d{4}\] \[[\w:]+\] (?:\[[^\]]*\] )*(.*)$`)
)

// entryOf takes a line apart, and reports whether it has the form of a log's.
func entryOf(s string) (entry, bool) {
	e, ok := headed(s)
	if ok || s == "" || s[0] >= 'A' && s[0] < 0x80 && (len(s) < 20 || s[3] != ' ' || s[4] != '2') {
		return e, ok
	}
	if loc := copied.at(s); loc != nil {
		return headed(s[loc[1]:])
	}
	return e, ok
}

// headed takes a line apart that begins with its own head.
func headed(s string) (entry, bool) {
	if s == "" {
		return entry{}, false
	}
	switch s[0] {
	case '"', 'T', 'E', 'S', 'I', 'P', 'A', 'D':
		if m := hmailShape.find(s); m != nil {
			return entry{product: finding.HMailServer, message: strings.Trim(m[2], `"`), stamp: m[1]}, true
		}
	case '[':
		if m := apacheHead.find(s); m != nil {
			return entry{product: finding.Apache, message: m[1], client: contains(m[1], "SSL Proxy", "enable ssl support for")}, true
		}
		if m := haraka.find(s); m != nil {
			return entry{product: finding.Haraka, message: m[2]}, true
		}
	}
	if s[0] >= '0' && s[0] <= '9' {
		e, ok := datedEntry(s)
		if !ok && strings.Contains(s, "] \"") && accessShape.in(s) {
			return entry{}, true
		}
		return e, ok
	}
	if loc := syslogTime.at(s); loc != nil {
		return timed(s[loc[1]:], s[loc[2]:loc[3]])
	}
	if strings.HasPrefix(s, "l=") && moxShape.in(s) {
		return entry{product: finding.Mox, message: s}, true
	}
	return undated(s)
}

// datedEntry reads lines that begin with a year.
func datedEntry(s string) (entry, bool) {
	if dated(s, "0000/00/00 00:00:00 ") {
		rest := s[20:]
		if strings.HasPrefix(rest, "[") {
			_, rest, _ = strings.Cut(rest, "] ")
			process, message, ok := strings.Cut(rest, ": ")
			e := entry{product: finding.Nginx, process: process, message: message, stamp: s[:19]}
			e.client = contains(message, "while SSL handshaking to upstream", "upstream SSL certificate")
			return e, ok
		}
		return entry{}, false // of a Go program, for one
	}
	if dated(s, "0000-00-00T00:00:00") {
		if m := stalwart.find(s); m != nil {
			return entry{product: finding.Stalwart, message: m[2], stamp: m[1]}, true
		}
		if m := haraka.find(s); m != nil {
			return entry{product: finding.Haraka, message: m[2], stamp: m[1]}, true
		}
		if m := exchangeCSV.find(s); m != nil {
			return exchangeEntry(m), true
		}
		if loc := syslogTime.at(s); loc != nil {
			return timed(s[loc[1]:], s[loc[2]:loc[3]])
		}
		return entry{}, false
	}
	loc := ownTime.at(s)
	if loc == nil {
		return entry{}, false
	}
	stamp, rest := s[loc[2]:loc[3]], s[loc[1]:]
	if e, ok := dovecotEntry(rest, stamp); ok {
		return e, true
	}
	if isExim(rest) {
		return eximEntry(rest, stamp), true
	}
	if strings.Contains(rest, "l=") && moxShape.in(rest) {
		return entry{product: finding.Mox, message: rest, stamp: stamp}, true
	}
	if strings.HasPrefix(rest, "#") && filterTask.in(rest) {
		return entry{}, true // what a filter makes of a mail
	}
	if loc := timeZone.at(rest); loc != nil {
		rest = rest[loc[1]:]
	}
	if e, ok := timed(rest, stamp); ok && e.product != "" {
		return e, true
	}
	return entry{}, false
}

// timed reads what stands behind the time of syslog, or of Dovecot's own log.
func timed(s, stamp string) (entry, bool) {
	if e, ok := dovecotEntry(s, stamp); ok {
		return e, true
	}
	m := syslogHead.at(s)
	if m == nil {
		return entry{}, false
	}
	program := s[m[4]:m[5]]
	process := program
	if m[6] > 0 {
		process = s[m[4] : m[7]+1]
	}
	return of(program, process, s[m[1]:], stamp)
}

// undated reads lines that have lost their date, or never had one.
func undated(s string) (entry, bool) {
	if e, ok := dovecotEntry(s, ""); ok {
		return e, true
	}
	if strings.HasPrefix(s, "TLS error on ") || strings.HasPrefix(s, "TLS session: (") {
		return eximEntry(s, ""), true
	}
	if rest, is := strings.CutPrefix(s, "nginx: ["); is {
		_, message, ok := strings.Cut(rest, "] ")
		return entry{product: finding.Nginx, message: message}, ok
	}
	if rest, is := strings.CutPrefix(s, "nginx: "); is {
		return entry{product: finding.Nginx, message: rest}, true
	}
	m := bareHead.at(s)
	if m == nil {
		return entry{}, false
	}
	program := s[m[2]:m[3]]
	if product(program) == "" {
		return entry{}, false
	}
	process := program
	if m[4] > 0 {
		process = s[m[2] : m[5]+1]
	}
	return of(program, process, s[m[1]:], "")
}

// product returns whose a program of syslog's is.
func product(program string) finding.Product {
	name, rest, _ := strings.Cut(program, "/")
	switch {
	case strings.HasPrefix(name, "postfix"), name == "posttls-finger":
		return finding.Postfix
	case name == "cyrus" && rest != "":
		return finding.Cyrus
	}
	switch program {
	case "dovecot", "doveconf", "doveadm":
		return finding.Dovecot
	case "exim", "exim4":
		return finding.Exim
	case "sendmail", "sm-mta", "sm-msp-queue", "sm-mta-recv":
		return finding.Sendmail
	case "imapd-ssl", "pop3d-ssl", "couriertcpd", "courieresmtpd", "courieresmtpd-ssl", "esmtpd-ssl", "courierd", "couriertls":
		return finding.Courier
	case "imaps", "pop3s", "lmtpunix", "cyr_expire", "ctl_cyrusdb":
		return finding.Cyrus
	case "smtpd":
		return finding.OpenSMTPD
	case "stalwart", "stalwart-mail":
		return finding.Stalwart
	}
	return ""
}

// of makes the entry of a program.
func of(program, process, message, stamp string) (entry, bool) {
	p := product(program)
	e := entry{product: p, process: process, message: message, stamp: stamp}
	switch p {
	case finding.Dovecot:
		if d, ok := dovecotEntry(message, stamp); ok {
			return d, true
		}
		if program != "dovecot" {
			return entry{product: p, process: program, message: message, stamp: stamp, trouble: true}, true
		}
	case finding.Postfix:
		e.client = strings.Contains(program, "/smtp") && !strings.Contains(program, "/smtpd") && !strings.Contains(program, "/smtps") || strings.HasSuffix(program, "/lmtp") || program == "posttls-finger" || strings.Contains(program, "tlsproxy") && strings.Contains(message, "SSL_connect")
	case finding.Exim:
		return eximEntry(message, stamp), true
	case finding.OpenSMTPD:
		e.client = contains(message, " mta ", "smtp-out: ")
	case finding.Sendmail:
		e.client = contains(message, "STARTTLS=client", "ruleset=tls_server", "stat=Deferred")
	case "":
		if nested, ok := undated(message); ok { // of a container whose log goes to the journal
			nested.stamp = stamp
			return nested, true
		}
		if (program == "imap" || program == "pop3" || program == "imapd" || program == "pop3d" || program == "lmtpd" || program == "master") && strings.Contains(message, "TLS server engine") {
			e.product = finding.Cyrus
		}
		if strings.Contains(message, "couriertls: ") {
			e.product = finding.Courier
		}
	}
	return e, true
}

// dovecotEntry knows what Dovecot writes to a file of its own, "imap-login: Error: message", and to
// syslog, where Info is mostly left out, behind the time. What comes behind the message is of the client.
func dovecotEntry(s, stamp string) (entry, bool) {
	if strings.HasPrefix(s, "Info: ") || strings.HasPrefix(s, "Error: ") {
		if strings.Contains(s, ", rip=") && strings.Contains(s, ", lip=") {
			_, message, _ := strings.Cut(s, ": ")
			return entry{product: finding.Dovecot, message: message, stamp: stamp}, true
		}
		return entry{}, false
	}
	process, rest, ok := strings.Cut(s, ": ")
	if !ok || len(process) > 120 {
		return entry{}, false
	}
	if process == "dovecot" {
		return dovecotEntry(rest, stamp)
	}
	name, _, _ := strings.Cut(process, "(")
	switch name {
	case "imap-login", "pop3-login", "submission-login", "managesieve-login", "imap-urlauth-login", "lmtp", "doveconf", "ssl-params", "anvil":
	case "master", "config", "imap", "pop3", "submission", "auth", "log", "stats", "doveadm", "lda":
		if stamp == "" && !levelled(rest) {
			return entry{}, false
		}
	default:
		return entry{}, false
	}
	e := entry{product: finding.Dovecot, process: process, message: rest, stamp: stamp, trouble: name == "doveconf"}
	for _, level := range []string{"Error: ", "Fatal: ", "Warning: ", "Panic: ", "Info: ", "Debug: "} {
		if message, is := strings.CutPrefix(rest, level); is {
			e.message, e.trouble = message, level != "Info: " && level != "Debug: "
		}
	}
	return e, true
}

func levelled(s string) bool {
	for _, level := range []string{"Error: ", "Fatal: ", "Warning: ", "Panic: ", "Info: "} {
		if strings.HasPrefix(s, level) {
			return true
		}
	}
	return false
}

// isExim knows the main log of Exim by what stands behind the time.
func isExim(s string) bool {
	if queueID.in(s) {
		return true
	}
	for _, begins := range []string{"TLS error on ", "TLS session: (", "exim ", "SIGHUP ", "Start queue run", "End queue run", "no host name found for IP address", "H=(", "H=[", "no IP address found for host",
		"SMTP syntax error in ", "SMTP connection from ", "SMTP call from ", "SMTP command timeout", "unexpected disconnection while reading SMTP", "SMTP protocol ", "dovecot_login authenticator", "login authenticator", "plain_login authenticator", "Warning: ", "pid ", "socket bind()", "SSL_write: (", "SSL_read: (", "rejected "} {
		if strings.HasPrefix(s, begins) {
			return true
		}
	}
	return strings.HasPrefix(s, "H=") && (strings.Contains(s, " [") || strings.Contains(s, "TLS"))
}

func eximEntry(s, stamp string) entry {
	e := entry{product: finding.Exim, message: s, stamp: stamp}
	if loc := queueID.at(s); loc != nil {
		e.process = s[:loc[1]]
	}
	e.client = strings.Contains(s, "T=remote_smtp") || strings.Contains(s, " R=dnslookup") || queueID.in(s) && contains(s, "TLS session", "SSL verify error", "]: DANE ", "after initial connection") && !strings.Contains(s, " <= ") ||
		strings.Contains(s, "(SSL_connect)") || strings.Contains(s, "TLS error on connection to ")
	return e
}

// exchangeEntry reads a line of Exchange's protocol logs: time, connector, session, number, two addresses,
// who spoke, what was said, and what Exchange says of it. Connectors that receive have the server's name
// before theirs. What the other side spoke is its own.
// https://learn.microsoft.com/exchange/mail-flow/connectors/protocol-logging
func exchangeEntry(m []string) entry {
	e := entry{product: finding.Exchange, process: m[3], message: m[5], stamp: m[1], client: !strings.Contains(m[2], `\`)}
	if !e.client && m[4] == "<" {
		e.message = ""
	}
	return e
}

// anchors stand where a line of a log begins inside of another text.
var logAnchor = lazily("(?:^|[\\s`'\"「“（(：:])(nginx: \\[|doveconf: |dovecot: [a-z-]+(?:\\([^)]*\\))?: |imap-login: |pop3-login: |submission-login: |postfix/[\\w/-]+\\[\\d+\\]: |TLS error on connection from |couriertls: )")

// inside finds the line of a log inside of prose.
func inside(s string) (entry, bool) {
	loc := logAnchor.at(s)
	if loc == nil {
		return entry{}, false
	}
	return undated(strings.Trim(s[loc[2]:], "`'\"」”）"))
}

// dated reports whether s begins with a time of this form, with any digit for a 0.
func dated(s, form string) bool {
	if len(s) < len(form) {
		return false
	}
	for i := range len(form) {
		digit := s[i] >= '0' && s[i] <= '9'
		if form[i] == '0' && !digit || form[i] != '0' && s[i] != form[i] {
			return false
		}
	}
	return true
}
