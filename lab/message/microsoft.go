package message

import (
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A status is an error of Windows: its name, its number, and its sentence in English.
type status struct {
	name, number, sentence string
	codes                  []finding.Code
}

// rows are the three ways in which it is printed. A number with letters in it is known without its
// 0x as well.
func (s status) rows() []Row {
	var out []Row
	if s.name != "" {
		out = append(out, w(strings.ToLower(s.name), s.codes))
	}
	if s.number != "" {
		prefix := "0x"
		if strings.ContainsAny(s.number, "abcdef") {
			prefix = "{0x|}"
		}
		number := w(prefix+s.number, s.codes)
		number.extra = 20
		out = append(out, number)
	}
	if s.sentence != "" {
		out = append(out, w(strings.ToLower(s.sentence), s.codes))
	}
	return out
}

func statusRows(by, source string, all []status) []Row {
	var out []Row
	for _, s := range all {
		out = append(out, s.rows()...)
	}
	return said(by, source, out...)
}

// windowsRows: Schannel and CryptoAPI, WinINet and WinHTTP, and .NET on top of them.
func windowsRows(k causes) []Row {
	tooOld := []finding.Code{finding.NoCommonCipher, finding.ClientTooOld, finding.ProtocolTooOld}
	wantsOrCipher := []finding.Code{finding.NoCommonCipher, finding.ClientCertificateRequired, finding.WrongEncryptionType, finding.ProtocolTooOld}
	noCA := append(k.notCA[:1:1], finding.CAUsedAsServer)
	name := []finding.Code{finding.NameMismatch, finding.OutgoingServerName, finding.ConnectByIP, finding.AutodiscoverName}
	rows := statusRows("Schannel", "winerror.h of the Windows SDK: https://learn.microsoft.com/windows/win32/secauthn/sspi-status-codes", []status{
		{"SEC_E_UNTRUSTED_ROOT", "80090325", "certificate chain was issued by an authority that is not trusted", k.issuer},
		{"SEC_E_WRONG_PRINCIPAL", "80090322", "target principal name is incorrect", name},
		{"SEC_E_CERT_EXPIRED", "80090328", "received certificate has expired", k.expired},
		{"SEC_E_CERT_UNKNOWN", "80090327", "unknown error occurred while processing the certificate", append(k.badCertificate[:2:2], k.certificate...)},
		{"SEC_E_CERT_WRONG_USAGE", "80090349", "certificate is not valid for the requested usage", k.purpose},
		{"SEC_E_ALGORITHM_MISMATCH", "80090331", "do not possess a common algorithm", tooOld},
		{"SEC_E_UNSUPPORTED_FUNCTION", "80090302", "function requested is not supported", []finding.Code{finding.ProtocolTooOld, finding.ClientTooOld}},
		{"SEC_E_ILLEGAL_MESSAGE", "80090326", "message received was unexpected or badly formatted", wantsOrCipher},
		{"SEC_E_INVALID_TOKEN", "80090308", "token supplied to the function is invalid", k.plain},
		{"SEC_E_MESSAGE_ALTERED", "8009030f", "message or signature supplied for verification has been altered", k.refused},
		{"SEC_E_DECRYPT_FAILURE", "80090330", "specified data could not be decrypted", k.refused},
		{"SEC_E_INTERNAL_ERROR", "80090304", "local security authority cannot be contacted", k.refused},
		{"SEC_E_TIME_SKEW", "80090324", "clocks on the client and server machines are skewed", k.clock},
		{"SEC_E_NO_CREDENTIALS", "8009030e", "no credentials are available in the security package", k.badCertificate[1:]},
		{"SEC_I_INCOMPLETE_CREDENTIALS", "00090320", "credentials supplied were not complete, and could not be verified", k.badCertificate[1:]},
		{"SEC_E_LOGON_DENIED", "8009030c", "", []finding.Code{finding.CredentialsRefused, finding.ClientCertificateRefused}},
		{"SEC_E_INCOMPLETE_MESSAGE", "80090318", "", k.dropped},
		{"CRYPT_E_REVOKED", "80092010", "the certificate is revoked", k.revoked},
		{"CRYPT_E_REVOCATION_OFFLINE", "80092013", "{unable to check revocation because the|because the} revocation server was offline", k.revocation},
		{"CRYPT_E_NO_REVOCATION_CHECK", "80092012", "unable to check revocation for the certificate", k.revocation},
		{"CRYPT_E_NO_REVOCATION_DLL", "80092011", "no dll or exported function was found to verify revocation", k.revocation},
		{"CERT_E_EXPIRED", "800b0101", "certificate is not within its validity period", k.time},
		{"CERT_E_UNTRUSTEDROOT", "800b0109", "terminated in a root certificate which is not trusted", k.issuer},
		{"CERT_E_CN_NO_MATCH", "800b010f", "cn name does not match the passed value", name},
		{"CERT_E_CHAINING", "800b010a", "certificate chain could not be built to a trusted root authority", k.noIssuer},
		{"CERT_E_PURPOSE", "800b0106", "used for a purpose other than the ones specified by its ca", k.purpose},
		{"CERT_E_WRONG_USAGE", "800b0110", "", k.purpose},
		{"CERT_E_ROLE", "800b0103", "can only be used as an end-entity is being used as a ca", noCA},
		{"CERT_E_PATHLENCONST", "800b0104", "path length constraint in the certification chain has been violated", k.length},
		{"CERT_E_REVOKED", "800b010c", "explicitly revoked by its issuer", k.revoked},
		{"CERT_E_REVOCATION_FAILURE", "800b010e", "revocation process could not continue", k.revocation},
		{"CERT_E_INVALID_NAME", "800b0114", "certificate has an invalid name", k.constraints},
		{"CERT_E_CRITICAL", "800b0105", "unknown extension that is marked 'critical'", k.critical},
		{"CERT_E_ISSUERCHAINING", "800b0107", "did not issue that child certificate", []finding.Code{finding.IssuerKeyMismatch, finding.MissingIntermediate}},
		{"CERT_E_VALIDITYPERIODNESTING", "800b0102", "validity periods of the certification chain do not nest", k.unexplained},
		{"CERT_E_MALFORMED", "800b0108", "certificate is missing or has an empty value for an important field", k.malformed},
		{"CERT_E_UNTRUSTEDCA", "800b0112", "intermediate certification authorities certificates is not trusted", k.issuer},
		{"TRUST_E_EXPLICIT_DISTRUST", "800b0111", "explicitly marked as untrusted by the user", []finding.Code{finding.RootDistrusted, finding.IssuerNotTrusted}},
		{"TRUST_E_CERT_SIGNATURE", "80096004", "signature of the certificate can{not| not} be verified", append(k.signature[:2:2], finding.WeakSignature)},
		{"TRUST_E_BASIC_CONSTRAINTS", "80096019", "basic constraint extension has not been observed", k.notCA},
		{"TRUST_E_FAIL", "800b010b", "generic trust failure", k.certificate},
	})
	rows = append(rows, statusRows("WinINet and WinHTTP", "wininet.h and winhttp.h of the Windows SDK: https://learn.microsoft.com/windows/win32/wininet/wininet-errors", []status{
		{"SEC_CERT_DATE_INVALID", "80072f05", "ssl certificate date that was received from the server is bad", k.time},
		{"SEC_CERT_CN_INVALID", "80072f06", "certificate common name (host name field) is incorrect", name},
		{"ERROR_INTERNET_INVALID_CA", "80072f0d", "unfamiliar with the certificate authority that generated", k.issuer},
		{"WINHTTP_SECURE_INVALID_CA", "", "chain terminated in a root that is not trusted", k.issuer},
		{"SEC_CERT_ERRORS", "80072f17", "ssl certificate contains errors", k.certificate},
		{"{SEC_CERT_REV_FAILED|SECURE_CERT_REV_FAILED}", "80072f19", "revocation of the ssl certificate failed", k.revocation},
		{"SEC_CERT_REV_OFFLINE", "", "{revocation server offline|revocation server is offline}", k.revocation},
		{"ERROR_INTERNET_SEC_INVALID_CERT", "80072f89", "^the ssl certificate is invalid$", append(k.purpose[:1:1], finding.IssuerNotACA, finding.MalformedCertificate)},
		{"", "80072f8a", "ssl certificate was revoked", k.revoked},
		{"{SECURITY_CHANNEL_ERROR|SECURE_CHANNEL_ERROR}", "80072f7d", "internal error loading the ssl libraries", tooOld},
		{"", "", "secure channel error; any", tooOld},
		{"ERROR_INTERNET_CANNOT_CONNECT", "80072efd", "attempt to connect to the server failed", append(k.closed[:1:1], k.timeout...)},
		{"ERROR_INTERNET_CONNECTION_ABORTED", "80072efe", "connection with the server has been terminated", append(k.dropped[:2:2], finding.ProtocolTooOld)},
		{"ERROR_INTERNET_CONNECTION_RESET", "80072eff", "connection with the server has been reset", k.reset},
		{"WINHTTP_CONNECTION_ERROR", "", "reset or terminated, or an incompatible ssl protocol was encountered", append(k.dropped[:2:2], finding.ProtocolTooOld)},
		{"ERROR_INTERNET_NAME_NOT_RESOLVED", "80072ee7", "server name or address could not be resolved", k.noHost},
		{"ERROR_INTERNET_TIMEOUT", "80072ee2", "", k.timeout},
		{"ERROR_WINHTTP_SECURE_FAILURE", "80072f8f", "errors were found in the secure sockets layer (ssl) certificate", k.certificate},
	})...)
	return slices.Concat(rows, chainStatusRows(k), dotNetRows(k), eventRows(k))
}

// chainStatusRows: what CryptoAPI says of a chain, by name, as curl and browsers print it.
func chainStatusRows(k causes) []Row {
	return said("CryptoAPI", "CERT_TRUST_STATUS of wincrypt.h; DLG_FLAGS of wininet.h",
		w("cert_trust_is_untrusted_root", k.issuer),
		w("cert_trust_is_partial_chain", k.noIssuer),
		w("cert_trust_is_not_time_valid", k.time),
		w("cert_trust_is_revoked", k.revoked),
		w("cert_trust_{revocation_status_unknown|is_offline_revocation}", k.revocation),
		w("cert_trust_is_not_signature_valid", k.signature),
		w("cert_trust_is_not_valid_for_usage", k.purpose),
		w("cert_trust_invalid_basic_constraints", k.notCA),
		w("cert_trust_{invalid|has_not_permitted|has_excluded}_name_constraint*", k.constraints),
		w("cert_trust_has_weak_signature", k.weakSignature),
		w("dlg_flags_invalid_ca", k.issuer),
	)
}

// dotNetRows: SslStream and HttpClient of .NET, and MailKit, which quotes them.
func dotNetRows(k causes) []Row {
	anything := append(k.certificate[:5:5], finding.ProtocolTooOld, finding.NoCommonCipher, finding.WrongEncryptionType)
	const status = "X509ChainStatusFlags of .NET: https://learn.microsoft.com/dotnet/api/system.security.cryptography.x509certificates.x509chainstatusflags"
	return append(said(".NET", status,
		w("port * is typically reserved for plain-text connections", []finding.Code{finding.WrongEncryptionType}),
		w("{certificate chain|chain status|statusflags|status|errors}*untrustedroot", k.issuer),
		w("{certificate chain|chain status|statusflags|status|errors}*nottimevalid", k.time),
		w("{certificate chain|chain status|statusflags|status|errors}*partialchain", k.noIssuer),
		w("{certificate chain|chain status|statusflags|status|errors}*{revocationstatusunknown|offlinerevocation}", k.revocation),
		w("{certificate chain|chain status|statusflags|status|errors}*{certificate|: }revoked", k.revoked),
		w("{certificate chain|chain status|statusflags|status|errors}*notsignaturevalid", k.signature),
		w("{certificate chain|chain status|statusflags|status|errors}*notvalidforusage", k.purpose),
		w("{certificate chain|chain status|statusflags|status|errors}*invalidbasicconstraints", k.notCA),
		w("{certificate chain|chain status|statusflags|status|errors}*invalidnameconstraints", k.constraints),
		w("{certificate chain|chain status|statusflags|status|errors}*hasnotsupportedcriticalextension", k.critical),
		w("{certificate chain|chain status|statusflags|status|errors}*hasweaksignature", k.weakSignature),
		w("{certificate chain|chain status|statusflags|status|errors}*explicitdistrust", []finding.Code{finding.RootDistrusted, finding.IssuerNotTrusted}),
		w("remotecertificatenamemismatch", k.name),
		vague("remotecertificatechainerrors", k.certificate),
		w("remotecertificatenotavailable", k.cipherHere),
	), said(".NET", "System.Net.Security of .NET; MailKit: https://github.com/jstedfast/MailKit/blob/master/FAQ.md#ssl-handshake-exception",
		vague("remote certificate is invalid", k.certificate),
		vague("remote certificate was rejected by the provided remotecertificatevalidationcallback", k.certificate),
		vague("ssl connection could not be established, see inner exception", anything),
		vague("an error occurred while attempting to establish an ssl or tls connection", anything),
		vague("a call to sspi failed, see inner exception", anything),
		vague("could not create ssl/tls secure channel", append(k.noTLS[1:4:4], k.certificate[:5]...)),
		vague("could not establish trust relationship for the ssl/tls secure channel", k.certificate),
		w("handshake failed due to an unexpected packet format", k.plain),
		w("cannot determine the frame size or a corrupted frame was received", k.plain),
		w("received an unexpected eof or 0 bytes from the transport stream", k.dropped),
		w("authentication failed because the remote party {has closed the transport stream|sent a tls alert}", append(k.dropped[:2:2], finding.ProtocolTooOld, finding.ClientTooOld)),
		w("underlying connection was closed: an unexpected error occurred on a send", append(k.noTLS[1:3:3], finding.HandshakeDropped)),
		w("server does not support secure connections", k.notOffered),
		w("connected party did not properly respond after a period of time", k.timeout),
		w("connected host has failed to respond", k.timeout),
		w("existing connection was forcibly closed by the remote host", k.dropped),
		w("established connection was aborted by the software in your host machine", append(k.dropped[:2:2], finding.LocalInterception)),
		w("requested name is valid*no data of the requested type was found", k.noHost),
		w("unreachable {network|host} was attempted", k.unreachable),
		w("root certificate is not trusted by the {trust provider|client}", k.issuer),
		w("the ssl server certificate presented by the server is not trusted by the system", k.certificate),
		w("the server's certificate could not be validated", k.certificate),
		w("did not match {any of the names|the name} given in the server's ssl certificate", k.name),
		w("the certificate's revocation status could not be determined", k.revocation),
		w("the server's ssl certificate{ or one of the intermediate| }*revoked", k.revoked),
	)...)
}

// eventRows: what Schannel writes to the event log of a server, and of a client.
func eventRows(k causes) []Row {
	return append(said("Schannel events", "https://learn.microsoft.com/troubleshoot/windows-server/identity/tls-error-events",
		w("none of the cipher suites supported by the client application are supported by the server", k.cipherHere),
		w("no suitable default server credential exists", k.notLoaded),
		w("does not have a private key information property attached", k.keyMissing),
		w("fatal error occurred when attempting to access the {ssl|tls} {server|client} credential private key", []finding.Code{finding.KeyUnreadable, finding.KeyMissing}),
		w("certificate received from the remote server was issued by an untrusted certificate authority", k.issuer),
		w("certificate received from the remote server does not contain the expected name", k.name),
		w("certificate received from the remote server has {either |}expired", k.time),
		w("certificate received from the remote client application*{untrusted|not*trusted|not validated}*", k.badCertificate[:1:1]),
		w("certificate received from the remote server has been revoked", k.revoked),
		w("no supported cipher suites were found when initiating", k.cipher[:1:1]),
		w("an unknown connection request was received*client protocol version is not supported", k.clientOld),
		w("none of the application protocols supported by the client are supported by the server", k.unexplained),
	), of(Client, said("Schannel events", "https://learn.microsoft.com/troubleshoot/windows-server/identity/tls-error-events",
		vague("fatal alert was generated and sent to the remote endpoint", k.certificate),
		vague("fatal alert was received from the remote endpoint", k.refused),
	)...)...)
}
