package capture

import (
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// productWords are what one product says of certificate and key, and how its lines are known.
type productWords struct {
	product finding.Product
	// starts are said when the product reads its files anew, in lower case.
	starts []string
	words  []logWord // the first that fits counts
	// encrypted says whether a whole line tells of a TLS session that came about; nil where the
	// product does not tell.
	encrypted func(line string) bool
}

// A logWord is a message that must begin with one part and contain others, in lower case.
type logWord struct {
	begins   string
	contains []string
	not      string // must not stand in it
	code     finding.Code

	vague bool         // says only that it failed
	after finding.Code // no more than a consequence, where the same process has claimed this
	about string       // the file that it speaks of
	of    string       // counts only where the process speaks of this file
	// holds says that the files were not taken: until the next start the product goes on with
	// what it had, and what it says of that is no news.
	holds bool
}

func (w logWord) in(low string) bool {
	rest, ok := strings.CutPrefix(low, w.begins)
	ok = ok && (w.not == "" || !strings.Contains(rest, w.not))
	for _, part := range w.contains {
		ok = ok && strings.Contains(rest, part)
	}
	return ok
}

func logWords() []productWords {
	return []productWords{postfixWords(), dovecotWords(), eximWords(), nginxWords(), apacheWords()}
}

// OpenSSL's reasons, as every product quotes them (crypto/err/openssl.txt of 3.0).
const (
	keysDiffer   = "key values mismatch"
	pairDiffers  = "private key mismatch"
	noPassword   = "bad password read"
	noPassphrase = "unable to get passphrase"
	badDecrypt   = "bad decrypt"
	noKeyInside  = "decoder routines::unsupported"
	noStart      = "no start line"
	notASN1      = "asn1 encoding routines"
	noFile       = "no such file or directory"
	noRight      = "permission denied"
)

func postfixWords() productWords {
	const library, chain = "warning: tls library problem:", "warning: error loading chain from "
	said := func(begins string, code finding.Code, contains ...string) logWord {
		return logWord{begins: begins, contains: contains, code: code}
	}
	of := func(file, reason string, code finding.Code) logWord {
		return logWord{begins: library, contains: []string{reason}, code: code, of: file}
	}
	vague := func(begins, about string) logWord {
		return logWord{begins: begins, code: finding.CertificateNotLoaded, vague: true, about: about}
	}
	notFirst := said(chain, finding.KeyMissing, "key not first")
	notFirst.after = finding.KeyEncrypted
	certificate := vague("warning: cannot get ", "certificate")
	certificate.contains = []string{" certificate from file"}
	key := vague("warning: cannot get ", "key")
	key.contains = []string{" private key from file"}
	return productWords{
		product: finding.Postfix,
		starts:  []string{"reload -- version", "daemon started -- version"},
		// "Anonymous TLS connection established from …", and Trusted, Untrusted and Verified.
		encrypted: func(line string) bool { return strings.Contains(line, " TLS connection established ") },
		words: []logWord{
			said("warning: key at index ", finding.KeyDoesNotMatch, "does not match next certificate"),
			said("warning: loading ", finding.KeyEncrypted, "ignoring pem type: encrypted private key"),
			notFirst,
			said("warning: error opening chain file:", finding.KeyMissing, noFile),
			said("warning: error opening chain file:", finding.KeyUnreadable, noRight),
			said("warning: no certs for key at index ", finding.MalformedCertificate),
			said("warning: error loading certificate (pem object ", finding.MalformedCertificate),
			said(library, finding.KeyDoesNotMatch, keysDiffer),
			said(library, finding.KeyDoesNotMatch, pairDiffers),
			of("key", noPassword, finding.KeyEncrypted),
			of("key", noPassphrase, finding.KeyEncrypted),
			of("key", noKeyInside, finding.KeyMissing),
			of("key", noFile, finding.KeyMissing),
			of("key", noRight, finding.KeyUnreadable),
			{begins: library, contains: []string{"key too small"}, not: "dh key too small", code: finding.WeakKey},
			said(library, finding.WeakSignature, "md too weak"),
			of("certificate", noFile, finding.CertificateFileMissing),
			of("certificate", noStart, finding.MalformedCertificate),
			of("certificate", notASN1, finding.MalformedCertificate),
			said("warning: no server certs available", finding.CertificateNotLoaded),
			certificate, key,
			vague("warning: cannot load certification authority data", "certificate"),
			vague("warning: error loading private keys and certificates from:", ""),
			vague("warning: wrapper-mode request dropped from ", ""),
		},
	}
}

func dovecotWords() productWords {
	said := func(code finding.Code, contains ...string) logWord { return logWord{contains: contains, code: code} }
	config := func(code finding.Code, contains ...string) logWord {
		return logWord{begins: "", contains: append(contains, "error in configuration file"), code: code, holds: true}
	}
	const load, parse, certificate = "can't load ssl private key (ssl_", "couldn't parse private ssl key (ssl_", "can't load ssl certificate (ssl_"
	vague := said(finding.CertificateNotLoaded, "failed to initialize ssl ")
	vague.vague = true
	return productWords{
		product: finding.Dovecot,
		starts:  []string{"sighup received - reloading configuration", " starting up for "},
		encrypted: func(line string) bool {
			_, after, ok := strings.Cut(withoutUser(line), ", lip=") // without what the client chose
			return ok && strings.Contains(line, ": Login: ") && strings.Contains(after, ", TLS")
		},
		words: []logWord{
			config(finding.KeyMissing, " ssl_key: ", noFile),
			config(finding.KeyMissing, " ssl_server_key_file: ", noFile),
			config(finding.KeyUnreadable, " ssl_key: ", noRight),
			config(finding.KeyUnreadable, " ssl_server_key_file: ", noRight),
			config(finding.OutdatedConfiguration, "unknown setting: "),
			config(finding.OutdatedConfiguration, "unknown section name: "),
			config(finding.OutdatedConfiguration, "is missing section name"),
			config(finding.OutdatedConfiguration, "obsolete setting"),
			config(finding.OutdatedConfiguration, "dovecot_config_version"),
			config(finding.CertificateFileMissing, " ssl_cert: ", noFile),
			config(finding.CertificateFileMissing, " ssl_server_cert_file: ", noFile),
			config(finding.CertificateNotLoaded, " ssl_cert: "),
			config(finding.CertificateNotLoaded, " ssl_server_cert_file: "),
			config(finding.CertificateNotLoaded, "ssl enabled, but"),
			said(finding.KeyDoesNotMatch, load, "is for a different cert"),
			said(finding.KeyDoesNotMatch, load, "match the cert"),
			said(finding.KeyDoesNotMatch, "can't load ", "key is for a different cert"), // 2.2 does not name the setting
			said(finding.KeyEncrypted, load, noPassword),
			said(finding.KeyEncrypted, parse, badDecrypt),
			said(finding.KeyEncrypted, parse, noPassword),
			said(finding.KeyEncrypted, parse, noPassphrase),
			said(finding.KeyMissing, parse, noKeyInside),
			{begins: "invalid ssl_", contains: []string{"unknown protocol"}, code: finding.OutdatedConfiguration},
			said(finding.WeakDH, "can't load dh param", "dh key too small"),
			said(finding.WeakKey, certificate, "key too small"),
			said(finding.WeakSignature, certificate, "md too weak"),
			said(finding.MalformedCertificate, certificate),
			vague,
		},
	}
}

// eximWords: Exim reads its files for each connection, and says of each in one line what went
// wrong. None of its lines is less than another: the last one counts.
func eximWords() productWords {
	setup := func(code finding.Code, contains ...string) logWord {
		return logWord{begins: "(cert/key setup: ", contains: contains, code: code}
	}
	return productWords{
		product: finding.Exim,
		starts:  []string{" daemon started: pid=", "sighup received: re-exec daemon"},
		encrypted: func(line string) bool {
			_, after, ok := strings.Cut(line, "] ") // what the client chose stands before it
			return ok && strings.HasPrefix(after, "X=TLS") || strings.Contains(after, " X=TLS")
		},
		words: []logWord{
			{begins: "(ssl_ctx_", contains: []string{keysDiffer}, code: finding.KeyDoesNotMatch},
			{begins: "(ssl_ctx_use_certificate", contains: []string{noFile}, code: finding.CertificateFileMissing},
			{begins: "(ssl_ctx_use_privatekey", contains: []string{noFile}, code: finding.KeyMissing},
			{begins: "(ssl_ctx_use_privatekey", contains: []string{noRight}, code: finding.KeyUnreadable},
			{begins: "(ssl_ctx_use_privatekey", contains: []string{noPassword}, code: finding.KeyEncrypted},
			{begins: "(ssl_ctx_use_privatekey", contains: []string{noPassphrase}, code: finding.KeyEncrypted},
			{begins: "(ssl_ctx_use_privatekey", contains: []string{badDecrypt}, code: finding.KeyEncrypted},
			{begins: "(ssl_ctx_use_privatekey", contains: []string{noStart}, code: finding.KeyMissing},
			{begins: "(ssl_ctx_use_certificate", contains: []string{"key too small"}, code: finding.WeakKey},
			{begins: "(ssl_ctx_use_certificate", contains: []string{"md too weak"}, code: finding.WeakSignature},
			{begins: "(ssl_ctx_use_certificate", contains: []string{noStart}, code: finding.MalformedCertificate},
			{begins: "(ssl_ctx_", code: finding.CertificateNotLoaded, vague: true},
			setup(finding.KeyDoesNotMatch, "): the certificate and the given key do not match."),
			setup(finding.KeyEncrypted, "): decryption has failed."),
			setup(finding.CertificateNotLoaded),
		},
	}
}

func nginxWords() productWords {
	const key, certificate = `cannot load certificate key "`, `cannot load certificate "`
	said := func(code finding.Code, begins string, contains ...string) logWord {
		return logWord{begins: begins, contains: contains, code: code}
	}
	// Until 1.15 the file stood behind the function that failed.
	const oldFile, oldPEM = `bio_new_file("`, `pem_read_bio_x509`
	return productWords{
		product: finding.Nginx,
		starts:  []string{"signal process started", "received, reconfiguring"},
		words: []logWord{
			said(finding.KeyDoesNotMatch, "ssl_ctx_use_", keysDiffer),
			said(finding.KeyEncrypted, key, noPassword),
			said(finding.KeyEncrypted, key, noPassphrase),
			said(finding.KeyEncrypted, key, badDecrypt),
			said(finding.KeyMissing, key, noFile),
			said(finding.KeyUnreadable, key, noRight),
			said(finding.KeyMissing, key, noKeyInside),
			said(finding.KeyMissing, key, noStart),
			said(finding.CertificateFileMissing, oldFile, noFile),
			said(finding.CertificateNotLoaded, oldFile),
			said(finding.MalformedCertificate, oldPEM),
			said(finding.MalformedCertificate, certificate, "bad end line"),
			said(finding.MalformedCertificate, certificate, noStart),
			said(finding.MalformedCertificate, certificate, notASN1),
			said(finding.CertificateFileMissing, certificate, noFile),
			said(finding.CertificateNotLoaded, `no "ssl_certificate`, "is defined for"),
			said(finding.KeyMissing, "ssl_ctx_use_privatekey", noFile),
			said(finding.KeyUnreadable, "ssl_ctx_use_privatekey", noRight),
			said(finding.KeyEncrypted, "ssl_ctx_use_privatekey", noPassword),
			said(finding.KeyEncrypted, "ssl_ctx_use_privatekey", noPassphrase),
			said(finding.KeyMissing, "ssl_ctx_use_privatekey", noStart),
			said(finding.WeakKey, "ssl_ctx_use_certificate", "key too small"),
			said(finding.WeakSignature, "ssl_ctx_use_certificate", "md too weak"),
			said(finding.CertificateNotLoaded, "ssl_ctx_use_"),
			said(finding.CertificateNotLoaded, key),
			said(finding.CertificateNotLoaded, certificate),
		},
	}
}

func apacheWords() productWords {
	said := func(number string, code finding.Code) logWord { return logWord{begins: number, code: code} }
	return productWords{
		product: finding.Apache,
		starts:  []string{"resuming normal operations", "graceful restart requested"},
		words: []logWord{
			said("ah02565: ", finding.KeyDoesNotMatch),
			{contains: []string{"sslcertificatefile: file", "does not exist or is empty"}, code: finding.CertificateFileMissing},
			{contains: []string{"sslcertificatekeyfile: file", "does not exist or is empty"}, code: finding.KeyMissing},
			said("ah02561: ", finding.CertificateNotLoaded), // the certificate
			said("ah02562: ", finding.CertificateNotLoaded), // the certificate and its chain
			said("ah02564: ", finding.CertificateNotLoaded), // the key, "encrypted (?)" in its own words
			said("ah02577: ", finding.KeyEncrypted),
			{begins: "ah02572: ", code: finding.CertificateNotLoaded, vague: true},
		},
	}
}
