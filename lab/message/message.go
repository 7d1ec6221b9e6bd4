// Package message knows what programs say when TLS fails: one table from words to codes. The readers
// of transcripts and logs use it, and whoever types in what a screen says.
package message

import (
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// Side says who speaks.
type Side string

// The sides.
const (
	Client Side = "client" // a program that connected, or its library
	Server Side = "server" // a server, of a client that connected to it
)

// A Meaning is what some words mean.
type Meaning struct {
	Codes  []finding.Code // what may be behind it, the likeliest first
	By     string         // whose words they are
	Source string         // where that is known from
	Words  string         // the part of the table that fitted
}

// Find says what a line or a short text means; false where no words of it are known.
func Find(text string, side Side) (Meaning, bool) {
	text = strings.ToLower(text)
	for _, r := range table {
		if (r.side == "" || r.side == side) && strings.Contains(text, r.words) {
			return Meaning{Codes: []finding.Code{r.code}, By: r.by, Source: r.source, Words: r.words}, true
		}
	}
	return Meaning{}, false
}

var table = [...]struct {
	side   Side
	words  string
	code   finding.Code
	by     string
	source string
}{
	{Server, "ssl alert number 42", finding.ClientRefusedCertificate, "OpenSSL", "RFC 8446 section 6.2"},
	{Server, "client ssl certificate verify error", finding.ClientCertificateRefused, "nginx", "https://nginx.org/en/docs/http/ngx_http_ssl_module.html#errors"},
	{Client, "dh key too small", finding.WeakDH, "OpenSSL", "ssl/ssl_err.c of OpenSSL"},
	{Server, "ssl_cert: can't open file", finding.CertificateFileMissing, "Dovecot", "Dovecot 2.3.19, measured"},
	{Server, "unknown setting: ssl_cert", finding.OutdatedConfiguration, "Dovecot", "Dovecot 2.4.1, measured"},
	{Client, "no matching dane tlsa records", finding.DANEMismatch, "OpenSSL", "crypto/x509/x509_txt.c of OpenSSL"},
	{Client, "sts-webpki-invalid", finding.MTASTSMismatch, "TLSRPT", "RFC 8460 section 4.3.2.2"},
	{Client, "5.7.139 authentication unsuccessful", finding.OAuthRequired, "Exchange Online", "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/deprecation-of-basic-authentication-exchange-online"},
	{Client, "cannot verify signature: algorithm unimplemented", finding.UnsupportedAlgorithm, "Go", "crypto/x509 of Go 1.26"},
}
