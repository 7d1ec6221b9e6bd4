package capture

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// seen is a day on which the transcripts in testdata were taken.
var seen = time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)

// told is what a transcript must tell: host:port mode, certificates (whole or not), and codes.
func told(t Transcript) string {
	var codes []string
	for _, f := range t.Findings(seen) {
		codes = append(codes, string(f.Code))
		if err := f.Check(); err != nil {
			codes = append(codes, err.Error())
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %d %t %s", t.Tool, t.Settings.Target(), t.Settings.Mode, len(t.Chain), t.Whole, strings.Join(codes, " ")))
}

// TestTranscripts: the words of the real programs, OpenSSL 3.0.19, GnuTLS 3.7.9 and curl 7.88.1.
func TestTranscripts(t *testing.T) {
	want := map[string]string{
		"openssl-expired":            "openssl s_client mail.lab.test:21310 tls 2 true expired",
		"openssl-starttls":           "openssl s_client mail.lab.test:21091 starttls 1 true issuer-unknown",
		"openssl-wrong-name":         "openssl s_client mail.lab.test:21195 starttls 2 true name-mismatch",
		"openssl-without-showcerts":  "openssl s_client mail.lab.test:21310 tls 1 false issuer-unknown expired",
		"openssl-no-starttls":        "openssl s_client mail.lab.test:21651 starttls 0 false starttls-not-offered",
		"openssl-plaintext":          "openssl s_client 127.0.0.1:21760 tls 0 false port-speaks-plaintext",
		"openssl-refused":            "openssl s_client 127.0.0.1:21810 tls 0 false port-closed",
		"openssl-key-mismatch":       "openssl s_client 127.0.0.1:21440 tls 2 true issuer-unknown key-does-not-match-certificate",
		"openssl-client-certificate": "openssl s_client 127.0.0.1:21610 tls 2 true issuer-unknown client-certificate-required",
		"openssl-no-host":            "openssl s_client no-such-host.invalid:993 tls 0 false host-not-found",
		"gnutls-expired":             "gnutls-cli mail.lab.test:21310 tls 2 true expired",
		"gnutls-starttls":            "gnutls-cli mail.lab.test:21091 starttls 1 true issuer-unknown",
		"gnutls-without-print-cert":  "gnutls-cli mail.lab.test:21190 tls 0 false name-mismatch",
		"gnutls-plaintext":           "gnutls-cli 127.0.0.1:21760 tls 0 false port-speaks-plaintext",
		"gnutls-refused":             "gnutls-cli 127.0.0.1:21810 tls 0 false port-closed",
		"gnutls-no-host":             "gnutls-cli no-such-host.invalid:993 tls 0 false host-not-found",
		"curl-expired":               "curl -v mail.lab.test:21310 tls 0 false expired",
		"curl-starttls":              "curl -v mail.lab.test:21091 starttls 0 false issuer-unknown",
		"curl-wrong-name":            "curl -v mail.lab.test:21194 tls 0 false name-mismatch",
		"curl-ok":                    "curl -v mail.lab.test:21010 tls 0 false",
		"curl-no-starttls":           "curl -v mail.lab.test:21651 starttls 0 false starttls-not-offered",
		"curl-plaintext":             "curl -v mail.lab.test:21760 tls 0 false port-speaks-plaintext",
		"curl-refused":               "curl -v mail.lab.test:21810 tls 0 false port-closed",
		"curl-no-host":               "curl -v no-such-host.invalid:993 tls 0 false host-not-found",
		"curl-insecure":              "curl -v mail.lab.test:21316 tls 0 false expired issuer-unknown",
	}
	for name, data := range samples(t) {
		tr, err := ReadTranscript(data, "")
		if err != nil || told(tr) != want[name] {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, told(tr), want[name])
		}
		if len(tr.Read) == 0 {
			t.Errorf("%s: nothing was read", name)
		}
		for _, der := range tr.Chain {
			if _, err := x509.ParseCertificate(der); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("there is no testdata/%s.txt", name)
	}
}

func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".txt")] = data
	}
	return out
}

