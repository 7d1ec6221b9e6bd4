package message

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// An alert is one description of RFC 8446 section 6 (or RFC 5246 section 7.2), in the words of those
// who print it, and what it means by who says that it came: to a client the server has sent it, to a
// server the client.
type alert struct {
	number   int
	name     string // of the RFC, with underscores
	gnuTLS   string // lib/alert.c
	golang   string // crypto/tls/alert.go
	toClient []finding.Code
	toServer []finding.Code
}

func alerts(k causes) []alert {
	issuer := []finding.Code{finding.IssuerNotTrusted, finding.SelfSigned, finding.MissingIntermediate, finding.RootMissingOnDevice, finding.LocalInterception}
	wrongKind := []finding.Code{finding.ClientRefusedCertificate, finding.WrongPurpose}
	expired := []finding.Code{finding.Expired, finding.IntermediateExpired, finding.ClientClock}
	noCipher := []finding.Code{finding.NoCommonCipher, finding.WeakDH, finding.ProtocolTooOld}
	weak := []finding.Code{finding.NoCommonCipher, finding.WeakDH, finding.WeakKey}
	tooOld := []finding.Code{finding.ClientTooOld, finding.ProtocolTooOld}
	alsoTooOld := []finding.Code{finding.ProtocolTooOld, finding.ClientTooOld}
	badSignature := []finding.Code{finding.KeyDoesNotMatch, finding.BadSignature}
	stale := []finding.Code{finding.StaleStaple}
	return []alert{
		{10, "unexpected_message", "Unexpected message", "", k.refused, k.unexplained},
		{20, "bad_record_mac", "Bad record MAC", "", k.refused, k.unexplained},
		{21, "decryption_failed", "Decryption failed", "", k.refused, k.unexplained},
		{22, "record_overflow", "Record overflow", "", k.refused, k.unexplained},
		{30, "decompression_failure", "Decompression failed", "", k.refused, k.unexplained},
		{40, "handshake_failure", "Handshake failed", "", k.cipher, noCipher},
		{41, "no_certificate", "No certificate (SSL 3.0)", "", k.wantsCertificate, k.wantsCertificate},
		{42, "bad_certificate", "Certificate is bad", "", k.badCertificate, k.clientSays},
		{43, "unsupported_certificate", "Certificate is not supported", "", k.badCertificate, wrongKind},
		{44, "certificate_revoked", "Certificate was revoked", "revoked certificate", k.badCertificate, k.revoked},
		{45, "certificate_expired", "Certificate is expired", "expired certificate", k.badCertificate, expired},
		{46, "certificate_unknown", "Unknown certificate", "unknown certificate", k.badCertificate, k.clientSays},
		{47, "illegal_parameter", "Illegal parameter", "", k.refused, k.unexplained},
		{48, "unknown_ca", "CA is unknown", "unknown certificate authority", k.badCertificate, issuer},
		{49, "access_denied", "Access was denied", "", k.badCertificate, k.unexplained},
		{50, "decode_error", "Decode error", "error decoding message", k.refused, k.unexplained},
		{51, "decrypt_error", "Decrypt error", "error decrypting message", k.refused, badSignature},
		{60, "export_restriction", "Export restriction", "", k.cipher[:1:1], k.cipher[:1:1]},
		{70, "protocol_version", "Error in protocol version", "protocol version not supported", tooOld, alsoTooOld},
		{71, "insufficient_security", "Insufficient security", "insufficient security level", weak, weak},
		{80, "internal_error", "Internal error", "", k.refused, k.unexplained},
		{86, "inappropriate_fallback", "Inappropriate fallback", "", tooOld, tooOld},
		{90, "user_canceled", "User canceled", "user canceled", k.refused, k.unexplained},
		{100, "no_renegotiation", "No renegotiation is allowed", "", k.refused, k.unexplained},
		{109, "missing_extension", "An extension was expected but was not seen", "", k.refused, k.unexplained},
		{110, "unsupported_extension", "An unsupported extension was sent", "", k.refused, k.unexplained},
		{111, "certificate_unobtainable", "Could not retrieve the specified certificate", "", k.wantsCertificate, k.unexplained},
		{112, "unrecognized_name", "The server name sent was not recognized", "", k.noSuchName, k.unexplained},
		{113, "bad_certificate_status_response", "", "", k.unexplained, stale},
		{114, "bad_certificate_hash_value", "", "", k.badCertificate, k.unexplained},
		{115, "unknown_psk_identity", "The SRP/PSK username is missing or not known", "unknown PSK identity", k.refused, k.unexplained},
		{116, "certificate_required", "Certificate is required", "", k.wantsCertificate, k.wantsCertificate},
		{120, "no_application_protocol", "No supported application protocol could be negotiated", "", k.refused, k.unexplained},
	}
}

// alertRows writes out how libraries say that an alert came, or that they have sent one.
func alertRows(k causes) []Row {
	var out []Row
	for _, a := range alerts(k) {
		came, went := a.toClient, a.toServer
		for _, r := range a.received() {
			client, server := r, r
			client.Side, client.Codes = Client, came
			server.Side, server.Codes = Server, went
			out = append(out, client, server)
		}
		for _, r := range a.sent() { // what it thinks of the other side
			client, server := r, r
			client.Side, client.Codes = Client, went
			if a.number == badCertificate || a.number == certificateUnknown {
				client.Codes, client.Vague = k.certificate, true
			}
			server.Side, server.Codes = Server, came
			out = append(out, client, server)
		}
	}
	return out
}

