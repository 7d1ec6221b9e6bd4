package capture

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// seenAs is what a text comes to: the tool and its target, whether it accepted, the names and end of the
// leaf as it describes them, and the codes that are claimed.
func seenAs(d Document) string {
	var out []string
	for _, s := range d.Sessions {
		leaf := s.Leaf()
		words := fmt.Sprintf("%s %s", s.Tool, s.Settings.Target())
		if s.Accepted {
			words += " accepted"
		}
		if len(leaf.Names) > 0 {
			words += " for " + strings.Join(leaf.Names, ",")
		}
		if !leaf.NotAfter.IsZero() {
			words += " until " + leaf.NotAfter.Format(time.DateOnly)
		}
		out = append(out, words)
	}
	return strings.Join(append(out, claimed(d)...), "; ")
}

// TestTools: each tool with something wrong, and its healthy twin.
func TestTools(t *testing.T) {
	testssl := func(trust, name, validity string) string {
		return " Start 2026-11-20 10:10:10        -->> 192.0.2.41:587 (mail.example.com) <<--\n Service set:            STARTTLS via SMTP\n" +
			" TLS 1.2    offered (OK)\n TLS 1.3    offered (OK): final\n Common Name (CN)             mail.example.com\n subjectAltName (SAN)         mail.example.com\n" +
			" Trust (hostname)             " + name + "\n Chain of trust               " + trust + "\n Certificate Validity (UTC)   " + validity + "\n Issuer                       R12 (Let's Encrypt from US)\n"
	}
	days := "58 >= 30 days (2026-09-20 08:00 --> 2027-01-17 07:59)"
	nmap := "Nmap scan report for mail.example.com (192.0.2.41)\n993/tcp open  imaps\n| ssl-cert: Subject: commonName=%[1]s\n| Subject Alternative Name: DNS:%[1]s\n| Issuer: commonName=R12\n| Not valid before: 2026-09-20T08:00:00\n|_Not valid after:  2026-12-19T07:59:59\n"
	sslscan := "Testing SSL server mail.example.com on port 993 using SNI name mail.example.com\nTLSv1.0   %s\nTLSv1.1   disabled\nTLSv1.2   %s\nTLSv1.3   disabled\nSubject:  mail.example.com\nAltnames: DNS:mail.example.com\nIssuer:   R12\nNot valid after:  Dec 19 07:59:59 2026 GMT\n"
	checktls := "Certificate #1 of 2 (sent by MX):\nCert VALIDATED: ok\nCert Hostname %s\n"
	report := `{"organization-name":"Example","policies":[{"policy":{"policy-type":"sts","policy-string":["version: STSv1","mx: *.example.com"]},"summary":{"total-successful-session-count":3,"total-failure-session-count":0},"failure-details":[%s]}]}`
	failure := func(result, mx string) string {
		return fmt.Sprintf(report, `{"result-type":"`+result+`","receiving-mx-hostname":"`+mx+`","failed-session-count":2}`)
	}
	for _, c := range []struct{ name, text, want string }{
		{"testssl.sh", testssl("Ok   ", "Ok via SAN (same w/o SNI)", days), "testssl.sh mail.example.com:587 accepted for mail.example.com until 2027-01-17"},
		{"testssl.sh, chain incomplete", testssl("NOT ok (chain incomplete)", "Ok via SAN", days), "testssl.sh mail.example.com:587 for mail.example.com until 2027-01-17; missing-intermediate"},
		{"testssl.sh, self-signed CA", testssl("NOT ok (self signed CA in chain)", "Ok via SAN", days), "testssl.sh mail.example.com:587 for mail.example.com until 2027-01-17; issuer-not-trusted"},
		{"testssl.sh, self-signed", testssl("NOT ok (self signed)", "Ok via SAN", days), "testssl.sh mail.example.com:587 for mail.example.com until 2027-01-17; self-signed"},
		{"testssl.sh, another name", testssl("Ok", "certificate does not match supplied URI", days), "testssl.sh mail.example.com:587 for mail.example.com until 2027-01-17; name-mismatch"},
		{"nmap", fmt.Sprintf(nmap, "mail.example.com"), "nmap mail.example.com:993 for mail.example.com until 2026-12-19"},
		{"sslscan", fmt.Sprintf(sslscan, "disabled", "enabled"), "sslscan mail.example.com:993 for mail.example.com until 2026-12-19"},
		{"sslscan, old versions", fmt.Sprintf(sslscan, "enabled", "disabled"), "sslscan mail.example.com:993 for mail.example.com until 2026-12-19; protocol-too-old"},
		{"CheckTLS", fmt.Sprintf(checktls, "VERIFIED (mail.example.com = mail.example.com | DNS:mail.example.com)"), "CheckTLS mail.example.com:25 accepted for mail.example.com"},
		{"CheckTLS, another name", fmt.Sprintf(checktls, "DOES NOT VERIFY (mail.example.com != srv12.example.net | DNS:srv12.example.net)"), "CheckTLS mail.example.com:25 for srv12.example.net; name-mismatch"},
		{"CheckTLS, without STARTTLS", "[000.105] We can use this server\n[000.105] TLS is not an option on this server\n", "CheckTLS :25; starttls-not-offered"},
		{"CheckTLS, not validated", "Cert NOT VALIDATED: self-signed certificate\n", "CheckTLS :0; self-signed"},
		{"a TLS report", fmt.Sprintf(report, ""), ""},
		{"a TLS report, expired", failure("certificate-expired", "mail.example.com"), "expired"},
		{"a TLS report, another server", failure("validation-failure", "mx.example.net"), "mta-sts-mismatch"},
		{"a TLS report, a server of the policy", failure("validation-failure", "mx.example.com"), "unexplained"},
		{"a TLS report, DANE", failure("tlsa-invalid", "mx.example.com"), "dane-mismatch"},
		{"certbot", "Found the following certs:\n  Certificate Name: mail.example.com\n    Domains: mail.example.com imap.example.com\n    Expiry Date: 2026-12-19 07:59:59+00:00 (VALID: 29 days)\n", "certbot :0 for mail.example.com,imap.example.com until 2026-12-19"},
		{"certbot, revoked", "  Certificate Name: mail.example.com\n    Expiry Date: 2027-01-30 07:59:59+00:00 (INVALID: REVOKED)\n", "certbot :0 until 2027-01-30; revoked"},
		{"certbot, of the test server", "  Certificate Name: mail.example.com\n    Expiry Date: 2027-01-30 07:59:59+00:00 (INVALID: TEST_CERT)\n", "certbot :0 until 2027-01-30; issuer-not-trusted"},
		{"openssl x509", "        Issuer: C = US, O = Let's Encrypt, CN = R12\n            Not After : Dec 19 07:59:59 2026 GMT\n        Subject: CN = mail.example.com\n            X509v3 Subject Alternative Name: \n                DNS:mail.example.com, IP Address:192.0.2.1\n", "openssl x509 :0 for mail.example.com,192.0.2.1 until 2026-12-19"},
		{"the subject of a letter is none", "Subject: invoice\nIssuer of the invoice: Bob\n", ""},
		{"swaks", "=== Trying mail.example.com:587...\n=== Connected to mail.example.com.\n -> STARTTLS\n*** TLS startup failed (connect(): error:0A00010B:SSL routines::wrong version number)\n", "swaks mail.example.com:587; wrong-encryption-type"},
		{"swaks that is content", "=== Trying mail.example.com:587...\n=== TLS started with cipher TLSv1.3:TLS_AES_256_GCM_SHA384:256\n~> EHLO desk\n", "swaks mail.example.com:587"},
		{"TLS where Exim expects words", "2026-11-28 04:53:27 SMTP syntax error in \"\\026\\003\\001\\005\\370\\001?\" H=[172.18.0.1] NUL character(s) present (shown as '?')\n", "wrong-encryption-type"},
		{"rubbish that Exim gets", "2026-11-28 04:53:27 SMTP syntax error in \"TLS error: certificate expired\" H=[172.18.0.1] unrecognized command\n", ""},
		{"SRV records", "_imaps._tcp.example.com. 3600 IN SRV 0 1 993 mail.example.com.\n_submissions._tcp.example.com. 3600 IN SRV 0 1 465 mail.example.com.\n", ""},
		{"an SRV record with another port", "_imaps._tcp.example.com. 3600 IN SRV 0 1 143 mail.example.com.\n", "published-settings-wrong"},
		{"an SRV record that offers nothing", "_imap._tcp.example.com. 3600 IN SRV 0 0 0 .\n", ""},
		{"PHPMailer, whose last words say only that it failed", "2026-11-09 09:22:31 Connection: opening to mail.example.com:587, timeout=300, options=array()\nWarning: stream_socket_enable_crypto(): SSL operation failed with code 1. OpenSSL Error messages: error:0A000086:SSL routines::certificate verify failed\nSMTP Error: Could not connect to SMTP host.\nSMTP connect() failed. https://github.com/PHPMailer/PHPMailer/wiki/Troubleshooting\n",
			"a mail program mail.example.com:587; name-mismatch"},
		{"curl that a mail server answers to", "* Connected to mail.example.com (192.0.2.41) port 587 (#0)\n> STARTTLS\n< 220 2.0.0 Ready to start TLS\n*  subject: CN=mail.example.com\n*  SSL certificate verify ok.\n> HELP\n< 502 5.5.1 HELP command not implemented\n* Command failed: 502\ncurl: (8) Command failed: 502\n", "curl -v mail.example.com:587 accepted"},
		{"curl that knows no word for it", "* Connected to mail.example.com (192.0.2.41) port 993 (#0)\ncurl: (35) OpenSSL/3.0.19: error:06880006:asn1 encoding routines::EVP lib\n", "curl -v mail.example.com:993; unexplained"},
		{"wget, which calls every certificate untrusted first", "ERROR: The certificate of 'mail.example.com' is not trusted.\nERROR: The certificate of 'mail.example.com' has expired.\n", "expired"},
		{"wget, untrusted and no more", "ERROR: The certificate of 'mail.example.com' is not trusted.\n", "issuer-not-trusted"},
		{"fetchmail about its own machine", "getaddrinfo failed for \"desk\": Name or service not known\nCannot find my own host in hosts database to qualify it!\nfetchmail: SSL connection was closed cleanly\n", ""},
		{"a root in the store that has expired", "CONNECTED(00000003)\ndepth=2 CN = Example Root\nverify error:num=10:certificate has expired\nCertificate chain\n 0 s:CN = mail.example.com\n   i:CN = Example CA\n 1 s:CN = Example CA\n   i:CN = Example Root\n", "openssl s_client :0; root-expired"},
		{"a listing with numbers", "1: CONNECTED(00000003)\n2: depth=0 CN = mail.example.com\n3: verify error:num=10:certificate has expired\n", "openssl s_client :0; expired"},
		{"a page in one line", "<p>CONNECTED(00000003)<br>depth=0 CN = mail.example.com<br/>verify error:num=10:certificate has expired<br></p>", "openssl s_client :0; expired"},
		{"a string of JSON", `{"stderr": "CONNECTED(00000003)\ndepth=0 CN = mail.example.com\nverify error:num=10:certificate has expired\n", "rc": 1}`, "openssl s_client :0; expired"},
		{"a line of Docker's own", `{"log":"dovecot: imap-login: Disconnected: SSL_accept() failed: error:0A000415:SSL routines::sslv3 alert certificate expired: SSL alert number 45 (no auth attempts in 0 secs): user=\u003c\u003e, rip=192.0.2.61, lip=198.51.100.25, TLS handshaking\n","stream":"stderr","time":"2026-11-20T08:00:00Z"}`, "expired"},
		{"plain text on a port for TLS", "openssl s_client -connect mail.example.com:993\nCONNECTED(00000005)\n4436:error:1400410B:SSL routines:CONNECT_CR_SRVR_HELLO:wrong version number:ssl_pkt.c:386:\n", "openssl s_client mail.example.com:993; port-speaks-plaintext"},
		{"a certificate that was revoked, by number", "depth=0 CN = mail.example.com\nverify error:num=23:certificate revoked\n", "openssl s_client :0; revoked"},
		{"words that each say little", "Unable to connect with STARTTLS: stream_socket_enable_crypto(): SSL operation failed with code 1. OpenSSL Error messages:\nerror:0A000086:SSL routines::certificate verify failed\n", "name-mismatch"},
		{"step, in short", "X.509v3 TLS Certificate (ECDSA P-256) [Serial: 3312...1021]\n  Subject:     mail.example.com\n               imap.example.com\n  Issuer:      R12\n  Valid from:  2026-09-01T08:00:00Z\n          to:  2026-11-10T08:00:00Z\n", "openssl x509 :0 for mail.example.com,imap.example.com until 2026-11-10"},
		{"keytool", "Owner: CN=mail.example.com\nIssuer: CN=R12, O=Let's Encrypt, C=US\nValid from: Tue Sep 01 08:00:00 UTC 2026 until: Tue Nov 10 08:00:00 UTC 2026\nSubjectAlternativeName [\n  DNSName: mail.example.com\n]\n", "openssl x509 :0 for mail.example.com until 2026-11-10"},
		{"certutil", "X509 Certificate:\n NotBefore: 9/1/2026 8:00 AM\n NotAfter: 11/10/2026 8:00 AM\n", "openssl x509 :0 until 2026-11-10"},
		{"nmap, in XML", "<script id=\"ssl-cert\" output=\"Subject: commonName=mail.example.com&#xa;Subject Alternative Name: DNS:mail.example.com&#xa;Not valid after:  2026-10-18T07:59:59&#xa;\"/>\n", "openssl x509 :0 for mail.example.com until 2026-10-18"},
		{"sslscan, in XML", " <ssltest host=\"mail.example.com\" sniname=\"mail.example.com\" port=\"993\">\n<subject><![CDATA[mail.example.com]]></subject>\n<altnames><![CDATA[DNS:mail.example.com]]></altnames>\n<not-valid-after>Oct 18 07:59:59 2026 GMT</not-valid-after>\n", "sslscan mail.example.com:993 for mail.example.com until 2026-10-18"},
		{"curl with GnuTLS", "* Connected to mail.example.com (192.0.2.41) port 443 (#0)\n* \t server certificate verification OK\n* \t common name: mail.example.com (matched)\n", "curl -v mail.example.com:443 accepted"},
		{"a file that is no certificate", "tail: cannot open '/var/log/mail.log' for reading: Permission denied\n", ""},
		{"wget that found nobody", "Connecting to mail.example.com (mail.example.com)|192.0.2.41|:443... failed: Connection refused.\n", "a mail program mail.example.com:443; port-closed"},
		{"wget that got on", "Connecting to mail.example.com (mail.example.com)|192.0.2.41|:443... connected.\n", "a mail program mail.example.com:443"},
		{"openssl verify", "error 20 at 0 depth lookup: unable to get local issuer certificate\n", "openssl s_client :0; missing-intermediate"},
		{"openssl verify, in order", "$ openssl verify -CAfile ca.pem -untrusted chain.pem mail.pem\nmail.pem: OK\n", "openssl s_client :0 accepted"},
		{"openssl verify, not in order", "$ openssl verify -CAfile ca.pem mail.pem\nCN = mail.example.com\nerror 10 at 0 depth lookup: certificate has expired\nerror mail.pem: verification failed\n", "openssl s_client :0; expired"},
		{"s_client that found nobody, and no word of it", "$ openssl s_client -connect mail.example.com:993\nconnect:errno=111\n", "openssl s_client mail.example.com:993; port-closed"},
		{"s_client of Windows that found nobody", "$ openssl s_client -connect mail.example.com:993\n2F:error:8000274D:system library:BIO_connect:Unknown error:crypto\\bio\\bio_sock2.c:162:calling connect()\n2F:error:10000067:BIO routines:BIO_connect:connect error:crypto\\bio\\bio_sock2.c:164:\nconnect:errno=10061\n", "openssl s_client mail.example.com:993; port-closed"},
		{"a key of 1024 bits", "Certificate:\n Signature Algorithm: sha256WithRSAEncryption\n Subject: CN = mail.example.com\n Public-Key: (1024 bit)\n", "openssl x509 :0; weak-key"},
		{"a key of 256 bits, on a curve", "Certificate:\n Signature Algorithm: ecdsa-with-SHA384\n Subject: CN = mail.example.com\n Public-Key: (256 bit)\n", "openssl x509 :0"},
		{"a signature with SHA-1", "Certificate:\n Signature Algorithm: sha1WithRSAEncryption\n Subject: CN = mail.example.com\n Public-Key: (2048 bit)\n", "openssl x509 :0; weak-signature"},
		{"ISO dates", "notBefore=2026-06-20 08:00:00Z\nnotAfter=2026-09-18 07:59:59Z\n", "openssl x509 :0 until 2026-09-18"},
		{"two servers", "$ openssl s_client -connect a.example.com:993\nCONNECTED(00000003)\ndepth=0 CN = a.example.com\nverify error:num=10:certificate has expired\nVerify return code: 10 (certificate has expired)\n" +
			"$ openssl s_client -connect b.example.com:993\nCONNECTED(00000003)\ndepth=0 CN = b.example.com\nverify return:1\nVerify return code: 0 (ok)\n",
			"openssl s_client a.example.com:993; openssl s_client b.example.com:993 accepted; expired"},
		{"a handshake that died proves nothing of its code 0", "CONNECTED(00000003)\nno peer certificate available\nNew, (NONE), Cipher is (NONE)\nVerify return code: 0 (ok)\n", "openssl s_client :0"},
	} {
		if got := seenAs(read(t, c.text)); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestProductsAreKnownByTheirForm: a line is a product's where its form says so, and a date alone is
// nobody's.
func TestProductsAreKnownByTheirForm(t *testing.T) {
	for _, c := range []struct {
		line string
		want finding.Product
	}{
		{"Nov  3 09:14:21 mx1 postfix/smtpd[21877]: connect from unknown[192.0.2.61]", finding.Postfix},
		{"<22>Nov  3 09:14:21 mx1 postfix-out/smtp[21877]: x", finding.Postfix},
		{"2026-11-04T08:21:59.779240+00:00 mx1 dovecot: imap-login: Login: user=<a>", finding.Dovecot},
		{"Nov 04 08:22:05 imap-login: Info: Disconnected", finding.Dovecot},
		{"doveconf: Fatal: Error in configuration file", finding.Dovecot},
		{"2026-11-05 07:48:51 TLS error on connection from x [192.0.2.90] (gnutls_handshake): CA is unknown", finding.Exim},
		{"TLS error on connection from x [192.0.2.90] (gnutls_handshake): CA is unknown", finding.Exim},
		{"2026-11-05 07:48:51 1vGaBc-000024-1f == bob@example.net defer", finding.Exim},
		{"2026/11/05 08:01:11 [info] 23#23: *17 SSL_do_handshake() failed", finding.Nginx},
		{"nginx: [emerg] cannot load certificate", finding.Nginx},
		{"[Wed Nov 25 18:41:21.123456 2026] [ssl:emerg] [pid 7] AH02565: x", finding.Apache},
		{"Nov  5 08:04:26 mx2 sm-mta[17104]: STARTTLS=server, error: accept failed=-1", finding.Sendmail},
		{"Nov  5 08:08:50 mx1 cyrus/imaps[581]: x", finding.Cyrus},
		{"Nov  5 08:07:50 mx1 imaps[546]: x", finding.Cyrus},
		{"Nov  5 08:09:43 mx1 imapd-ssl: x", finding.Courier},
		{"Nov  5 08:09:43 mx1 smtpd[12]: x", finding.OpenSMTPD},
		{"\"TCPIP\"\t2684\t\"2026-11-05 08:12:12.345\"\t\"x\"", finding.HMailServer},
		{"2026-11-05T08:15:44Z DEBUG TLS handshake error (tls.handshake-error) listenerId = \"imaps\"", finding.Stalwart},
		{"l=info m=\"connection closed\" err=\"x\" pkg=imapserver cid=1", finding.Mox},
		{"[NOTICE] [1F2E.1] [tls] secured", finding.Haraka},
		{"2026-11-20 08:00:00 called the customer back", ""},
		{"2026-11-09 09:22:31 CLIENT -> SERVER: STARTTLS", ""},
		{"2026/11/06 10:02:11 sending failed: x509: certificate signed by unknown authority", ""},
		{"Nov  3 09:14:21 mx1 kernel: x", ""},
		{"imap: a protocol", ""},
		{"auth: they asked for it", ""},
	} {
		e, _ := entryOf(c.line)
		if e.product != c.want {
			t.Errorf("%q is of %q, want %q", c.line, e.product, c.want)
		}
	}
}

// TestCertificatesAsPeopleHaveThem: whatever stands around and inside of them, they are read, and what
// is cut short is the paste.
func TestCertificatesAsPeopleHaveThem(t *testing.T) {
	p := newPKI(t)
	whole := string(block("CERTIFICATE", p.certs[0].Raw))
	body := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(whole), "-----BEGIN CERTIFICATE-----\n"), "\n-----END CERTIFICATE-----")
	flat := strings.ReplaceAll(strings.TrimSpace(whole), "\n", " ")
	lines := strings.Split(body, "\n")
	for name, text := range map[string]string{
		"behind semicolons":       "; " + strings.ReplaceAll(strings.TrimSpace(whole), "\n", "\n; "),
		"without a blank, twice":  strings.Repeat(strings.ReplaceAll(whole, "\n", ""), 2),
		"in one line":             `"finding" : "` + flat + `"`,
		"with its ends written":   `CERT="` + strings.ReplaceAll(strings.TrimSpace(whole), "\n", `\n`) + `"`,
		"escaped twice":           `{"pem":"` + strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(whole), "/", `\/`), "\n", `\\n`) + `"}`,
		"behind a container":      "mail-1  | " + strings.ReplaceAll(strings.TrimSpace(whole), "\n", "\nmail-1  | "),
		"quoted twice":            "> > " + strings.ReplaceAll(strings.TrimSpace(whole), "\n", "\r\n> > "),
		"behind hashes":           "# " + strings.ReplaceAll(strings.TrimSpace(whole), "\n", "\n# "),
		"on a page":               "<p>" + strings.ReplaceAll(strings.TrimSpace(whole), "\n", "<br />\n") + "</p>",
		"with typographic dashes": strings.ReplaceAll(whole, "-----", "—–—"),
		"without a frame":         "here it is\n" + body + "\nbye\n",
		"without a frame, in one": "here it is\n" + strings.ReplaceAll(body, "\n", "") + "\nbye\n",
		"in a listing":            "  1 " + strings.ReplaceAll(strings.TrimSpace(whole), "\n", "\n  2 "),
		"behind a shell's":        strings.ReplaceAll(whole, "\n", " \\\n"),
		"in an address":           "cert=" + strings.NewReplacer("\n", "%0A", "+", "%2B", " ", "%20", "=", "%3D").Replace(whole),
		"in an element":           "<X509Certificate>" + strings.ReplaceAll(body, "\n", "") + "</X509Certificate>",
		"as a secret":             "  tls.crt: " + base64.StdEncoding.EncodeToString([]byte(whole)),
		"without an end":          "-----BEGIN CERTIFICATE-----\n" + body + "\nVerify return code: 0 (ok)\n",
	} {
		d := read(t, text)
		if len(d.Chain) != 1 || string(d.Chain[0]) != string(p.certs[0].Raw) {
			t.Errorf("%s: %d certificates, %q", name, len(d.Chain), d.NotRead)
		}
	}
	for name, text := range map[string]string{
		"with dots":         "-----BEGIN CERTIFICATE-----\n" + lines[0] + "\n...\n" + lines[len(lines)-1] + "\n-----END CERTIFICATE-----\n",
		"left out":          "-----BEGIN CERTIFICATE-----\n(left out)\n-----END CERTIFICATE-----\n",
		"cut in the middle": "-----BEGIN CERTIFICATE-----\n" + lines[0] + "\n-----END CERTIFICATE-----\n",
		"cut at the end":    "-----BEGIN CERTIFICATE-----\n" + lines[0] + "\n",
		"a picture":         base64.StdEncoding.EncodeToString([]byte(strings.Repeat("0\x82nothing of it", 30))),
	} {
		if d := read(t, text); len(d.Chain) != 0 {
			t.Errorf("%s: %d certificates", name, len(d.Chain))
		}
	}
}

