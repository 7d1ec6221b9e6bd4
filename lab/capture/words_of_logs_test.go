package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"strings"
	"testing"
)

// judged is what a log comes to: "product:code" for what failed, in parentheses what is harmless, and
// what is quoted only.
func judged(d Document) string {
	var out []string
	for _, c := range d.Claims {
		words := string(c.Product) + ":" + string(c.Code())
		if c.Harmless {
			words = "(" + words + ")"
		}
		out = append(out, words)
	}
	if d.Quoted != "" {
		out = append(out, "quoted")
	}
	return strings.Join(out, " ")
}

// TestMailedReports: a TLS report is read out of the mail that brings it.
func TestMailedReports(t *testing.T) {
	for result, want := range map[string]string{"certificate-expired": ":expired", "tlsa-invalid": ":dane-mismatch"} {
		report := `{"organization-name":"Example","policies":[{"policy":{"policy-type":"sts"},"summary":{"total-successful-session-count":3,"total-failure-session-count":2},"failure-details":[{"result-type":"` + result + `","receiving-mx-hostname":"mail.example.com","failed-session-count":2}]}]}`
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write([]byte(report))
		_ = z.Close()
		for form, data := range map[string][]byte{"gzip": packed.Bytes(), "json": []byte(report)} {
			body := base64.StdEncoding.EncodeToString(data)
			var lines strings.Builder
			for len(body) > 76 {
				lines.WriteString(body[:76] + "\r\n")
				body = body[76:]
			}
			mail := "Subject: Report Domain: example.com\r\nContent-Type: application/tlsrpt+" + form + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines.String() + body + "\r\n--0000--\r\n"
			if got := judged(read(t, mail)); got != want {
				t.Errorf("%s as %s: %q", result, form, got)
			}
			if got := judged(read(t, strings.Replace(mail, "application/tlsrpt", "application/x", 1))); got != "" {
				t.Errorf("%s as %s, of another type: %q", result, form, got)
			}
		}
	}
}

