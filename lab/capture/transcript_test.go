package capture

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// read reads a text, which is not empty.
func read(t testing.TB, text string) Document {
	t.Helper()
	d, err := ReadText(strings.NewReader(text), "")
	if err != nil {
		t.Fatalf("%.60q: %v", text, err)
	}
	return d
}

// claimed returns the likeliest code of each claim, those of sessions first, and "quoted" where words of
// a failure are.
func claimed(d Document) []string {
	var out []string
	for _, s := range d.Sessions {
		for _, c := range s.Claims {
			out = append(out, string(c.Code()))
		}
	}
	for _, c := range d.Claims {
		out = append(out, string(c.Code()))
	}
	if d.Quoted != "" {
		out = append(out, "quoted")
	}
	return out
}

// told is what a transcript must tell: the tool, host:port mode, certificates (whole or not), and codes.
func told(d Document) string {
	var s Session
	if len(d.Sessions) > 0 {
		s = d.Sessions[0]
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %d %t %s", s.Tool, s.Settings.Target(), s.Settings.Mode, len(s.Chain), s.Whole, strings.Join(claimed(d), " ")))
}

// TestTranscripts: the words of the real programs, OpenSSL 3.0.19, GnuTLS 3.7.9 and curl 7.88.1.
func TestTranscripts(t *testing.T) {
	want := map[string]string{
		"openssl-expired":            "openssl s_client mail.lab.test:21310 tls 2 true expired",
		"openssl-starttls":           "openssl s_client mail.lab.test:21091 starttls 1 true missing-intermediate",
		"openssl-wrong-name":         "openssl s_client mail.lab.test:21195 starttls 2 true name-mismatch",
		"openssl-without-showcerts":  "openssl s_client mail.lab.test:21310 tls 1 false missing-intermediate expired",
		"openssl-no-starttls":        "openssl s_client mail.lab.test:21651 starttls 0 false starttls-not-offered",
		"openssl-plaintext":          "openssl s_client 127.0.0.1:21760 tls 0 false wrong-encryption-type",
		"openssl-refused":            "openssl s_client 127.0.0.1:21810 tls 0 false port-closed",
		"openssl-key-mismatch":       "openssl s_client 127.0.0.1:21440 tls 2 true missing-intermediate key-does-not-match-certificate",
		"openssl-client-certificate": "openssl s_client 127.0.0.1:21610 tls 2 true missing-intermediate client-certificate-required",
		"openssl-no-host":            "openssl s_client no-such-host.invalid:993 tls 0 false host-not-found",
		"gnutls-expired":             "gnutls-cli mail.lab.test:21310 tls 2 true expired",
		"gnutls-starttls":            "gnutls-cli mail.lab.test:21091 starttls 1 true issuer-not-trusted",
		"gnutls-without-print-cert":  "gnutls-cli mail.lab.test:21190 tls 0 false name-mismatch",
		"gnutls-plaintext":           "gnutls-cli 127.0.0.1:21760 tls 0 false wrong-encryption-type",
		"gnutls-refused":             "gnutls-cli 127.0.0.1:21810 tls 0 false port-closed",
		"gnutls-no-host":             "gnutls-cli no-such-host.invalid:993 tls 0 false host-not-found",
		"curl-expired":               "curl -v mail.lab.test:21310 tls 0 false expired",
		"curl-starttls":              "curl -v mail.lab.test:21091 starttls 0 false missing-intermediate",
		"curl-wrong-name":            "curl -v mail.lab.test:21194 tls 0 false name-mismatch",
		"curl-ok":                    "curl -v mail.lab.test:21010 tls 0 false",
		"curl-no-starttls":           "curl -v mail.lab.test:21651 starttls 0 false starttls-not-offered",
		"curl-plaintext":             "curl -v mail.lab.test:21760 tls 0 false wrong-encryption-type",
		"curl-refused":               "curl -v mail.lab.test:21810 tls 0 false port-closed",
		"curl-no-host":               "curl -v no-such-host.invalid:993 tls 0 false host-not-found",
		"curl-insecure":              "curl -v mail.lab.test:21316 tls 0 false missing-intermediate",
	}
	for name, data := range samples(t) {
		d := read(t, string(data))
		if told(d) != want[name] {
			t.Errorf("%s\n got %s\nwant %s", name, told(d), want[name])
		}
		for _, s := range d.Sessions {
			for _, der := range s.Chain {
				if _, err := x509.ParseCertificate(der); err != nil {
					t.Errorf("%s: %v", name, err)
				}
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
	plainText := read(t, string(data))
	text := string(data)
	units := utf16.Encode([]rune("\ufeff" + text))
	var wide []byte
	for _, u := range units {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for way, changed := range map[string][]byte{
		"containers":       []byte("mail-1  | " + strings.ReplaceAll(text, "\n", "\nmail-1  | ")),
		"a page":           []byte("<p>" + strings.ReplaceAll(strings.ReplaceAll(text, "&", "&amp;"), "\n", "<br />\n") + "</p>"),
		"a shell":          []byte("# " + strings.ReplaceAll(text, "\n", "\n# ")),
		"colours":          []byte("\x1b[31m" + strings.ReplaceAll(text, "\n", "\x1b[0m\n\x1b[31m")),
		"a fence":          []byte("```\n" + text + "\n```\n"),
		"hard spaces":      []byte(strings.ReplaceAll(text, " ", "\u00a0")),
		"latin-1":          append([]byte("Gr\xfc\xdfe, hier ist es:\n"), text...),
		"windows lines":    []byte(strings.ReplaceAll(text, "\n", "\r\n")),
		"utf-16":           wide,
		"a reply":          []byte("> " + strings.ReplaceAll(text, "\n", "\n> ")),
		"a second reply":   []byte("> > " + strings.ReplaceAll(text, "\n", "\n> > ")),
		"indented":         []byte("    " + strings.ReplaceAll(text, "\n", "\n    ")),
		"a letter":         []byte("Hello,\nthis is what I see:\n" + text + "\nRegards, Anna\n"),
		"byte order mark":  []byte("\xef\xbb\xbf" + text),
		"no last line end": []byte(strings.TrimSpace(text)),
	} {
		if d := read(t, string(changed)); told(d) != told(plainText) {
			t.Errorf("%s\n got %s\nwant %s", way, told(d), told(plainText))
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
	d := read(t, german.String())
	if len(d.Chain) != 2 || len(d.Sessions) != 0 || len(d.NotRead) == 0 || !strings.Contains(d.NotRead[0], "Zertifikat") {
		t.Errorf("%+v", d)
	}
}

func TestTextWithNothingInIt(t *testing.T) {
	for _, text := range []string{"", " \n\t\n"} {
		if d, err := ReadText(strings.NewReader(text), ""); !errors.Is(err, ErrEmpty) {
			t.Errorf("%q: %v, %+v", text, err, d)
		}
	}
	// What nobody here understands is said to be so.
	for text, want := range map[string]string{
		"ich verstehe kein Wort\n":          "1 line of no program that is known here: “ich verstehe kein Wort”",
		"-----BEGIN CERTIFICATE-----\nMIIB": "is left out",
	} {
		d := read(t, text)
		if len(d.Chain)+len(d.Sessions) > 0 || len(claimed(d)) > 0 || !strings.Contains(strings.Join(d.NotRead, "\n"), want) {
			t.Errorf("%.40q: %+v", text, d)
		}
	}
}

// What is no text is not searched for one, and a line without an end is read as far as it goes.
func TestTextThatIsNone(t *testing.T) {
	for name, r := range map[string]io.Reader{"zeros": bytes.NewReader(make([]byte, 1<<20)), "a program": strings.NewReader("\x7fELF\x02\x01\x01\x00\x00\x00" + strings.Repeat("\x00\x01a", 3000))} {
		if d, err := ReadText(r, ""); err != nil || len(d.NotRead) != 1 || !strings.Contains(d.NotRead[0], "it is no text") {
			t.Errorf("%s: %v %+v", name, err, d.NotRead)
		}
	}
	d := read(t, strings.Repeat("x", 3*maxRaw)+"\nverify error:num=10:certificate has expired\n")
	if got := strings.Join(claimed(d), " "); got != "expired" || !strings.Contains(strings.Join(d.NotRead, "\n"), "the end of 1 line longer than 1024 kB") {
		t.Errorf("%s, %q", got, d.NotRead)
	}
}

// Words of a tool that are not known here are quoted, unless others say what ended the connection.
func TestTranscriptQuotesWhatItDoesNotKnow(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       string
	}{
		{"curl", "* Connected to mail.example.com (192.0.2.1) port 993 (#0)\n* TLS connect error: error:0A0003E7:SSL routines::frobnicated by peer\n" +
			"curl: (35) TLS connect error: error:0A0003E7:SSL routines::frobnicated by peer\n",
			"unexplained"},
		{"openssl", "CONNECTED(00000003)\n40D7E5F3:error:0A0003E7:SSL routines:ssl3_read_bytes:frobnicated by peer:ssl/record/rec_layer_s3.c:1605:\n",
			"unexplained"},
		{"gnutls", "Processed 140 CA certificate(s).\n*** Fatal error: A frobnicated record was received.\n",
			"unexplained"},
		{"a line that is known speaks for the next", "CONNECTED(00000003)\n40D7E5F3:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:ssl/record/ssl3_record.c:354:\n" +
			"40D7E5F3:error:0A0003E7:SSL routines:ssl3_read_bytes:frobnicated by peer:ssl/record/rec_layer_s3.c:1605:\n",
			"wrong-encryption-type"},
	} {
		if d := read(t, c.text); strings.Join(claimed(d), " ") != c.want || d.Sessions[0].Accepted {
			t.Errorf("%s: %v", c.name, claimed(d))
		}
	}
}

func TestTranscriptWithALogin(t *testing.T) {
	d := read(t, string(samples(t)["curl-ok"]))
	if !d.Secret || !slices.ContainsFunc(d.NotRead, func(s string) bool { return strings.Contains(s, "password") }) {
		t.Errorf("%q", d.NotRead)
	}
	for _, s := range append(d.Read, d.NotRead...) {
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
		{"an exit status of curl's", "* Connected to mail.example.com (192.0.2.1) port 993 (#0)\n* SSL certificate verify ok.\n* No OCSP response received\ncurl: (91) No OCSP response received\n", finding.StapleRequired},
		{"a new sentence of curl's", "* Connected to mail.example.com (192.0.2.1) port 993 (#0)\n* SSL certificate OpenSSL verify result: unable to get local issuer certificate (20)\n", finding.MissingIntermediate},
		{"cut before the code", "CONNECTED(00000003)\nVerification error: unable to verify the first certificate\n", finding.MissingIntermediate},
		{"a stack trace around a certificate", "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: frobnicated (_ssl.c:1007)\n" + pemOf(t, "openssl-expired"), finding.NameMismatch},
	} {
		d := read(t, c.text)
		if !slices.Contains(claimed(d), string(c.want)) || len(d.Sessions) == 1 && d.Sessions[0].Accepted {
			t.Errorf("%s: %v", c.name, claimed(d))
		}
	}
	for _, calm := range []string{good, string(samples(t)["curl-ok"])} {
		if d := read(t, calm); len(claimed(d)) > 0 || !d.Sessions[0].Accepted {
			t.Errorf("%v", claimed(d))
		}
	}
	// A resolver that gives no answer has not said that there is no such name.
	for _, text := range []string{
		"curl: (28) Resolving timed out after 5000 milliseconds\n",
		"getaddrinfo: Temporary failure in name resolution\nconnect:errno=22\n",
	} {
		if d := read(t, text); len(claimed(d)) > 0 {
			t.Errorf("%q: %v", text, claimed(d))
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
