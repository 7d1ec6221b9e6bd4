package message

import (
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// outlookRows: Outlook for Windows, Mac and phones, Outlook Express and Windows Mail.
func outlookRows(k causes) []Row {
	name := []finding.Code{finding.NameMismatch, finding.OutgoingServerName, finding.ConnectByIP, finding.AutodiscoverName}
	encryption := []finding.Code{finding.WrongEncryptionType, finding.ClientTooOld, finding.ProtocolTooOld, finding.NoCommonCipher, finding.StartTLSNotOffered}
	noStartTLS := []finding.Code{finding.StartTLSNotOffered, finding.WrongEncryptionType, finding.CapabilityStripped}
	terminated := []finding.Code{finding.ConnectionReset, finding.HandshakeDropped, finding.ProtocolTooOld, finding.WrongEncryptionType, finding.LocalInterception}
	type failure struct {
		name, number string
		codes        []finding.Code
	}
	var rows []Row
	for _, f := range []failure{
		{"IXP_E_INVALID_CERT_CN", "800ccc01", name},
		{"IXP_E_CONN", "800ccc04", k.connect},
		{"IXP_E_NOT_CONNECTED", "800ccc05", k.connect},
		{"IXP_E_CONN_SEND", "800ccc06", k.reset},
		{"IXP_E_CONN_RECV", "800ccc09", k.reset},
		{"IXP_E_INCOMPLETE", "800ccc0a", k.reset},
		{"IXP_E_BUSY", "800ccc0b", k.unavailable},
		{"IXP_E_CANT_FIND_HOST", "800ccc0d", k.noHost},
		{"IXP_E_FAILED_TO_CONNECT", "800ccc0e", k.connect},
		{"IXP_E_CONNECTION_DROPPED", "800ccc0f", terminated},
		{"IXP_E_SOCKET_READ_ERROR", "800ccc12", k.reset},
		{"IXP_E_SOCKET_WRITE_ERROR", "800ccc13", k.reset},
		{"IXP_E_SOCKET_CONNECT_ERROR", "800ccc15", k.closed},
		{"IXP_E_SICILY_LOGON_FAILED", "800ccc18", k.anyPassword},
		{"IXP_E_TIMEOUT", "800ccc19", k.silent},
		{"IXP_E_SECURE_CONNECT_FAILED", "800ccc1a", encryption},
		{"IXP_E_SMTP_530_STARTTLS_REQUIRED", "800ccc7c", []finding.Code{finding.WrongEncryptionType}},
		{"IXP_E_SMTP_NO_STARTTLS_SUPPORT", "800ccc7d", noStartTLS},
		{"IXP_E_SMTP_STARTTLS_FAILED", "800ccc7e", k.startTLSRefused},
		{"IXP_E_SMTP_454_STARTTLS_FAILED", "800ccc7f", k.startTLSRefused},
		{"IXP_E_POP3_INVALID_USER_NAME", "800ccc91", k.anyPassword},
		{"IXP_E_POP3_INVALID_PASSWORD", "800ccc92", k.anyPassword},
		{"", "800ccc80", append(k.anyPassword[:2:2], finding.StartTLSNotOffered)},
		{"IMAP_LOGINFAILURE", "800cccd1", k.anyPassword},
		{"IMAP_CONNECTIONDROPPED", "800cccdd", k.reset},
		{"", "80042108", k.connect},
		{"", "8004210a", k.silent},
		{"", "8004210b", k.silent},
		{"", "80042109", k.connect},
		{"", "800421", k.connect},
	} {
		if f.name != "" {
			rows = append(rows, w(strings.ToLower(f.name), f.codes))
		}
		prefix := "{0x|}"
		if !strings.ContainsAny(f.number, "abcdef") {
			prefix = "0x"
		}
		number := w(prefix+f.number, f.codes)
		number.extra = 20
		rows = append(rows, number)
	}
	rows = rows[:len(rows)-1] // the last is no number that anybody prints whole
	rows = said("Outlook for Windows and Outlook Express", "mimeole.h and imnxport.h of the Windows SDK; https://support.microsoft.com/office/error-codes-in-outlook-c4d5fc98-ab80-4ef8-a1f9-c7a7b5c7f5b8", rows...)
	return append(append(rows, outlookSentences(k, name, encryption, noStartTLS, terminated)...), bitmask(k, name)...)
}

func outlookSentences(k causes, name, encryption, noStartTLS, terminated []finding.Code) []Row {
	setup := append(encryption[:4:4], finding.IssuerNotTrusted, finding.NameMismatch, finding.PortClosed, finding.StartTLSNotOffered)
	return said("Outlook", "https://support.microsoft.com/office and users' reports of Outlook 2007 to 2021, Outlook for Mac and Outlook mobile",
		w("server does not support the connection encryption type", encryption),
		w("secure connection to the server could not be established", encryption),
		w("try changing the encryption method", encryption),
		w("server has unexpectedly terminated the connection", terminated),
		w("server unexpectedly terminated the connection", terminated),
		w("does not support ssl-secured connections", noStartTLS),
		w("server does not support a{n|} {ssl|tls|secure} connection", noStartTLS),
		vague("using a security certificate that cannot be verified", k.certificate),
		w("name on the security certificate is invalid", name),
		w("name of the security certificate is invalid", name),
		w("does not match the name of the {target |}site", name),
		w("certificate was issued by a company you have not chosen to trust", k.issuer),
		w("certificate is not from a trusted certifying authority", k.issuer),
		w("certificate has expired or is not{ yet|} valid", k.time),
		w("certificate has expired or is not valid yet", k.time),
		vague("there is a problem with the proxy server's security certificate", k.certificate),
		vague("problem with this website's security certificate", k.certificate),
		w("intermediate or root certificate cannot be found", append(k.noIssuer[:4:4], finding.SelfSigned)),
		w("intermediate or root certificate can't be found", append(k.noIssuer[:4:4], finding.SelfSigned)),
		w("an encrypted connection to your mail server is not available", setup),
		w("{insecure connection. would|secure connection unavailable. would} you like to log in anyway", []finding.Code{finding.Expired, finding.IssuerNotTrusted, finding.SelfSigned, finding.MissingIntermediate, finding.NameMismatch}),
		w("certificate on the server has expired", append(k.time[:3:3], finding.MissingIntermediate)),
		w("security certificate on the server is {invalid|not valid}", append(k.issuer[:3:3], finding.NameMismatch, finding.RootMissingOnDevice)),
		w("none of the authentication methods supported by this client are supported by your server", append(k.anyPassword[:2:2], finding.StartTLSNotOffered)),
		w("outlook cannot connect to your {incoming|outgoing}*server", k.connect),
		w("unable to connect to your outgoing (smtp) e-mail server", k.connect),
		w("cannot connect to your {incoming|outgoing} ({pop3|imap|smtp}) e-mail server", k.connect),
		w("unable to log onto the incoming mail server", k.anyPassword),
		w("the server you are connected to is using*certificate*revo*could not be*", k.revocation),
		w("revocation information for the security certificate*{not available|is unavailable}", k.revocation),
		w("{couldn't|could not} verify the {server|account}'s certificate", k.certificate),
	)
}

// bitmask: what Outlook prints of winhttp.h where it connects through HTTPS.
func bitmask(k causes, name []finding.Code) []Row {
	const before = "unable to connect to this server*0x"
	return said("Outlook over HTTPS", "WINHTTP_CALLBACK_STATUS_FLAG of winhttp.h: https://learn.microsoft.com/windows/win32/api/winhttp/nc-winhttp-winhttp_status_callback",
		w(before+"00000001", k.revocation),
		w(before+"00000002", append(k.malformed[:1:1], finding.IssuerNotACA)),
		w(before+"00000004", k.revoked),
		w(before+"00000008", k.issuer),
		w(before+"00000010", name),
		w(before+"00000020", k.time),
		w(before+"00000040", k.purpose),
		w(before+"80000000", []finding.Code{finding.NoCommonCipher, finding.ProtocolTooOld, finding.ClientTooOld}),
	)
}

// thunderbirdRows: Thunderbird on computers, beside the words of NSS.
func thunderbirdRows(k causes) []Row {
	name := append(k.anyName[:4:4], finding.CaptivePortal)
	anything := append(k.noTLS[1:4:4], finding.WrongPurpose, finding.Revoked, finding.WrongEncryptionType, finding.ClientCertificateRequired)
	return said("Thunderbird", "mail/locales/en-US of comm-central, Thunderbird 102 to 140",
		w("the certificate is not currently valid", k.time),
		w("certificate for*is not valid for that server", name),
		w("could be trying to impersonate the server", name),
		w("certificate is only valid for*", k.anyName),
		w("certificate is not valid for the name", k.anyName),
		w("certificate belongs to a different site", name),
		w("belongs to a different site, which could mean", name),
		w("certificate for*expired on", k.expired),
		w("certificate is not valid since it has expired*", k.expired),
		w("certificate for*will not be valid until", k.notYet),
		w("certificate will not be valid until", k.notYet),
		w("does not come from a trusted source", k.issuer),
		w("certificate is not trusted because the issuer certificate is {unknown|not trusted|invalid}", k.issuer),
		w("certificate is not trusted because it hasn't been verified", k.issuer),
		w("it hasn't been verified {by|as issued by} a {recognized|trusted} authority*", k.issuer),
		w("certificate is not trusted because it is self-signed", k.selfSigned),
		w("certificate is not trusted because the issuer certificate has expired", []finding.Code{finding.IntermediateExpired, finding.RootExpired, finding.ClientClock}),
		w("server might not be sending the appropriate intermediate certificates", k.noIssuer),
		w("additional root certificate may need to be imported", k.noIssuer),
		w("certificate was signed using a signature algorithm*disabled", k.weakSignature),
		vague("uses an invalid security certificate", k.certificate),
		vague("attempts to identify itself with invalid information", k.certificate),
		vague("about to override how thunderbird identifies this site", k.certificate),
		vague("add security exception", k.certificate),
		w("using starttls since it doesn't advertise that feature", k.notOffered),
		w("doesn't advertise {starttls|that feature}", k.notOffered),
		w("server*is unknown. the server may be incorrectly configured", k.noHost),
		w("connection to*server*was lost in the middle of the transaction", append(k.dropped[:2:2], finding.WrongEncryptionType)),
		w("message could not be sent because*server*timed out", k.silent),
		w("unable to authenticate to outgoing server", k.anyPassword),
		w("check the password and verify the 'authentication method'", k.anyPassword),
		w("non-overridable tls error occurred", anything),
		w("tls version or certificate used by server*is incompatible", anything),
		w("failed to connect to server", k.noHost),
		w("connection to server*timed out", k.silent),
		w("connection to server*was reset", k.reset),
		w("connection to server*was interrupted", k.reset),
		w("unable to establish tls connection to pop3 server", append(k.notOffered[:2:2], finding.ProtocolTooOld, finding.NoCommonCipher)),
		w("sending of the {password|user name}*did not succeed", k.anyPassword),
		w("login to {account|server}*{with username|failed}", k.anyPassword),
		w("unable to log in at server", append(k.anyPassword[:2:2], k.connect...)),
		w("does not support the selected authentication method", append(k.anyPassword[:2:2], finding.StartTLSNotOffered)),
		w("does not support encrypted {connections|passwords}", append(k.anyPassword[:1:1], finding.StartTLSNotOffered)),
		w("peer's certificate*issuer*not recognized", k.issuer),
	)
}

// phoneRows: Mail of iPhone and iPad, and the mail programs of Android.
func phoneRows(k causes) []Row {
	all := append(k.certificate[:10:10], finding.CaptivePortal, finding.OutgoingServerName, finding.ConnectByIP, finding.NoSAN, finding.WrongPurpose, finding.LifetimeTooLong)
	ssl := []finding.Code{finding.WrongEncryptionType, finding.ProtocolTooOld, finding.ClientTooOld, finding.NoCommonCipher, finding.IssuerNotTrusted, finding.PortClosed}
	network := append(k.connect[:5:5], finding.ProtocolTooOld, finding.NoCommonCipher)
	rows := said("Mail on iPhone, iPad and Mac", "https://support.apple.com/guide/iphone/mail and https://discussions.apple.com, users' reports of iOS 12 to 18",
		w("{cannot|can't|could not|couldn't|unable to|not able to} verify {the server's|server's|the server|server} identity", all),
		w("identity of*cannot be verified by mail", all),
		w("the identity of*cannot be verified", all),
		w("cannot connect using ssl", ssl),
		w("setting up the account without ssl", ssl),
		w("mail can't connect to the account using ssl", ssl),
		w("could not be verified using ssl", ssl),
		w("cannot get mail*the connection to the server failed", k.connect),
		w("the mail server*is not responding", k.connect),
		w("the server*can't be contacted on port", k.connect),
		w("the smtp server*does not support ssl", k.notOffered),
		w("unable to verify account name or password", k.anyPassword),
		w("this certificate is not trusted", k.issuer),
		w("this certificate was signed by an {unknown|untrusted}*", k.issuer),
		w("(host name mismatch)", k.name),
		w("this certificate has an invalid issuer", k.noIssuer),
		w("this root certificate is not trusted", k.issuer),
	)
	rows = append(rows, said("Email of Android", "res/values/strings.xml of packages/apps/Email (AOSP), Samsung Email",
		w("can't safely connect to server", all[:10:10]),
		w("couldn't open connection to server", k.connect),
		w("can't connect to server", k.connect),
		w("tls required but not supported by server", k.notOffered),
		w("authentication methods aren't supported by server", k.anyPassword),
		w("a client certificate is required", k.wantsCertificate),
		w("the certificate is invalid or inaccessible", k.badCertificate),
		w("security certificate problem", k.certificate),
		w("problem with the security certificate", k.certificate),
		w("connect~server due to {a |}security error", append(k.noTLS[1:4:4], k.certificate[:5]...)),
		w("open connection to server due to {a |}security error", append(k.noTLS[1:4:4], k.certificate[:5]...)),
		w("{can't|cannot|couldn't|could not|unable to} connect securely", append(k.noTLS[:5:5], k.certificate[:5]...)),
		w("security type not supported", k.noTLS),
		w("^certificate not valid", k.certificate),
		w("{server|security} certificate is {invalid|not valid}", k.certificate),
		w("{server|security} certificate is {not trusted|untrusted}", k.issuer),
		w("{couldn't|could not|unable to} sign in*{password|username}", k.anyPassword),
		w("unable to establish a secure connection", append(k.noTLS[:4:4], k.certificate[:5]...)),
		w("there are problems with the security certificate", k.certificate),
		w("this certificate isn't from a trusted authority", k.issuer),
		w("this certificate is not from a trusted authority", k.issuer),
		w("name of the site doesn't match the name on the certificate", k.anyName),
		w("name of the site does not match the name on the certificate", k.anyName),
		w("this certificate isn't valid yet", k.notYet),
	)...)
	return append(rows, said("Thunderbird for Android and K-9 Mail", "res/values/strings.xml of thunderbird-android",
		w("app detected a potential security threat and did not continue", all),
		w("certificate error for*check your server settings", all),
		w("^certificate error", all),
		w("missing server capability", k.notOffered),
		w("missing this capability: starttls", k.notOffered),
		vague("^network error", network),
		w("network error. please check your connection status", append(k.noHost[:1:1], finding.PortClosed, finding.ConnectTimeout)),
		w("^authentication error", k.anyPassword),
		w("client certificate is no longer valid", k.badCertificate),
		w("client certificate couldn't be accessed", k.wantsCertificate),
		vague("certificatevalidationexception", k.certificate),
		w("missingcapabilityexception*starttls", k.notOffered),
		w("could not safely connect", all[:10:10]),
		w("couldn't connect safely", all[:10:10]),
	)...)
}

// desktopRows: other programs for mail on computers.
func desktopRows(k causes) []Row {
	return said("mutt, Alpine, Claws Mail, Sylpheed, Evolution and Geary", "mutt_ssl.c and mutt_ssl_gnutls.c of mutt 2.2 and NeoMutt; src/common/ssl.c of Claws Mail and Sylpheed; src/client of Geary; Evolution 3",
		w("server certificate is not yet valid", k.notYet),
		w("server certificate has expired", k.expired),
		w("server certificate has been revoked", k.revoked),
		w("server hostname does not match certificate", k.anyName[:3:3]),
		w("certificate host check failed", k.anyName[:3:3]),
		w("signer of server certificate is not a ca", k.notCA),
		w("server certificate was signed using an insecure algorithm", k.weakSignature),
		w("encrypted connection unavailable", k.notOffered),
		vague("unable to get certificate from peer", k.refused),
		vague("certificate verification error", k.certificate),
		vague("could not connect to*(", append(k.closed[:1:1], k.timeout...)),
		w("could not find the host", k.noHost),
		w("untrusted server certificate", k.issuer),
		vague("^ssl failed", k.refused),
		vague("failure validating the ssl/tls certificate", k.certificate),
		vague("there was a failure validating", k.certificate),
		vague("ssl/tls failure for", append(k.noTLS[:4:4], finding.HandshakeDropped)),
		vague("tls handshake failed", append(k.plain[:1:1], finding.ProtocolTooOld, finding.NoCommonCipher)),
		w("can't start {starttls|tls} session", k.startTLSRefused),
		w("couldn't start {starttls|tls} session", k.startTLSRefused),
		vague("starttls error", k.startTLSRefused),
		vague("ssl certificate of*cannot be verified", k.certificate),
		w("identity of the*mail server*could not be verified", k.certificate),
		w("an account has reported an untrusted server", k.certificate),
		w("ssl/tls certificate for*is not trusted", k.issuer),
		w("could not negotiate encryption", append(k.noTLS[:4:4], finding.StartTLSNotOffered)),
		w("failed to connect to {imap|pop|smtp} server*in secure mode", append(k.notOffered[:2:2], k.noTLS[:3]...)),
		w("certificate changed", k.changed),
		w("tls peer presented certificate*unknown to you", k.issuer),
	)
}