// TestSecretsAreNotRepeated: a password or a key in a text is said to be there, and never shown.
func TestSecretsAreNotRepeated(t *testing.T) {
	for _, text := range []string{
		"curl: (67) curl -u anna:hunter2secret imaps://mail.example.com failed with error: login denied\n",
		"error: cannot connect to imaps://anna:hunter2secret@mail.example.com/: certificate verify failed\n",
		"MAIL_PASSWORD=hunter2secret\nerror: certificate verify failed\n",
		"a1 LOGIN anna hunter2secret\n",
		"AUTH PLAIN aHVudGVyMnNlY3JldA==\n",
	} {
		d := read(t, text)
		if !d.Secret {
			t.Errorf("%q: it is not said", text)
		}
		if all := fmt.Sprintf("%+v", d); strings.Contains(all, "hunter2secret") || strings.Contains(all, "aHVudGVy") {
			t.Errorf("%q: %s", text, all)
		}
	}
	for _, text := range []string{
		"I changed my password last week and now the program asks for it all the time.\n",
		"password = \"\"\n", "Password: <hidden>\n", "no password was asked for\n", "smtp_sasl_password_maps = hash:/etc/postfix/sasl\n",
	} {
		if read(t, text).Secret {
			t.Errorf("%q has no password", text)
		}
	}
}

// TestALogIsCounted: a thousand lines of one kind are one claim, with when and from how many.
func TestALogIsCounted(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "Nov  3 09:%02d:%02d mx1 dovecot: imap-login: Disconnected: Connection closed: SSL_accept() failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42 (no auth attempts in 0 secs): user=<>, rip=192.0.2.%d, lip=198.51.100.25, TLS handshaking\n", i/60, i%60, i%7+1)
	}
	d := read(t, b.String())
	if len(d.Claims) != 1 || d.Claims[0].Count != 1000 || d.Claims[0].Peers != 7 || d.Claims[0].First != "Nov  3 09:00:00" || d.Claims[0].Last != "Nov  3 09:16:39" || !d.Log {
		t.Errorf("%+v", d.Claims)
	}
}
