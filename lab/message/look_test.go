package message

import (
	"regexp"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// TestLook: one line for each code, which can be pasted, and speaks of the server that is asked about.
func TestLook(t *testing.T) {
	safe := regexp.MustCompile(`^[A-Za-z0-9 ./:;|&<>'_=,@?+^\[\]()-]+$`)
	for _, info := range finding.All() {
		for _, at := range []struct {
			host string
			port int
		}{{"", 0}, {"mail.example.com", 0}, {"mail.example.com", 587}, {"192.0.2.1", 993}, {"2001:db8::1", 993}, {"$(reboot)", 993}, {"-h", -1}, {"a b;c", 70000}, {"mail.example.com\nrm", 25}} {
			line := Look(info.Code, at.host, at.port)
			if line == "" || !safe.MatchString(line) || strings.Contains(line, ":0") || strings.Contains(line, "reboot") || strings.Contains(line, ";c") || strings.Contains(line, "-h ") {
				t.Errorf("%s at %q %d: %q", info.Code, at.host, at.port, line)
			}
			if at.port == 587 && strings.Contains(line, "s_client") && !strings.Contains(line, "-starttls smtp") {
				t.Errorf("%s: no STARTTLS in %q", info.Code, line)
			}
		}
	}
	for _, tt := range []struct {
		code finding.Code
		host string
		port int
		want string
	}{
		{finding.NameMismatch, "mail.example.com", 587, "openssl s_client -connect mail.example.com:587 -starttls smtp -servername mail.example.com </dev/null 2>/dev/null | openssl x509 -noout -subject -ext subjectAltName"},
		{finding.Expired, "", 0, "openssl s_client -connect HOST:993 -servername HOST </dev/null 2>/dev/null | openssl x509 -noout -dates"},
		{finding.ClientTooOld, "192.0.2.1", 143, "openssl s_client -connect 192.0.2.1:143 -starttls imap -tls1_2 </dev/null; openssl s_client -connect 192.0.2.1:143 -starttls imap -tls1_3 </dev/null"},
		{finding.WrongEncryptionType, "mail.example.com", 587, "mailtlslab diagnose mail.example.com:587"},
		{finding.StartTLSNotOffered, "", 0, "mailtlslab diagnose HOST"},
		{finding.DefaultInstallationCertificate, "mail.example.com", 993, "openssl s_client -connect mail.example.com:993 -noservername </dev/null 2>&1 | grep -E 'subject=|alert'"},
		{finding.CredentialsRefused, "mail.example.com", 465, "curl -v --ssl-reqd --user USER smtps://mail.example.com:465/"},
	} {
		if got := Look(tt.code, tt.host, tt.port); got != tt.want {
			t.Errorf("%s: %s\nwant %s", tt.code, got, tt.want)
		}
	}
}
