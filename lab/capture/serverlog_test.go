package capture

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

func readLogs(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/logs/*.txt")
	if err != nil || len(names) < 40 {
		t.Fatalf("%d logs: %v", len(names), err)
	}
	out := map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(name), ".txt")] = data
	}
	return out
}

// said is what a log claims: "Product:code" each, and what is quoted of it.
func said(d Document) string {
	var out []string
	for _, c := range d.Claims {
		out = append(out, string(c.Product)+":"+string(c.Code()))
	}
	if d.Quoted != "" {
		out = append(out, "quoted")
	}
	return strings.Join(out, " ")
}

// TestServerLogs reads what the products wrote when they were given such a pair. The name of a log
// is the product, its version, and the fault.
func TestServerLogs(t *testing.T) {
	codes := map[string]finding.Code{
		"mismatch": finding.KeyDoesNotMatch, "encrypted": finding.KeyEncrypted, "permission": finding.KeyUnreadable,
		"missing": finding.KeyMissing, "nokey": finding.KeyMissing, "gone": finding.KeyMissing,
		"emptycert": finding.MalformedCertificate, "garbagecert": finding.MalformedCertificate, "damagedcert": finding.MalformedCertificate,
		"nocert": finding.CertificateFileMissing, "good": "", "other": "",
	}
	products := map[string]finding.Product{"postfix": finding.Postfix, "dovecot": finding.Dovecot, "exim": finding.Exim, "nginx": finding.Nginx, "apache": finding.Apache}
	for name, data := range readLogs(t) {
		parts := strings.Split(name, "-")
		product, fault := products[parts[0]], parts[len(parts)-1]
		want, ok := codes[fault]
		switch {
		case !ok:
			t.Fatalf("%s: no code", name)
		case product == finding.Exim && want != "" && want != finding.KeyDoesNotMatch && want != finding.KeyEncrypted:
			want = finding.CertificateNotLoaded // it does not say which file it means
		case product == finding.Postfix && parts[2] == "chain" && fault == "nocert":
			want = finding.MalformedCertificate // the file is there, with the key alone
		}
		d := read(t, string(data))
		full := ""
		if want != "" {
			full = string(product) + ":" + string(want)
		}
		if got := strings.TrimPrefix(said(d), "Postfix:no-common-cipher "); got != full { // which follows from it
			t.Errorf("%s: %q, want %q", name, got, full)
		}
		for _, c := range d.Claims {
			if c.Product != product || c.Count == 0 || c.Text == "" || c.By != "the log of "+string(product) {
				t.Errorf("%s: %+v", name, c)
			}
		}
	}
}

// TestServerLogLastFailureCounts joins logs: the later one is what is wrong now.
func TestServerLogLastFailureCounts(t *testing.T) {
	logs := readLogs(t)
	join := func(names ...string) string {
		var b strings.Builder
		for _, n := range names {
			if len(logs[n]) == 0 {
				t.Fatalf("no log %s", n)
			}
			b.Write(logs[n])
		}
		return b.String()
	}
	unstarted := func(log string) string { // as a log that was cut: no start in it
		var b strings.Builder
		for line := range strings.Lines(log) {
			if !strings.Contains(line, "reload") && !strings.Contains(line, "started") {
				b.WriteString(line)
			}
		}
		return b.String()
	}
	vague := "Nov 25 18:42:08 mx postfix/smtpd[999]: warning: Wrapper-mode request dropped from unknown[172.17.0.1] for service submissions. TLS context initialization failed. For details see earlier warnings in your logs.\n"
	for _, c := range []struct{ name, log, want string }{
		{"another fault later", join("dovecot-2.3-mismatch", "dovecot-2.3-encrypted"), "Dovecot:key-encrypted"},
		{"another fault later, cut", unstarted(join("dovecot-2.4-encrypted", "dovecot-2.4-mismatch")), "Dovecot:key-does-not-match-certificate"},
		{"another fault later, of files", unstarted(join("postfix-3.7-files-mismatch", "postfix-3.7-files-missing")), "Postfix:key-missing"},
		{"no key after an encrypted one", join("postfix-3.7-chain-encrypted", "postfix-3.7-chain-nokey"), "Postfix:key-missing"},
		{"reloaded with a good pair", join("dovecot-2.3-mismatch", "dovecot-2.3-good"), ""},
		{"restarted", string(logs["exim-4.96-mismatch"]) + "2026-11-25 18:50:41 exim 4.96 daemon started: pid=22, no queue runs, listening for SMTP on port 25\n", ""},
		{"a vague word after an exact one", join("postfix-3.7-chain-mismatch") + vague, "Postfix:key-does-not-match-certificate"},
		{"a vague word alone", vague, "Postfix:server-cannot-load-certificate"},
		{"an older fault before a start, then a vague word", join("postfix-3.7-chain-mismatch", "postfix-3.7-chain-good") + vague, "Postfix:server-cannot-load-certificate"},
		{"Exim's last word, vague as it is", join("exim-4.96-mismatch", "exim-4.96-missing"), "Exim:server-cannot-load-certificate"},
		{"two products", join("postfix-3.7-chain-encrypted", "dovecot-2.3-mismatch"), "Postfix:key-encrypted Dovecot:key-does-not-match-certificate"},
		{"quoted in a mail", "> " + strings.ReplaceAll(strings.TrimSpace(join("dovecot-2.3-mismatch")), "\n", "\n> "), "Dovecot:key-does-not-match-certificate"},
		{"of the journal", "Nov 25 18:42:08 mx dovecot[44]: imap-login: Error: Failed to initialize SSL server context: Can't load SSL private key (ssl_key setting): Key is for a different cert than ssl_cert: user=<>\n", "Dovecot:key-does-not-match-certificate"},
		{"two processes at once", interleaved(t, logs["postfix-3.7-chain-encrypted"]), "Postfix:key-encrypted"},
	} {
		if got := said(read(t, c.log)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if d := read(t, join("dovecot-2.3-mismatch", "dovecot-2.3-good")); !strings.Contains(strings.Join(d.NotRead, "\n"), "before it was last started or reloaded") {
		t.Errorf("what is over is not told: %+v", d)
	}
}

// interleaved has two processes write each line of the first one.
func interleaved(t *testing.T, log []byte) string {
	t.Helper()
	var b strings.Builder
	first := ""
	for line := range strings.Lines(string(log)) {
		pid, ok := between(line, "smtpd[", "]")
		switch {
		case !ok:
			b.WriteString(line)
		case first == "" || pid == first:
			first = pid
			b.WriteString(line + strings.ReplaceAll(line, "smtpd["+pid, "smtpd[9"+pid))
		}
	}
	return b.String()
}

// What a client brings into a log is not the server's word.
func TestServerLogIsNotToldByClients(t *testing.T) {
	for _, c := range []struct{ name, log string }{
		{"a user's name", "Nov 25 18:42:08 imap-login: Error: auth failed: user=<Failed to initialize SSL server context: Can't load SSL private key (ssl_key setting): Key is for a different cert>\n"},
		{"a greeting", "Nov 25 18:42:08 mx postfix/smtpd[1]: warning: hostname key at index 1 does not match next certificate does not resolve to address 192.0.2.1\n"},
		{"a command", "Nov 25 18:42:08 mx postfix/smtpd[1]: warning: non-SMTP command from unknown[192.0.2.1]: warning: error loading chain from x: key not first\n"},
		{"a request", `2026/11/25 18:41:21 [error] 113#113: *1 open() "/var/www/cannot load certificate key "no such file or directory" failed` + "\n"},
		{"a sender", "2026-11-25 18:42:14 H=(x) [192.0.2.1] rejected RCPT <TLS error (cert/key setup: ): Decryption has failed.>\n"},
	} {
		if got := said(read(t, c.log)); got != "" {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

// A log tells of sessions that came about, and of failures in words that nobody here knows. What a
// client chose counts for neither.
func TestServerLogOfTraffic(t *testing.T) {
	postfix := func(s string) string { return "Nov 25 18:42:14 mx postfix/smtpd[298]: " + s + "\n" }
	for _, c := range []struct {
		name, log, want string
		encrypted       int
	}{
		{"Postfix", postfix("Anonymous TLS connection established from mx.example.net[192.0.2.1]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"), "", 1},
		{"Dovecot", "Nov 25 18:42:08 imap-login: Info: Login: user=<anna>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, mpid=9, TLS, session=<x>\n", "", 1},
		{"Dovecot without TLS", "Nov 25 18:42:08 imap-login: Info: Login: user=<a, TLS>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, mpid=9, session=<x>\n", "", 0},
		{"a name that looks like a session", "Nov 25 18:42:08 imap-login: Info: Login: user=<a, lip=1, TLS>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, mpid=9, session=<x>\n", "", 0},
		{"Dovecot through syslog", "Nov 28 01:00:00 mx dovecot: imap-login: Login: user=<anna>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, mpid=9, TLS, session=<x>\n", "", 1},
		{"a failure through syslog", "Nov 28 01:00:00 mx dovecot: imap-login: Disconnected: Connection closed: SSL_accept() failed: error:0A000415:SSL routines::sslv3 alert certificate expired: SSL alert number 45 (no auth attempts in 0 secs): user=<>, rip=192.0.2.1, lip=192.0.2.2, TLS handshaking, session=<x>\n", "Dovecot:expired", 0},
		{"a failure that a user claims", "Nov 28 01:00:00 mx dovecot: imap-login: Disconnected (auth failed): user=<SSL_accept() failed>, rip=192.0.2.1, lip=192.0.2.2, session=<x>\n", "", 0},
		{"Exim", "2026-11-25 18:42:14 1a2b3c-0001-AA <= a@example.com H=(x) [192.0.2.1] P=esmtps X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256 S=400\n", "", 1},
		{"only queues", postfix("4F1A2C: from=<a@example.com>, size=1291, nrcpt=1 (queue active)"), "", 0},
		{"a failure", postfix("SSL_accept error from mx.example.net[192.0.2.1]: frobnicated"), "quoted", 0},
		{"a failure of Exim's", "2026-11-25 18:42:14 TLS error on connection from (x) [192.0.2.1] (gnutls_handshake): A frobnicated record was received.\n", "quoted", 0},
		{"a client that left", postfix("SSL_accept error from unknown[192.0.2.1]: lost connection"), "", 0},
		{"a letter", "Dear support, my mail does not work.\n", "", 0},
	} {
		if d := read(t, c.log); said(d) != c.want || d.Encrypted != c.encrypted {
			t.Errorf("%s: %q, %d sessions", c.name, said(d), d.Encrypted)
		}
	}
}