// What a transcript goes through before it arrives changes nothing.
func TestTranscriptsOnTheirWay(t *testing.T) {
	data := samples(t)["openssl-expired"]
	plainText, err := ReadTranscript(data, "")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	units := utf16.Encode([]rune("\ufeff" + text))
	var wide []byte
	for _, u := range units {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for way, changed := range map[string][]byte{
		"windows lines":    []byte(strings.ReplaceAll(text, "\n", "\r\n")),
		"utf-16":           wide,
		"a reply":          []byte("> " + strings.ReplaceAll(text, "\n", "\n> ")),
		"a second reply":   []byte("> > " + strings.ReplaceAll(text, "\n", "\n> > ")),
		"indented":         []byte("    " + strings.ReplaceAll(text, "\n", "\n    ")),
		"a letter":         []byte("Hello,\nthis is what I see:\n" + text + "\nRegards, Anna\n"),
		"byte order mark":  []byte("\xef\xbb\xbf" + text),
		"no last line end": []byte(strings.TrimSpace(text)),
	} {
		tr, err := ReadTranscript(changed, "")
		if err != nil || told(tr) != told(plainText) {
			t.Errorf("%s: %v\n got %s\nwant %s", way, err, told(tr), told(plainText))
		}
	}
}

// Where the words are not understood the certificates still are, and it is said.
func TestTranscriptInAnotherLanguage(t *testing.T) {
	text := string(samples(t)["gnutls-expired"])
	var german strings.Builder
	inside := false
	for line := range strings.Lines(text) {
		inside = inside || strings.HasPrefix(line, beginMark)
		if inside {
			german.WriteString(line)
		} else {
			german.WriteString("- Zertifikat: irgendetwas\n")
		}
		inside = inside && !strings.HasPrefix(line, endMark)
	}
	tr, err := ReadTranscript([]byte(german.String()), "")
	if err != nil || len(tr.Chain) != 2 || tr.Tool != NoTool || len(tr.NotRead) == 0 || !strings.Contains(tr.NotRead[0], "LC_ALL=C") {
		t.Errorf("%v %+v", err, tr)
	}
}

func TestTranscriptWithNothingInIt(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "empty",
		" \n\t\n":                      "empty",
		strings.Repeat("x", MaxFile+1): "larger than 10 MB",
	} {
		if tr, err := ReadTranscript([]byte(text), ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, %+v", text, err, tr)
		}
	}
	// What nobody here understands is said to be so.
	for text, want := range map[string]string{
		"ich verstehe kein Wort\n":          "no words of openssl s_client, gnutls-cli or curl -v",
		"-----BEGIN CERTIFICATE-----\nMIIB": "has no end",
	} {
		tr, err := ReadTranscript([]byte(text), "")
		if err != nil || len(tr.Chain)+len(tr.Claims)+len(tr.Read) > 0 || tr.Accepted || !strings.Contains(strings.Join(tr.NotRead, "\n"), want) {
			t.Errorf("%.40q: %v, %+v", text, err, tr)
		}
	}
}

// Words of a tool that are not known here are quoted, unless others say what ended the connection.
func TestTranscriptQuotesWhatItDoesNotKnow(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []Claim
	}{
		{"curl", "* Connected to mail.example.com (192.0.2.1) port 993 (#0)\n* TLS connect error: error:0A0003E7:SSL routines::frobnicated by peer\n" +
			"curl: (35) TLS connect error: error:0A0003E7:SSL routines::frobnicated by peer\n",
			[]Claim{{Code: finding.Unexplained, Text: "TLS connect error: error:0A0003E7:SSL routines::frobnicated by peer"}}},
		{"openssl", "CONNECTED(00000003)\n40D7E5F3:error:0A0003E7:SSL routines:ssl3_read_bytes:frobnicated by peer:ssl/record/rec_layer_s3.c:1605:\n",
			[]Claim{{Code: finding.Unexplained, Text: "40D7E5F3:error:0A0003E7:SSL routines:ssl3_read_bytes:frobnicated by peer:ssl/record/rec_layer_s3.c:1605:"}}},
		{"gnutls", "Processed 140 CA certificate(s).\n*** Fatal error: A frobnicated record was received.\n",
			[]Claim{{Code: finding.Unexplained, Text: "*** Fatal error: A frobnicated record was received."}}},
		{"a line that is known speaks for the next", "CONNECTED(00000003)\n40D7E5F3:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:ssl/record/ssl3_record.c:354:\n" +
			"40D7E5F3:error:0A0003E7:SSL routines:ssl3_read_bytes:frobnicated by peer:ssl/record/rec_layer_s3.c:1605:\n",
			[]Claim{{Code: finding.PortSpeaksPlaintext, Text: "wrong version number"}}},
	} {
		tr, err := ReadTranscript([]byte(c.text), "")
		if err != nil || !slices.Equal(tr.Claims, c.want) || tr.Accepted {
			t.Errorf("%s: %v %+v", c.name, err, tr.Claims)
		}
	}
}