// The alerts that name no reason.
const badCertificate, certificateUnknown = 42, 46

// The words of this one begin with those of bad_certificate, and mean the same.
const badHashValue = 114

// numbered makes words with an alert's number more specific than any others of the line.
const numbered = 60

const byRFC = "; RFC 8446 section 6.2"

// received are the forms of an alert that came from the other side.
func (a alert) received() []Row {
	spaced := strings.ReplaceAll(a.name, "_", " ")
	openSSL := "{ssl/tls|sslv3|tlsv1|tlsv13} alert " + spaced
	if a.number >= 110 && a.number < 115 { // ssl_err.c leaves the word out for extensions
		openSSL = "{tlsv1|tlsv13} " + spaced
	}
	camel := ""
	for part := range strings.SplitSeq(a.name, "_") {
		camel += strings.ToUpper(part[:1]) + part[1:]
	}
	golang := a.golang
	if golang == "" {
		golang = spaced
	}
	rows := []Row{
		{Words: fmt.Sprintf("ssl alert number %d", a.number), By: "OpenSSL", Source: "ssl/record/rec_layer_s3.c of OpenSSL" + byRFC, extra: numbered},
		{Words: openSSL, By: "OpenSSL", Source: "ssl/ssl_err.c of OpenSSL 1.0.2 to 3.5" + byRFC},
		{Words: "{sslv3|tlsv1|tlsv13}_{alert_|}" + a.name, By: "OpenSSL", Source: "ssl/ssl_err.c of OpenSSL, as Python and Node.js write it" + byRFC},
		{Words: "alert read:fatal:" + spaced, By: "OpenSSL", Source: "ssl/ssl_stat.c of OpenSSL, as s_client -state and Postfix write it" + byRFC},
		{Words: fmt.Sprintf("where=0x4004, ret=%d", 2<<8+a.number), By: "Dovecot", Source: "src/lib-ssl-iostream/iostream-openssl-common.c of Dovecot (verbose_ssl)" + byRFC, extra: numbered},
		{Words: "(in), tls alert, " + spaced, By: "curl", Source: "lib/vtls/openssl.c of curl" + byRFC},
		{Words: "received {fatal |}alert: " + a.name, By: "Java", Source: "sun.security.ssl.Alert of OpenJDK 17" + byRFC},
		{Words: "received fatal alert: " + camel, By: "rustls", Source: "rustls/src/error.rs of rustls" + byRFC},
		{Words: "remote error: tls: " + golang, By: "Go", Source: "crypto/tls/alert.go of Go 1.26" + byRFC},
		{Words: fmt.Sprintf("received alert [%d]", a.number), By: "GnuTLS", Source: "src/cli.c of GnuTLS 3.7, gnutls-cli" + byRFC, extra: numbered},
		{Words: fmt.Sprintf("fatal {alert|error} code is %d", a.number), By: "Schannel", Source: "Schannel event 36887: https://learn.microsoft.com/troubleshoot/windows-server/identity/tls-error-events" + byRFC, extra: numbered},
		{Words: fmt.Sprintf("{tls alert number|tls alert code|tls alert|ssl alert code|ssl alert} %d", a.number), By: "programs that print its number", Source: "RFC 8446 section 6.2", extra: numbered},
		{Words: "ssl_error_*" + nssName(a) + "_alert", By: "NSS", Source: "lib/ssl/SSLerrs.h of NSS" + byRFC},
		{Words: fmt.Sprintf("fatal alert message (msg %d)", a.number), By: "mbed TLS", Source: "library/ssl_msg.c of mbed TLS" + byRFC, extra: numbered},
	}
	if a.number == badHashValue {
		rows = slices.DeleteFunc(rows, func(r Row) bool { return r.extra == 0 })
	}
	if a.gnuTLS != "" {
		rows = append(rows,
			Row{Words: "(gnutls_handshake): " + a.gnuTLS, By: "Exim with GnuTLS", Source: "lib/alert.c of GnuTLS; Exim 4.96, measured" + byRFC},
			Row{Words: "fatal alert has been received*" + a.gnuTLS, By: "GnuTLS", Source: "lib/alert.c of GnuTLS 3.7" + byRFC})
	}
	return rows
}

// sent are the forms of an alert that the program itself has sent.
func (a alert) sent() []Row {
	spaced := strings.ReplaceAll(a.name, "_", " ")
	if a.number == badHashValue {
		return nil
	}
	return []Row{
		{Words: "alert write:fatal:" + spaced, By: "OpenSSL", Source: "ssl/ssl_stat.c of OpenSSL, as s_client -state and Postfix write it" + byRFC},
		{Words: fmt.Sprintf("where=0x4008, ret=%d", 2<<8+a.number), By: "Dovecot", Source: "src/lib-ssl-iostream/iostream-openssl-common.c of Dovecot (verbose_ssl)" + byRFC, extra: numbered},
		{Words: "(out), tls alert, " + spaced, By: "curl", Source: "lib/vtls/openssl.c of curl" + byRFC},
	}
}

// nssName is the alert in the names of NSS, which are older than the RFC.
func nssName(a alert) string {
	switch a.number {
	case 20:
		return "bad_mac"
	case 42:
		return "bad_cert"
	case 43:
		return "unsupported_cert"
	case 44:
		return "revoked_cert"
	case 45:
		return "expired_cert"
	case 113:
		return "bad_cert_status_response"
	case 114:
		return "bad_cert_hash_value"
	case 10:
		return "handshake_unexpected"
	}
	return a.name
}
