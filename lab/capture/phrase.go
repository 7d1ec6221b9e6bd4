package capture

import "github.com/mailtlslab/mailtlslab/lab/finding"

// A phrase is what a tool says in lower case, and what it means by it.
type phrase struct {
	words string
	code  finding.Code
}

// connectionPhrases are said of a connection that does not come about: by the operating system,
// by OpenSSL (crypto/err and ssl/ssl_err.c of 3.0), by GnuTLS 3.7 and by curl 7.88.
func connectionPhrases() []phrase {
	return []phrase{
		{"connection refused", finding.PortClosed},
		{"couldn't connect to server", finding.PortClosed},
		{"no route to host", finding.HostUnreachable},
		{"network is unreachable", finding.HostUnreachable},
		{"name or service not known", finding.HostNotFound},
		{"nodename nor servname", finding.HostNotFound},
		{"could not resolve host", finding.HostNotFound},
		{"no address associated with hostname", finding.HostNotFound},
		{"connection timed out", finding.ConnectTimeout},
		{"operation timed out", finding.ConnectTimeout},
		{"starttls not available", finding.StartTLSNotOffered},
		{"starttls not supported", finding.StartTLSNotOffered},
		{"didn't find starttls", finding.StartTLSNotOffered},
		{"didn't found starttls", finding.StartTLSNotOffered},
		{"starttls denied", finding.StartTLSRefused},
		{"wrong version number", finding.PortSpeaksPlaintext},
		{"unknown protocol", finding.PortSpeaksPlaintext},
		{"http request", finding.PortSpeaksPlaintext},
		{"unexpected tls packet", finding.PortSpeaksPlaintext},
		{"packet length too long", finding.PortSpeaksPlaintext},
		{"alert certificate required", finding.ClientCertificateRequired},
		{"unrecognized name", finding.ServerHasNoSuchName},
		{"alert protocol version", finding.HandshakeRefused},
		{"alert handshake failure", finding.HandshakeRefused},
		{"alert internal error", finding.HandshakeRefused},
		{"a tls fatal alert has been received", finding.HandshakeRefused},
		{"unsupported protocol", finding.ProtocolTooOld},
		{"no shared cipher", finding.NoCommonCipher},
		{"cert_verify:bad signature", finding.KeyDoesNotMatch},
		{"cert_verify:wrong signature type", finding.KeyDoesNotMatch},
		{"key_exchange:bad signature", finding.KeyDoesNotMatch},
		{"::bad signature", finding.KeyDoesNotMatch},
		{"ee key too small", finding.WeakKey},
		{"ca key too small", finding.WeakKey},
		{"ca md too weak", finding.WeakSignature},
		{"login denied", finding.CredentialsRefused},
		{"connection reset by peer", finding.HandshakeDropped},
		{"unexpected eof while reading", finding.HandshakeDropped},
		{"ssl_error_syscall", finding.HandshakeDropped},
		{"the tls connection was non-properly terminated", finding.HandshakeDropped},
	}
}

// certificatePhrases are what the libraries say of a certificate: crypto/x509/x509_txt.c of
// OpenSSL 1.1 and 3, lib/vtls of curl, and what Schannel is quoted with. The longer ones come
// first where one is part of another.
func certificatePhrases() []phrase {
	return []phrase{
		{"certificate has expired", finding.Expired},
		{"sec_e_cert_expired", finding.Expired},
		{"certificate is not yet valid", finding.NotYetValid},
		{"self signed certificate in certificate chain", finding.IssuerNotTrusted},
		{"self-signed certificate in certificate chain", finding.IssuerNotTrusted},
		{"sec_e_untrusted_root", finding.IssuerNotTrusted},
		{"self signed certificate", finding.SelfSigned},
		{"self-signed certificate", finding.SelfSigned},
		{"unable to get local issuer certificate", finding.IssuerUnknown},
		{"unable to get issuer certificate", finding.IssuerUnknown},
		{"unable to verify the first certificate", finding.IssuerUnknown},
		{"server certificate verification failed", finding.IssuerUnknown},
		{"certificate signature failure", finding.BadSignature},
		{"certificate revoked", finding.Revoked},
		{"invalid ca certificate", finding.IssuerNotACA},
		{"path length constraint exceeded", finding.PathLengthExceeded},
		{"unsupported certificate purpose", finding.WrongPurpose},
		{"unsuitable certificate purpose", finding.WrongPurpose},
		{"unhandled critical extension", finding.UnknownCriticalExtension},
		{"permitted subtree violation", finding.CANotAllowedForName},
		{"excluded subtree violation", finding.CANotAllowedForName},
		{"hostname mismatch", finding.NameMismatch},
		{"ip address mismatch", finding.NameMismatch},
		{"no alternative certificate subject name matches", finding.NameMismatch},
		{"does not match target host name", finding.NameMismatch},
		{"sec_e_wrong_principal", finding.NameMismatch},
		{"certificate key too weak", finding.WeakKey},
		{"signature digest algorithm too weak", finding.WeakSignature},
	}
}

// statusPhrases are the sentences of gnutls_certificate_verification_status_print (lib/cert-session.c).
func statusPhrases() []phrase {
	return []phrase{
		{"uses expired certificate", finding.Expired},
		{"uses not yet valid certificate", finding.NotYetValid},
		{"name in the certificate does not match", finding.NameMismatch},
		{"issuer is unknown", finding.IssuerUnknown},
		{"issuer is not a ca", finding.IssuerNotACA},
		{"chain is revoked", finding.Revoked},
		{"uses insecure algorithm", finding.WeakSignature},
		{"signature in the certificate is invalid", finding.BadSignature},
		{"violates the signer's constraints", finding.CANotAllowedForName},
		{"ocsp status is missing", finding.StapleRequired},
		{"does not match the intended purpose", finding.WrongPurpose},
		{"unknown critical extension", finding.UnknownCriticalExtension},
	}
}

// below turns what is said of the leaf into what it means of its issuers.
func below(code finding.Code, depth int) finding.Code {
	switch {
	case depth > 0 && code == finding.Expired:
		return finding.IntermediateExpired
	case depth > 0 && code == finding.NotYetValid:
		return finding.IntermediateNotYetValid
	}
	return code
}