func TestTranscriptWithALogin(t *testing.T) {
	tr, err := ReadTranscript(samples(t)["curl-ok"], "")
	if err != nil || !slices.ContainsFunc(tr.NotRead, func(s string) bool { return strings.Contains(s, "password") }) {
		t.Errorf("%v %q", err, tr.NotRead)
	}
	for _, s := range append(tr.Read, tr.NotRead...) {
		if strings.Contains(s, "correct-horse") || strings.Contains(s, "AGFubmEA") {
			t.Errorf("a password is repeated: %s", s)
		}
	}
}

// A failure is never read as a success, whoever tells of it and in whatever words.
func TestTranscriptOfAFailureIsNotAccepted(t *testing.T) {
	good := "CONNECTED(00000003)\ndepth=0 CN = mail.example.com\nverify return:1\nCertificate chain\n 0 s:CN = mail.example.com\n" +
		pemOf(t, "openssl-expired") + "Verify return code: 0 (ok)\n"
	for _, c := range []struct {
		name, text string
		want       finding.Code
	}{
		{"revoked by the staple", good + "\nOCSP Response Data:\n    Cert Status: revoked\n", finding.Revoked},
		{"died afterwards", good + "\nwrite:errno=104\n", finding.Unexplained},
		{"a short number in lower case", good + "\n7f3a:error:0A000418:SSL routines:ssl3_read_bytes:frobnicated:ssl/record/rec_layer_s3.c:1605:\n", finding.Unexplained},
		{"another tool refuses", good + "\n* SSL certificate problem: certificate has expired\ncurl: (60) SSL certificate problem: certificate has expired\n", finding.Expired},
		{"an exit status of curl's", "* Connected to mail.example.com (192.0.2.1) port 993 (#0)\n* SSL certificate verify ok.\n* No OCSP response received\ncurl: (91) No OCSP response received\n", finding.Unexplained},
		{"a new sentence of curl's", "* Connected to mail.example.com (192.0.2.1) port 993 (#0)\n* SSL certificate OpenSSL verify result: unable to get local issuer certificate (20)\n", finding.IssuerUnknown},
		{"cut before the code", "CONNECTED(00000003)\nVerification error: unable to verify the first certificate\n", finding.IssuerUnknown},
		{"a stack trace around a certificate", "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: frobnicated (_ssl.c:1007)\n" + pemOf(t, "openssl-expired"), finding.Unexplained},
	} {
		tr, err := ReadTranscript([]byte(c.text), "")
		if err != nil || tr.Accepted || !slices.ContainsFunc(tr.Claims, func(d Claim) bool { return d.Code == c.want }) {
			t.Errorf("%s: %v, accepted %t, %+v", c.name, err, tr.Accepted, tr.Claims)
		}
	}
	for _, calm := range []string{good, string(samples(t)["curl-ok"])} {
		if tr, err := ReadTranscript([]byte(calm), ""); err != nil || len(tr.Claims) > 0 || !tr.Accepted {
			t.Errorf("%v, accepted %t, %+v", err, tr.Accepted, tr.Claims)
		}
	}
	// A resolver that gives no answer has not said that there is no such name.
	for _, text := range []string{
		"curl: (28) Resolving timed out after 5000 milliseconds\n",
		"getaddrinfo: Temporary failure in name resolution\nconnect:errno=22\n",
	} {
		if tr, err := ReadTranscript([]byte(text), ""); err != nil || len(tr.Claims) > 0 || tr.Accepted {
			t.Errorf("%q: %v %+v", text, err, tr.Claims)
		}
	}
}

// pemOf returns the certificates of a sample, with nothing around them.
func pemOf(t *testing.T, sample string) string {
	t.Helper()
	text := string(samples(t)[sample])
	from, to := strings.Index(text, beginMark), strings.LastIndex(text, endMark)
	if from < 0 || to < from {
		t.Fatalf("%s has no certificate", sample)
	}
	return text[from:to] + endMark + "CERTIFICATE" + dashes + "\n"
}
