package capture

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

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

// said is what a log claims: "Product:code" each.
func said(l Log) string {
	var out []string
	for _, c := range l.Claims {
		out = append(out, string(c.Product)+":"+string(c.Code))
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
		"nocert": finding.CertificateNotLoaded, "good": "", "other": "",
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
		l, err := ServerLog(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		full := ""
		if want != "" {
			full = string(product) + ":" + string(want)
		}
		if got := said(l); got != full {
			t.Errorf("%s: %q, want %q", name, got, full)
		}
		for _, f := range l.Findings() {
			if err := f.Check(); err != nil || f.Facts.Product != product {
				t.Errorf("%s: %v, of %s", name, err, f.Facts.Product)
			}
			if f.Severity != finding.Error || f.Facts.Text == "" || !strings.Contains(f.Summary, "according to the log of "+string(product)) {
				t.Errorf("%s: %+v", name, f)
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
		l, err := ServerLog([]byte(c.log))
		if err != nil || said(l) != c.want {
			t.Errorf("%s: %q %v, want %q", c.name, said(l), err, c.want)
		}
	}
	l, err := ServerLog([]byte(join("dovecot-2.3-mismatch", "dovecot-2.3-good")))
	if err != nil || !strings.Contains(strings.Join(l.NotRead, "\n"), "before it was last started or reloaded") {
		t.Errorf("what is over is not told: %v %+v", err, l)
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
		if l, err := ServerLog([]byte(c.log)); err != nil || len(l.Claims) > 0 {
			t.Errorf("%s: %+v %v", c.name, l.Claims, err)
		}
	}
}

func TestServerLogRefuses(t *testing.T) {
	for name, c := range map[string]struct{ log, want string }{
		"empty":     {" \n", "empty"},
		"too large": {strings.Repeat("x", MaxFile+1), "larger than 10 MB"},
	} {
		if _, err := ServerLog([]byte(c.log)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
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
		{"a failure through syslog", "Nov 28 01:00:00 mx dovecot: imap-login: Disconnected: Connection closed: SSL_accept() failed: error:0A000415:SSL routines::sslv3 alert certificate expired: SSL alert number 45 (no auth attempts in 0 secs): user=<>, rip=192.0.2.1, lip=192.0.2.2, TLS handshaking, session=<x>\n", "Dovecot:unexplained", 0},
		{"a failure that a user claims", "Nov 28 01:00:00 mx dovecot: imap-login: Disconnected (auth failed): user=<SSL_accept() failed>, rip=192.0.2.1, lip=192.0.2.2, session=<x>\n", "", 0},
		{"Exim", "2026-11-25 18:42:14 1a2b3c-0001-AA <= a@example.com H=(x) [192.0.2.1] P=esmtps X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256 S=400\n", "", 1},
		{"only queues", postfix("4F1A2C: from=<a@example.com>, size=1291, nrcpt=1 (queue active)"), "", 0},
		{"a failure", postfix("SSL_accept error from mx.example.net[192.0.2.1]: frobnicated"), "Postfix:unexplained", 0},
		{"a failure of Exim's", "2026-11-25 18:42:14 TLS error on connection from (x) [192.0.2.1] (gnutls_handshake): A frobnicated record was received.\n", "Exim:unexplained", 0},
		{"a client that left", postfix("SSL_accept error from unknown[192.0.2.1]: lost connection"), "", 0},
		{"a letter", "Dear support, my mail does not work.\n", "", 0},
	} {
		l, err := ServerLog([]byte(c.log))
		if err != nil || said(l) != c.want || l.Encrypted != c.encrypted {
			t.Errorf("%s: %v, %q, %d sessions", c.name, err, said(l), l.Encrypted)
		}
	}
}

// FuzzServerLog reads anything as a log.
func FuzzServerLog(f *testing.F) {
	for _, data := range readLogs(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := ServerLog(data)
		if err != nil {
			sentence(t, err.Error())
			return
		}
		if len(l.Claims) > len(logWords()) || len(l.Read)+len(l.NotRead) == 0 {
			t.Errorf("%d claims, %d read", len(l.Claims), len(l.Read))
		}
		for _, s := range append(l.Read, l.NotRead...) {
			sentence(t, s)
		}
		for _, f := range l.Findings() {
			sentence(t, f.Summary)
			sentence(t, f.Evidence[0])
			if !utf8.ValidString(f.Facts.Text) {
				t.Errorf("%q", f.Facts.Text)
			}
		}
	})
}