// TestLogs: what servers write of failures, and beside each what they write all day.
func TestLogs(t *testing.T) {
	smtpd := func(s string) string { return "Nov  3 09:14:21 mx1 postfix/smtpd[877]: " + s + "\n" }
	smtp := func(s ...string) string {
		return "Nov  3 09:14:21 mx1 postfix/smtp[301]: " + strings.Join(s, "\nNov  3 09:14:21 mx1 postfix/smtp[301]: ") + "\n"
	}
	deferred := func(why string) string {
		return "4F1A2C: to=<bob@example.net>, relay=mx.example.net[192.0.2.5]:25, dsn=4.7.5, status=deferred (" + why + ")"
	}
	sent := "4F1A2C: to=<bob@example.net>, relay=mx.example.net[192.0.2.5]:25, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
	unknown := "certificate verification failed for mx.example.net[192.0.2.5]:25: self-signed certificate"
	login := func(s string) string {
		return "Nov  3 09:14:21 mx1 dovecot: imap-login: " + s + "\n"
	}
	doveconf := func(s string) string {
		return "doveconf: Fatal: Error in configuration file /etc/dovecot/dovecot.conf line 12: " + s + "\n"
	}
	exim := func(s string) string { return "2026-11-03 09:14:21 " + s + "\n" }
	nginx := func(s string) string { return "2026/11/03 09:14:21 [info] 23#23: *17 " + s + "\n" }
	emerg := func(s string) string { return "nginx: [emerg] " + s + "\n" }
	event := func(id, s string) string {
		return "Log Name: System\nSource: Schannel\nEvent ID: " + id + "\nDescription:\n" + s + "\n"
	}
	receive := func(event, s string) string {
		return `2026-11-03T09:14:21.123Z,EX1\Default Frontend EX1,08DC1F,9,198.51.100.25:25,192.0.2.90:51234,` + event + `,,` + s + "\n"
	}
	alert := "warning: TLS library problem: error:0A000418:SSL routines::tlsv1 alert unknown ca:../ssl/record/rec_layer_s3.c:1584:SSL alert number 48:"
	for _, c := range []struct{ name, log, want string }{
		{"a client that hung up", smtpd("SSL_accept error from x[192.0.2.61]: -1") + smtpd("warning: TLS library problem: error:0A000126:SSL routines::unexpected eof while reading:../ssl/record/rec_layer_s3.c:320:"), ""},
		{"a client that did not", smtpd("SSL_accept error from x[192.0.2.61]: -1") + smtpd(alert), "Postfix:issuer-not-trusted"},
		{"STARTTLS that is refused", smtpd("NOQUEUE: reject: STARTTLS from x[192.0.2.61]: 454 4.7.0 TLS not available due to local problem; proto=ESMTP"), "Postfix:server-cannot-load-certificate"},
		{"STARTTLS that another server refuses", smtp("4F1A2C: host mx.example.net[192.0.2.5] said: 454 4.7.0 TLS not available due to local problem (in reply to STARTTLS command)"), "Postfix:starttls-refused"},
		{"a group that is too small", smtpd("warning: TLS library problem: error:0A00018A:SSL routines::dh key too small:../ssl/statem/statem_lib.c:1:"), "Postfix:weak-dh"},
		{"a key that is too small", smtpd("warning: TLS library problem: error:0A00018F:SSL routines::ee key too small:../ssl/ssl_rsa.c:221:"), "Postfix:weak-key"},
		{"not verified, and sent", smtp(unknown, sent), ""},
		{"not verified, and not sent", smtp(unknown, deferred("Server certificate not trusted")), "Postfix:self-signed"},
		{"not verified, and cut there", smtp(unknown), "Postfix:self-signed"},
		{"sent by another process", smtp(unknown) + strings.ReplaceAll(smtp(sent), "301", "302"), "Postfix:self-signed"},
		{"Exim: not verified, and sent", exim("1vGaBc-000024-1f [192.0.2.5] SSL verify error: depth=0 error=self-signed certificate cert=/CN=mx.example.net") + exim("1vGaBc-000024-1f => bob@example.net R=dnslookup T=remote_smtp H=mx.example.net [192.0.2.5]"), ""},
		{"Exim: not verified, and not sent", exim("1vGaBc-000024-1f [192.0.2.5] SSL verify error: depth=0 error=self-signed certificate cert=/CN=mx.example.net") + exim("1vGaBc-000024-1f == bob@example.net R=dnslookup T=remote_smtp defer (-37) H=mx.example.net [192.0.2.5]: TLS session: (SSL_connect): error:0A000086:SSL routines::certificate verify failed"), "Exim:self-signed"},
		{"a name that no one has there", smtp("SSL_connect error to mx.example.net[192.0.2.5]:25: -1", "warning: TLS library problem: error:0A000458:SSL routines::tlsv1 unrecognized name:../ssl/record/rec_layer_s3.c:1584:SSL alert number 112:"), "Postfix:server-has-no-such-name"},
		{"the port of implicit TLS", smtp(`SMTPS wrappermode (TCP port 465) requires setting "smtp_tls_wrappermode = yes", and "smtp_tls_security_level = encrypt" (or stronger)`), "Postfix:wrong-encryption-type"},
		{"TLSA that cannot be looked up", smtp("warning: TLS policy lookup for example.net/mx.example.net: TLSA lookup error for mx.example.net:25"), "Postfix:dane-mismatch"},
		{"posttls-finger", "posttls-finger: certificate verification failed for mx.example.net[192.0.2.5]:25: certificate has expired\n", "Postfix:expired"},
		{"without a time", "postfix/smtpd[877]: " + alert + "\n", "Postfix:issuer-not-trusted"},
		{"behind the name of a file", "/var/log/mail.log:" + smtpd(alert), "Postfix:issuer-not-trusted"},
		{"behind a number", "1234:" + smtpd(alert), "Postfix:issuer-not-trusted"},
		{"behind a bullet", "- " + smtpd(alert), "Postfix:issuer-not-trusted"},
		{"behind a year", "2026 " + smtpd(alert), "Postfix:issuer-not-trusted"},
		{"behind a weekday and a zone", "Tue 2026-11-03 09:14:21 CET mx1 postfix/smtpd[877]: " + alert + "\n", "Postfix:issuer-not-trusted"},
		{"of journalctl -o json", `{"_HOSTNAME":"mx1","SYSLOG_IDENTIFIER":"postfix/smtpd","MESSAGE":"` + alert + `"}` + "\n", "Postfix:issuer-not-trusted"},
		{"of Docker's files", `{"log":"` + strings.TrimSpace(smtpd(alert)) + `\n","stream":"stdout","time":"2026-11-03T09:14:21Z"}` + "\n", "Postfix:issuer-not-trusted"},
		{"in broken lines", "Nov  3 09:14:21 mx1 postfix/smtpd[21877]: warning: TLS library problem:\nerror:0A000418:SSL routines::tlsv1 alert unknown\nca:../ssl/record/rec_layer_s3.c:1584:SSL alert number 48:\n", "Postfix:issuer-not-trusted"},
		{"in broken and quoted lines", "> Nov  3 09:14:21 mx1 dovecot: imap-login: Disconnected: Connection closed:\n> SSL_accept() failed: error:0A000412:SSL routines::sslv3 alert bad\n> certificate: SSL alert number 42 (no auth attempts in 0 secs): user=<>,\n> rip=192.0.2.7, lip=198.51.100.25, TLS handshaking, session=<x>\n", "Dovecot:client-refused-certificate"},
		{"a sentence behind a line of a log", "Nov  3 09:14:21 mx1 postfix/smtpd[21877]: disconnect from unknown[192.0.2.61]\nand the telephone says: x509: certificate has expired or is not yet valid\n", ":expired"},
		{"Dovecot: a section without a name", doveconf("passdb { } is missing section name"), "Dovecot:outdated-configuration"},
		{"Dovecot 2.2: a key of another certificate", login("Error: Failed to initialize SSL server context: Can't load SSL private key: Key is for a different cert than ssl_cert: user=<>, rip=192.0.2.7, lip=198.51.100.25"), "Dovecot:key-does-not-match-certificate"},
		{"Dovecot: a key with a password", login("Error: Failed to initialize SSL server context: Can't load SSL private key (ssl_key setting): error:0906A068:PEM routines:PEM_do_header:bad password read: user=<>, rip=192.0.2.7, lip=198.51.100.25"), "Dovecot:key-encrypted"},
		{"Dovecot: a setting of 2.3", doveconf("Unknown setting: mail_location"), "Dovecot:outdated-configuration"},
		{"Dovecot: nothing more was said", login("Disconnected: Inactivity (no auth attempts in 180 secs): user=<>, rip=192.0.2.7, lip=198.51.100.25, TLS handshaking, session=<x>"), "Dovecot:wrong-encryption-type"},
		{"Dovecot: nothing more was said, without TLS", login("Disconnected: Inactivity (no auth attempts in 180 secs): user=<>, rip=192.0.2.7, lip=198.51.100.25, session=<x>"), ""},
		{"Dovecot: reset", login("Disconnected: Connection closed: SSL_accept() syscall failed: Connection reset by peer (no auth attempts in 0 secs): user=<>, rip=192.0.2.7, lip=198.51.100.25, TLS handshaking, session=<x>"), ""},
		{"Dovecot: a mail's number", "Nov  3 09:14:21 mx1 dovecot: lmtp(anna)<12><z>: sieve: msgid=<certificate-has-expired@example.net>: stored mail into mailbox 'INBOX'\n", ""},
		{"Dovecot: a mailbox", "Nov  3 09:14:21 mx1 dovecot: imap(anna)<12><z>: Error: Mailbox certificate has expired: permission denied\n", ""},
		{"Dovecot: a password", login("Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<root>, method=PLAIN, rip=192.0.2.8, lip=198.51.100.25, TLS, session=<y>"), "Dovecot:credentials-refused"},
		{"Dovecot: passwords, all day", strings.Repeat(login("Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<root>, method=PLAIN, rip=192.0.2.8, lip=198.51.100.25, TLS, session=<y>"), 4), ""},
		{"Exim: hung up", exim("TLS error on connection from [192.0.2.9] (SSL_accept): error:00000000:lib(0):func(0):reason(0)") + exim("TLS error on connection from [192.0.2.9] (gnutls_handshake): Error in the pull function.") + exim("SSL_write: (from [192.0.2.77]) error:0A000126:SSL routines::unexpected eof while reading"), ""},
		{"Exim: DANE", exim("1vGaBc-000024-1f H=mx.example.net [192.0.2.5]: DANE error: tlsa lookup DEFER"), "Exim:dane-mismatch"},
		{"nginx: HTTP on a port of TLS", nginx(`client sent plain HTTP request to HTTPS port while reading client request headers, client: 192.0.2.147, server: x, request: "GET / HTTP/1.1"`), "(nginx:wrong-encryption-type)"},
		{"nginx: a name of the server behind it", nginx(`upstream SSL certificate does not match "imap.example.com" while SSL handshaking to upstream, client: 192.0.2.147, server: x`), "nginx:name-mismatch"},
		{"nginx: an alert of the server behind it", nginx(`SSL_do_handshake() failed (SSL: error:0A000418:SSL routines::tlsv1 alert unknown ca:SSL alert number 48) while SSL handshaking to upstream, client: 192.0.2.147, server: x`), "nginx:client-certificate-refused"},
		{"nginx: a request", nginx(`access forbidden by rule, client: 192.0.2.147, server: x, request: "GET /SSL_do_handshake()%20failed?certificate%20has%20expired HTTP/1.1"`), ""},
		{"nginx: an old spelling of a file that is gone", emerg(`BIO_new_file("/etc/ssl/mail.crt") failed (SSL: error:02001002:system library:fopen:No such file or directory:fopen('/etc/ssl/mail.crt','r'))`), "nginx:certificate-file-missing"},
		{"nginx: an old spelling of a file that is damaged", emerg(`PEM_read_bio_X509_AUX("/etc/ssl/mail.crt") failed (SSL: error:0909006C:PEM routines:get_name:no start line:Expecting: TRUSTED CERTIFICATE)`), "nginx:malformed-certificate"},
		{"nginx: no key in the file", emerg(`cannot load certificate key "/etc/ssl/mail.key": PEM_read_bio_PrivateKey() failed (SSL: error:0909006C:PEM routines:get_name:no start line:Expecting: ANY PRIVATE KEY)`), "nginx:key-missing"},
		{"an access log", `192.0.2.7 - - [03/Nov/2026:09:14:21 +0100] "GET /certificate-has-expired HTTP/1.1" 404 162 "-" "curl/8"` + "\n", ""},
		{"sendmail: hung up", "Nov  3 09:14:21 mx2 sm-mta[17104]: STARTTLS=server, error: accept failed=0, reason=unknown, SSL_error=5, errno=0, retry=-1, relay=[192.0.2.96]\n", ""},
		{"hMailServer: hung up", "\"TCPIP\"\t2684\t\"2026-11-03 09:14:21.345\"\t\"TCPConnection - TLS/SSL handshake failed. Session Id: 312, Remote IP: 192.0.2.31, Error code: 335544539, Message: short read\"\n", ""},
		{"hMailServer: another server", "\"DEBUG\"\t2684\t\"2026-11-03 09:14:21.345\"\t\"Certificate verification failed for session 12, Expected host: mx.example.net, Error code: 20, Message: unable to get local issuer certificate\"\n", "hMailServer:missing-intermediate"},
		{"Exchange: no certificate", receive("*", "TLS negotiation failed with error NoCredentials"), "Exchange:server-cannot-load-certificate"},
		{"Exchange: what a client says", receive("<", "TLS negotiation failed with error NoCredentials"), ""},
		{"Schannel: no key", event("36869", "The TLS server credential's certificate does not have a private key information property attached to it."), ":key-missing"},
		{"Stalwart: what a user is called", `2026-11-03T09:14:21Z WARN Authentication failed (auth.failed) listenerId = "imaptls", accountName = "tls handshake error: received fatal alert: UnknownCA"` + "\n", ""},
		{"HAProxy: an alert", "Nov  3 09:14:21 lb1 haproxy[812]: 192.0.2.7:51234 [03/Nov/2026:09:14:21.123] imaps/1: SSL handshake failure (error:0A000418:SSL routines::tlsv1 alert unknown ca)\n", ":issuer-not-trusted"},
		{"HAProxy: two that do not fit", "[ALERT]    (1) : config : parsing [/etc/haproxy/haproxy.cfg:30] : 'bind :993' : inconsistencies between private key and certificate loaded '/etc/ssl/mail.pem'.\n", ":key-does-not-match-certificate"},
		{"HAProxy: no key", "[ALERT]    (1) : config : parsing [/etc/haproxy/haproxy.cfg:30] : 'bind :993' : No Private Key found in '/etc/ssl/mail.pem' or '/etc/ssl/mail.pem.key'.\n", ":key-missing"},
		{"Postfix: another server's word on a mail", smtp("4F1A2C: to=<bob@example.net>, relay=mx.example.net[192.0.2.5]:25, dsn=5.7.1, status=bounced (host mx.example.net[192.0.2.5] said: 554 5.7.1 spam: certificate has expired (in reply to end of DATA command))"), ""},
		{"Postfix: a sender", smtpd("warning: Illegal address syntax from unknown[192.0.2.99] in MAIL command: <cannot start tls: certificate has expired>"), ""},
		{"Postfix: a client's certificate", smtpd("certificate verification failed for unknown[192.0.2.7]: self-signed certificate"), ""},
		{"Postfix: the greeting did not come", smtp(deferred("lost connection with smtp.example.net[192.0.2.5] while receiving the initial server greeting")), "Postfix:connection-reset"},
		{"Postfix: the other server hung up", smtp("SSL_connect error to mx.example.net[192.0.2.5]:25: lost connection"), "Postfix:handshake-dropped"},
		{"Dovecot: a client's certificate", login("Invalid certificate: self-signed certificate: /CN=anna: user=<>, rip=192.0.2.7, lip=198.51.100.25, TLS handshaking"), "Dovecot:client-certificate-refused"},
		{"Dovecot: TLS without files", doveconf("ssl enabled, but ssl_server_cert_file not set"), "Dovecot:server-cannot-load-certificate"},
		{"Exim: a greeting", exim("H=(TLS error on connection from x (SSL_accept): tlsv1 alert unknown ca) [192.0.2.7] F=<a@b.example> rejected RCPT <x@y.example>") + exim("rejected EHLO from [192.0.2.7]: syntactically invalid argument(s): (gnutls_handshake): Certificate is expired"), ""},
		{"Exim: a key with a password", exim("TLS error on connection from x [192.0.2.9] (SSL_CTX_use_PrivateKey_file file=/etc/exim.key): error:0906A068:PEM routines:PEM_do_header:bad password read"), "Exim:key-encrypted"},
		{"nginx: nothing more was said", nginx("client timed out (110: Connection timed out) while SSL handshaking, client: 192.0.2.147, server: 0.0.0.0:993"), "nginx:wrong-encryption-type"},
		{"nginx: nothing more was asked", nginx("client timed out (110: Connection timed out) while waiting for request, client: 192.0.2.147, server: 0.0.0.0:443"), ""},
		{"Apache as a proxy", "[Tue Nov 03 09:14:21.123456 2026] [ssl:error] [pid 7:tid 140] AH02411: SSL Proxy: Peer certificate does not match for hostname imap.example.net\n", "Apache:name-mismatch"},
		{"Go: hung up", "2026/11/03 09:14:21 http: TLS handshake error from 192.0.2.7:51234: EOF\n", ""},
		{"Go: an alert", "2026/11/03 09:14:21 http: TLS handshake error from 192.0.2.7:51234: remote error: tls: expired certificate\n", ":expired"},
		{"Schannel in German", "Quelle:        Schannel\nEreignis-ID:   36887\nEs wurde eine schwerwiegende Warnung vom Remoteendpunkt empfangen. Die schwerwiegende Warnung hat folgenden für das TLS-Protokoll definierten Code: 46.\n", ":client-refused-certificate"},
		{"Schannel in French", "Source :       Schannel\nID de l’événement : 36884\nLe certificat reçu du serveur distant ne contient pas le nom attendu. Il est donc impossible de déterminer si la connexion est correcte.\n", ":name-mismatch"},
		{"Schannel as XML", `<Event><System><Provider Name="Schannel"/><EventID>36887</EventID></System><EventData><Data Name="AlertDesc">48</Data></EventData></Event>` + "\n", ":issuer-not-trusted"},
		{"Stalwart: MTA-STS", `2026-11-03T09:14:21Z INFO MTA-STS policy not authorized (mta-sts.not-authorized) queueId = 1, domain = "example.net"` + "\n", "Stalwart:mta-sts-mismatch"},
		{"OpenSMTPD: another server's certificate", "Nov  3 09:14:21 mx1 smtpd[812]: 1f2e3d4c mta error reason=\"IO Error: handshake failed: error:0A000415:SSL routines::sslv3 alert certificate expired\"\n", "OpenSMTPD:client-certificate-refused"},
		{"OpenSMTPD: a command", "Nov  3 09:14:21 mx1 smtpd[812]: 1f2e3d4c smtp bad-input result=\"500 5.5.1 Invalid command: Command unrecognized\"\n", ""},
		{"mox: no file", "l=fatal m=\"parsing static config\" err=\"loading tls cert: open /home/mox/config/cert.pem: no such file or directory\" pkg=config\n", "mox:certificate-file-missing"},
		{"Exim: a relay that wants STARTTLS", exim("1vGaBc-000024-1f ** bob@example.net R=smarthost T=remote_smtp_smarthost H=smtp.example.net [192.0.2.5]: SMTP error from remote mail server after MAIL FROM:<anna@example.com>: 530 5.7.0 Must issue a STARTTLS command first"), "Exim:wrong-encryption-type"},
		{"Exim: a relay that says nothing", exim("1vGaBc-000024-1f H=smtp.example.net [192.0.2.5]: SMTP timeout while connected to smtp.example.net [192.0.2.5] after initial connection: Connection timed out"), "Exim:wrong-encryption-type"},
		{"Exim: another server's word on a mail", exim("1vGaBc-000024-1f ** bob@example.net R=dnslookup T=remote_smtp H=mx.example.net [192.0.2.5]: SMTP error from remote mail server after end of data: 554 spam: your certificate has expired"), ""},
		{"a policy that does not name the server", "version: STSv1\nmode: enforce\nmx: mail.example.org\nmax_age: 604800\n$ dig +short MX example.com\n10 mail.example.com.\n", ":mta-sts-mismatch"},
		{"a policy that names it", "version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 604800\n$ dig +short MX example.com\n10 mail.example.com.\n", ""},
		{"a policy that is none", "version: STSv1\nmode: none\nmx: mail.example.org\nmax_age: 604800\n$ dig +short MX example.com\n10 mail.example.com.\n", ""},
		{"dig +short", "$ dig +short SRV _imaps._tcp.example.com\n0 1 143 mail.example.com.\n", ":published-settings-wrong"},
		{"dig +short, in order", "$ dig +short SRV _imaps._tcp.example.com\n0 1 993 mail.example.com.\n", ""},
		{"a record that need not be", "; <<>> DiG 9.18 <<>> TLSA _25._tcp.mail.example.com\n;; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 4711\n", ""},
		{"filters", "Nov  3 09:14:21 mx1 amavis[812]: (00812-01) Passed CLEAN, Subject: \"certificate has expired\"\n2026-11-03 09:14:21 #12(normal) <abc>; task; rspamd_task_write_log: id: <certificate-has-expired@example.net>\nNov  3 06:25:06 mx1 spamd[18]: spamd: result: Y 12 - CERT_EXPIRED,SSL_ERROR\n", ""},
		{"nslookup", "_imaps._tcp.example.com\tservice = 0 1 143 mail.example.com.\n", ":published-settings-wrong"},
		{"nslookup, in order", "_imaps._tcp.example.com\tservice = 0 1 993 mail.example.com.\n", ""},
		{"nslookup on Windows", "_submissions._tcp.example.com  SRV service location:\n          priority       = 0\n          port           = 587\n          svr hostname   = mail.example.com\n", ":published-settings-wrong"},
	} {
		if got := judged(read(t, c.log)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
