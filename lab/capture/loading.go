package capture

import (
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// loading reads, of a message in lower case, why a server cannot load its certificate or its key, by
// the words that all products share: they quote OpenSSL, GnuTLS or the operating system.
func loading(low string) (finding.Code, bool) {
	if !contains(low, "can't load", "cannot load", "could not load", "couldn't load", "cannot get ", "failed to load", "failed to read", "unable to get ", "unable to load", "unable to read", "ssl_ctx_use", "ssl_ctx_check_private_key",
		"ssl_use_", "can't open file", "cannot open", "could not open", "error opening", "open(", "fopen", "error in configuration file", "couldn't parse", "can't parse", "failed to parse", "failed to initialize ssl", "cert/key setup", "server certs available", "no tls certificates available",
		"is defined for the", "does not match the certificate", "doesn't match", "do not match", "error initializing tls", "use_private_key", "use_certificate", "unknown setting: ssl", "dovecot_config_version",
		"unsafe:", "does not exist or is empty", "could not find a certificate that contains the domain name", "key values mismatch", "x509_check_private_key", "no certificate assigned", "sslcertificate", "couriertls: /", "certificate file", "key file", "no valid certificate", "cannot use certificate", "unable to stat", "no private key found in", "inconsistencies between private key", "missing section name", "unknown section name", "loading tls cert", "loading tls key", "loading certificate") || contains(low, "unable to get local issuer", "unable to get issuer", "unable to get certificate crl") {
		return "", false
	}
	key := contains(low, "private key", "privatekey", "private_key", "ssl_key", "key_file", "keyfile", "keymanager", "ssl_server_key", "cannot load certificate key", "sslcertificatekeyfile", "key file", ".key", "privkey", "-key.pem")
	switch {
	case contains(low, "unknown setting: ssl", "dovecot_config_version", "unknown setting: disable_plaintext_auth", "is missing section name", "unknown section name"):
		return finding.OutdatedConfiguration, true
	case contains(low, keysDiffer, pairDiffers, "check_private_key", "do not match", "does not match the certificate", "is for a different cert", "cert/key mismatch", "inconsistencies between private key") && !contains(low, "may be a cert/key mismatch"):
		return finding.KeyDoesNotMatch, true
	case strings.Contains(low, "no private key found in"):
		return finding.KeyMissing, true
	case strings.Contains(low, "dh key too small"):
		return finding.WeakDH, true
	case contains(low, "key too small"):
		return finding.WeakKey, true
	case contains(low, "md too weak"):
		return finding.WeakSignature, true
	case contains(low, noPassword, noPassphrase, badDecrypt, "password callback", "pem_read_bio:bad password", "needs a pass", "passphrase", "encrypted private key", "decryption failed or bad", "bad password"):
		return finding.KeyEncrypted, true
	case contains(low, noFile, "does not exist", "no such file", "cannot find the file", "no such process", "file not found"):
		if key {
			return finding.KeyMissing, true
		}
		return finding.CertificateFileMissing, true
	case contains(low, noRight, "access is denied", "eacces", "unsafe: group", "unsafe: world", "readable"):
		if key || !contains(low, "certificate", "cert_file", "ssl_cert", ".crt") {
			return finding.KeyUnreadable, true
		}
		return finding.CertificateNotLoaded, true
	case contains(low, noStart, notASN1, "base64 decode", "bad base64", "asn1 parsing", "bad end line"):
		if key {
			return finding.KeyMissing, true
		}
		return finding.MalformedCertificate, true
	}
	if !contains(low, "cert", "key", "ssl", "tls") {
		return "", false
	}
	return finding.CertificateNotLoaded, true
}

func begins(s string, any ...string) bool {
	for _, a := range any {
		if strings.HasPrefix(s, a) {
			return true
		}
	}
	return false
}

func contains(s string, any ...string) bool {
	for _, a := range any {
		if strings.Contains(s, a) {
			return true
		}
	}
	return false
}

// fileShape is a path in a line of a log, on Unix or Windows.
var fileShape = lazily(`(?:^|[\s"'(=<:])((?:/[\w.@+-]+){2,12}|[A-Z]:\\[\w\\. @+-]+\.\w{2,5})`)

// fileIn returns the file of certificates or keys that a line speaks of. Sources of libraries and
// configuration files are none.
func fileIn(s string) string {
	for _, m := range fileShape.all(s, 8) {
		if f := m[1]; !strings.HasSuffix(f, ".c") && !strings.HasSuffix(f, ".conf") && !strings.HasSuffix(f, ".h") && !strings.Contains(f, "/conf.d/") {
			return clip(f)
		}
	}
	return ""
}
