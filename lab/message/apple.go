package message

import (
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// appleRows: Security.framework, Secure Transport, Network.framework and CFNetwork.
func appleRows(k causes) []Row {
	chain := append(k.issuer[:6:6], finding.Expired, finding.NoSAN, finding.LifetimeTooLong, finding.IssuerNotACA)
	standards := []finding.Code{finding.LifetimeTooLong, finding.IssuerNotACA, finding.NoSAN, finding.WrongPurpose, finding.WeakKey}
	root := append(k.expired[:1:1], finding.RootExpired, finding.ClientClock)
	const trust = "SecTrust of Apple's Security framework: https://github.com/apple-oss-distributions/Security/blob/main/OSX/sec/Security/SecTrust.c"
	rows := said("Apple", trust,
		w("certificate is expired", k.expired),
		w("^not trusted$", k.certificate), // above the certificate's name, in the sheet of iOS
		w("^nicht vertrauenswürdig$", k.certificate),
		w("cssmerr_tp_not_trusted", k.issuer),
		w("cssmerr_tp_cert_expired", k.expired),
		w("cssmerr_tp_cert_not_valid_yet", k.notYet),
		w("cssmerr_apple_tp_hostname_mismatch", k.anyName),
		w("cert verify result: host name mismatch", k.anyName),
		w("certificate is not standards compliant", standards),
		w("certificate is not permitted for this usage", k.purpose),
		w("certificate is using a broken key size", k.weakKey),
		w("certificate is using a broken signature algorithm", k.weakSignature),
		w("{^|: |\" |' |> }certificate is revoked", k.revoked),
		w("certificate is blocked", []finding.Code{finding.Revoked, finding.RootDistrusted}),
		w("certificate name does not match", k.anyName),
		w("{\"|'|>} certificate is not trusted", k.issuer),
		w("certificate as distrusted", []finding.Code{finding.IssuerNotTrusted, finding.RootDistrusted}),
		w("certificates do not meet pinning requirements", k.proxyOrAntivirus),
		w("ssl hostname does not match name(s) in certificate", k.anyName),
		w("certificate is not temporally valid", k.time),
		w("root is not temporally valid", root),
		w("key usage does not match certificate usage", k.keyUsage),
		w("extended key usage does not match certificate usage", k.purpose),
		w("basic constraints are required but missing", k.notCA),
		w("non-ca certificate used as a ca", k.notCA),
		w("chain exceeded constrained path length", k.length),
		w("root is not trusted", k.issuer),
		w("unable to build chain to root", k.noIssuer),
		w("key size is not permitted for this use", k.weakKey),
		w("signature hash algorithm is not permitted for this use", k.weakSignature),
		w("certificate transparency validation required", []finding.Code{finding.IssuerNotTrusted}),
		w("found unknown critical extensions", k.critical),
		w("name constraints violated", k.constraints),
		w("failed to check revocation", k.revocation),
		w("exceeds maximum temporal validity period", k.tooLong),
		w("unable to parse known extension", k.malformed),
		w("subjectkeyid/authoritykeyid mismatch", []finding.Code{finding.IssuerKeyMismatch, finding.MissingIntermediate}),
		w("errsecnottrusted", k.issuer),
		w("errsechostnamemismatch", k.anyName),
		w("errseccertificateexpired", k.time),
		w("errseccertificatenotvalidyet", k.notYet),
		w("errseccertificaterevoked", k.revoked),
		w("errsecincompletecertrevocationcheck", k.revocation),
		w("errseccreatechainfailed", k.noIssuer),
		w("errseccertificatevalidityperiodtoolong", k.tooLong),
		w("errsecinvalidextendedkeyusage", k.purpose),
		w("errsecinvaliddigestalgorithm", k.weakSignature),
		w("errsecunsupportedkeysize", k.weakKey),
		w("errsecnobasicconstraints*", k.notCA),
		w("errsecunknowncriticalextensionflag", k.critical),
		w("{osstatus|error|code|(}*-67843", k.issuer),
		w("{osstatus|error|code|(}*-67602", k.anyName),
		w("{osstatus|error|code|(}*-67818", k.time),
		w("{osstatus|error|code|(}*-67820", k.revoked),
		w("{osstatus|error|code|(}*-67901", k.tooLong),
		w("{osstatus|error|code|(}*-67635", k.revocation),
		w("{osstatus|error|code|(}*-25318", k.noIssuer),
		w("verify certificate*{always trust|show certificate|continue}", k.certificate),
		w("mail can't verify the identity of", k.certificate),
		w("can't verify the identity of the {server|website}*", k.certificate),
	)
	rows = append(rows, transportErrors(k, chain)...)
	return append(rows, of(Client, said("Apple", "CFNetwork: https://developer.apple.com/documentation/foundation/1508628-url_loading_system_error_codes",
		w("certificate for this server has expired", k.expired),
		w("certificate for this server is not yet valid", k.notYet),
		w("certificate for this server is invalid", append(k.certificate[:6:6], finding.NoSAN, finding.ConnectByIP, finding.LifetimeTooLong)),
		w("certificate for this server was signed by an unknown certifying authority", k.issuer),
		w("nsurlerrorservercertificateuntrusted", append(k.certificate[:6:6], finding.NoSAN, finding.LifetimeTooLong)),
		w("nsurlerrorservercertificatehasbaddate", k.time),
		w("nsurlerrorservercertificatehasunknownroot", k.issuer),
		w("nsurlerrorservercertificatenotyetvalid", k.notYet),
		w("nsurlerrorclientcertificaterejected", k.badCertificate),
		w("nsurlerrorclientcertificaterequired", k.wantsCertificate),
		vague("nsurlerrorsecureconnectionfailed", append(k.noTLS[1:4:4], finding.IssuerNotTrusted, finding.HandshakeDropped)),
		w("server {requires|required} a client certificate", k.wantsCertificate),
		w("{server|site} did not accept the certificate", k.badCertificate),
		w("{code|error|errordomain}*-1201", k.time),
		w("{code=|error |code: |errordomain }*-1202", append(k.certificate[:6:6], finding.NoSAN, finding.LifetimeTooLong)),
		w("{code=|error |code: |errordomain }*-1203", k.issuer),
		w("{code=|error |code: |errordomain }*-1204", k.notYet),
		w("{code=|error |code: |errordomain }*-1205", k.badCertificate),
		w("{code=|error |code: |errordomain }*-1206", k.wantsCertificate),
		vague("an ssl error has occurred and a secure connection to the server cannot be made", append(k.noTLS[1:4:4], finding.IssuerNotTrusted, finding.HandshakeDropped)),
	)...)...)
}

// transportErrors: SecBase.h and SecureTransport.h, by name, number and sentence.
func transportErrors(k causes, chain []finding.Code) []Row {
	type failure struct {
		name, number, sentence string
		codes                  []finding.Code
	}
	var out []Row
	for _, f := range []failure{
		{"errSSLProtocol", "9800", "", append(k.plain[:2:2], finding.ProtocolTooOld)},
		{"errSSLNegotiation", "9801", "cipher suite negotiation failure", k.cipher},
		{"errSSLFatalAlert", "9802", "^fatal alert$", k.refused},
		{"errSSLClosedGraceful", "9805", "connection closed gracefully", k.dropped},
		{"errSSLClosedAbort", "9806", "connection closed via error", k.dropped},
		{"errSSLXCertChainInvalid", "9807", "invalid certificate chain", chain},
		{"errSSLBadCert", "9808", "bad certificate format", k.malformed},
		{"errSSLUnknownRootCert", "9812", "valid cert chain, untrusted root", k.issuer},
		{"errSSLNoRootCert", "9813", "cert chain not verified by root", k.noIssuer},
		{"errSSLCertExpired", "9814", "chain had an expired cert", k.expired},
		{"errSSLCertNotYetValid", "9815", "chain had a cert not yet valid", k.notYet},
		{"errSSLClosedNoNotify", "9816", "server closed session with no notification", k.dropped},
		{"errSSLPeerUnexpectedMsg", "9819", "unexpected message received", k.refused},
		{"errSSLPeerHandshakeFail", "9824", "^handshake failure$", k.cipher},
		{"errSSLPeerBadCert", "9825", "misc. bad certificate", k.badCertificate},
		{"errSSLPeerUnsupportedCert", "9826", "bad unsupported cert format", k.badCertificate},
		{"errSSLPeerCertRevoked", "9827", "^certificate revoked$", k.badCertificate},
		{"errSSLPeerCertExpired", "9828", "^certificate expired$", k.badCertificate},
		{"errSSLPeerCertUnknown", "9829", "^unknown certificate$", k.badCertificate},
		{"errSSLPeerUnknownCA", "9831", "^unknown cert{ificate|} authority$", k.badCertificate},
		{"errSSLPeerAccessDenied", "9832", "", k.badCertificate},
		{"errSSLPeerProtocolVersion", "9836", "bad protocol version", []finding.Code{finding.ClientTooOld, finding.ProtocolTooOld}},
		{"errSSLPeerInsufficientSecurity", "9837", "^insufficient security$", []finding.Code{finding.NoCommonCipher, finding.WeakDH, finding.WeakKey}},
		{"errSSLPeerInternalError", "9838", "^internal error$", k.refused},
		{"errSSLHostNameMismatch", "9843", "peer host name mismatch", k.anyName},
		{"errSSLConnectionRefused", "9844", "peer dropped connection before responding", append(k.dropped[:2:2], finding.PortClosed)},
		{"errSSLDecryptionFail", "9845", "", k.refused},
		{"errSSLBadRecordMac", "9846", "", k.refused},
		{"errSSLRecordOverflow", "9847", "", k.plain},
		{"errSSLTransportReset", "9852", "transport (socket) shutdown", k.dropped},
		{"errSSLNetworkTimeout", "9853", "network timeout triggered", k.timeout},
		{"errSSLWeakPeerEphemeralDHKey", "9850", "weak ephemeral dh", k.weakDH},
		{"errSSLHandshakeFail", "9858", "^handshake failed$", k.cipher},
		{"errSSLInappropriateFallback", "9860", "^inappropriate fallback$", []finding.Code{finding.ClientTooOld, finding.ProtocolTooOld}},
		{"errSSLMissingExtension", "9861", "", k.refused},
		{"errSSLCertificateRequired", "9863", "^certificate required$", k.wantsCertificate},
		{"errSSLATSMinimumVersionViolation", "9881", "minimum protocol version is not ats compliant", k.serverOld},
		{"errSSLATSCiphersuiteViolation", "9882", "selected ciphersuite is not ats compliant", k.cipher[:1:1]},
		{"errSSLATSMinimumKeySizeViolation", "9883", "peer key size is not ats compliant", k.weakKey},
		{"errSSLATSLeafCertificateHashAlgorithmViolation", "9884", "certificate hash algorithm is not ats compliant", k.weakSignature},
		{"errSSLATSCertificateHashAlgorithmViolation", "9885", "", k.weakSignature},
	} {
		number := w("{(| |=|:}-"+f.number, f.codes)
		number.extra = 20
		out = append(out, w(strings.ToLower(f.name), f.codes), number)
		if f.sentence != "" {
			out = append(out, w(f.sentence, f.codes))
		}
	}
	return of(Client, said("Apple", "SecureTransport.h and SecBase.h of Apple's Security framework", out...)...)
}
