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
			[]Claim{{finding.Unexplained, "TLS connect error: error:0A0003E7:SSL routines::frobnicated by peer"}}},
		{"openssl", "CONNECTED(00000003)\n40D7E5F3:error:0A0003E7:SSL routines:ssl3_read_bytes:frobnicated by peer:ssl/record/rec_layer_s3.c:1605:\n",
			[]Claim{{finding.Unexplained, "40D7E5F3:error:0A0003E7:SSL routines:ssl3_read_bytes:frobnicated by peer:ssl/record/rec_layer_s3.c:1605:"}}},
		{"gnutls", "Processed 140 CA certificate(s).\n*** Fatal error: A frobnicated record was received.\n",
			[]Claim{{finding.Unexplained, "*** Fatal error: A frobnicated record was received."}}},
		{"a line that is known speaks for the next", "CONNECTED(00000003)\n40D7E5F3:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:ssl/record/ssl3_record.c:354:\n" +
			"40D7E5F3:error:0A0003E7:SSL routines:ssl3_read_bytes:frobnicated by peer:ssl/record/rec_layer_s3.c:1605:\n",
			[]Claim{{finding.PortSpeaksPlaintext, "wrong version number"}}},
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
