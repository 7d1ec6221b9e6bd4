package finding

// The closed list. Order within a family is the order in which findings are told.
const (
	// Network.
	HostNotFound            Code = "host-not-found"
	ConnectTimeout          Code = "connect-timeout"
	HostUnreachable         Code = "host-unreachable"
	PortClosed              Code = "port-closed"
	SiblingPortOpen         Code = "sibling-port-open"
	NotOffered              Code = "not-offered"
	ConnectionReset         Code = "connection-reset"
	CaptivePortal           Code = "captive-portal"
	AddressFamilyDifference Code = "address-family-difference"
	SlowServer              Code = "slow-server"

	// Service.
	NoGreeting             Code = "no-greeting"
	ServiceUnavailable     Code = "service-unavailable"
	ProtocolViolation      Code = "protocol-violation"
	WrongService           Code = "wrong-service"
	PortSpeaksPlaintext    Code = "port-speaks-plaintext"
	WrongEncryptionType    Code = "wrong-encryption-type"
	StartTLSNotOffered     Code = "starttls-not-offered"
	StartTLSRefused        Code = "starttls-refused"
	StartTLSDropped        Code = "starttls-dropped"
	NotTLSAfterStartTLS    Code = "not-tls-after-starttls"
	CertificateNotLoaded   Code = "server-cannot-load-certificate"
	InjectedPlaintext      Code = "injected-plaintext"
	CapabilityStripped     Code = "capability-stripped"
	PreauthBlocksTLS       Code = "preauth-blocks-tls"
	PlaintextLoginAllowed  Code = "plaintext-login-allowed"
	PublishedSettingsWrong Code = "published-settings-wrong"

	// Protocol.
	HandshakeDropped          Code = "handshake-dropped"
	HandshakeRefused          Code = "handshake-refused"
	HandshakeTimeout          Code = "handshake-timeout"
	ProtocolTooOld            Code = "protocol-too-old"
	ClientCertificateRequired Code = "client-certificate-required"
	KeyDoesNotMatch           Code = "key-does-not-match-certificate"
	NoCommonCipher            Code = "no-common-cipher"
	ClientTooOld              Code = "client-too-old"
	ServerHasNoSuchName       Code = "server-has-no-such-name"
	LargeHelloIntolerant      Code = "large-hello-intolerant"

	// Trust.
	DefaultInstallationCertificate Code = "default-installation-certificate"
	SelfSigned                     Code = "self-signed"
	IssuerNotTrusted               Code = "issuer-not-trusted"
	IssuerUnknown                  Code = "issuer-unknown"
	MissingIntermediate            Code = "missing-intermediate"
	IssuerKeyMismatch              Code = "issuer-key-mismatch"
	IssuerNotACA                   Code = "issuer-not-a-ca"
	PathLengthExceeded             Code = "path-length-exceeded"
	CANotAllowedForName            Code = "ca-not-allowed-for-name"
	ChainOrder                     Code = "chain-order"
	UnrelatedCertificate           Code = "unrelated-certificate"
	RootAlsoSent                   Code = "root-also-sent"
	RootMissingOnDevice            Code = "root-missing-on-device"
	RootDistrusted                 Code = "root-distrusted"
	ExpiredCrossSign               Code = "expired-cross-sign"
	LocalInterception              Code = "local-interception"
	Interception                   Code = "interception"
	InterceptionOnMailPort         Code = "interception-on-mail-port"
	InterceptedButValid            Code = "intercepted-but-valid"
	TooComplex                     Code = "too-complex"

	// Names.
	NoSAN              Code = "no-san"
	ConnectByIP        Code = "connect-by-ip"
	WildcardDepth      Code = "wildcard-depth"
	NameMismatch       Code = "name-mismatch"
	IDNEncoding        Code = "idn-encoding"
	SNIMissing         Code = "sni-missing"
	OutgoingServerName Code = "outgoing-server-name"
	AutodiscoverName   Code = "autodiscover-name"

	// Time.
	Expired                 Code = "expired"
	NotYetValid             Code = "not-yet-valid"
	IntermediateExpired     Code = "intermediate-expired"
	IntermediateNotYetValid Code = "intermediate-not-yet-valid"
	RootExpired             Code = "root-expired"
	RootNotYetValid         Code = "root-not-yet-valid"
	ExpiresSoon             Code = "expires-soon"
	ClientClock             Code = "client-clock"
	LifetimeTooLong         Code = "lifetime-too-long"

	// Keys.
	MalformedCertificate Code = "malformed-certificate"
	BadSignature         Code = "bad-signature"
	WeakSignature        Code = "weak-signature"
	WeakKey              Code = "weak-key"
	KeyMissing           Code = "key-missing"
	KeyUnreadable        Code = "key-unreadable"
	KeyEncrypted         Code = "key-encrypted"

	// Usage.
	WrongPurpose             Code = "wrong-purpose"
	IntermediateWrongPurpose Code = "intermediate-wrong-purpose"
	CAUsedAsServer           Code = "ca-used-as-server"
	UnknownCriticalExtension Code = "unknown-critical-extension"
	KeyUsageForbids          Code = "key-usage"

	// Revocation.
	Revoked           Code = "revoked"
	StapleRequired    Code = "staple-required"
	StaleStaple       Code = "stale-staple"
	RevocationUnknown Code = "revocation-unknown"

	// History.
	Intermittent           Code = "intermittent"
	MailServiceNotReloaded Code = "mail-service-not-reloaded"
	RenewedNotLoaded       Code = "renewed-not-loaded"
	ExceptionStale         Code = "exception-stale"
	StaleSession           Code = "stale-session"

	// Account.
	CredentialsRefused Code = "credentials-refused"

	// Unclear.
	Unexplained Code = "unexplained"
)

// Sources of severities, named once. "Measured" means tried with the named client.
const (
	byApple       = "Apple, iOS 13 and macOS 10.15 requirements: https://support.apple.com/en-za/103769"
	byGo          = "Go 1.26 crypto/x509, measured"
	byThunderbird = "Thunderbird 140 ESR (mozilla::pkix), measured"
	byOpenSSL     = "OpenSSL 3.0 verification, measured"
	byK9          = "Thunderbird for Android: a missing capability is an error, not a downgrade (MissingCapabilityException)"
	byEvery       = "every mail client: no session comes about"
	by8314        = "RFC 8314 section 3 (use of TLS) and section 5 (client requirements)"
	by8996        = "RFC 8996 (TLS 1.0 and 1.1 deprecated); Thunderbird 140 ESR, Chromium 150 and Go 1.26 refuse, measured"
	by8446Order   = "RFC 8446 section 4.4.2 relaxes the order that RFC 5246 section 7.4.2 demanded; most clients sort"
)

var vocabulary = [...]Info{
	{HostNotFound, Network, Error, byEvery, "The server's name does not exist in DNS", Connecting, true, nil, nil, ""},
	{ConnectTimeout, Network, Error, byEvery, "Nothing answers on this port: packets are dropped on the way", Connecting, true, nil, nil, ""},
	{HostUnreachable, Network, Error, byEvery, "The network has no way to this server", Connecting, true, nil, nil, ""},
	{PortClosed, Network, Error, byEvery, "Nothing listens on this port", Connecting, true, nil, nil, ""},
	{SiblingPortOpen, Network, Error, byEvery, "This port is closed, and the same service answers on its other port", Connecting, true, []Code{PortClosed}, nil, ""},
	{NotOffered, Network, Note, by8314, "The server does not offer this service", Connecting, true, nil, nil, ""},
	{ConnectionReset, Network, Error, byEvery, "The connection is cut before the server says anything", Connecting, true, nil, nil, ""},
	{CaptivePortal, Network, Error, byEvery, "A network login page answers in place of the mail server", Connecting, true, []Code{PortSpeaksPlaintext, WrongService}, nil, ""},
	{AddressFamilyDifference, Network, Error, byEvery, "The server answers on one of IPv4 and IPv6 only", Connecting, false, nil, nil, ""},
	{SlowServer, Network, Warning, "RFC 5321 section 4.5.3.2.1 allows five minutes for a greeting; Nodemailer gives up after 30 seconds", "The server takes very long to answer", Connecting, false, nil, nil, ""},

	{NoGreeting, Service, Error, byEvery, "The server takes the connection and never says a word", Greeting, true, nil, nil, ""},
	{ServiceUnavailable, Service, Error, byEvery, "The server answers and declines to serve", Greeting, true, nil, nil, ""},
	{ProtocolViolation, Service, Error, byEvery, "What the server says breaks the rules of the protocol", Greeting, true, nil, nil, ""},
	{WrongService, Service, Error, byEvery, "Another service answers on this port", Greeting, true, nil, nil, ""},
	{PortSpeaksPlaintext, Service, Error, by8314, "The port for TLS speaks plaintext", Greeting, true, nil, nil, ""},
	{WrongEncryptionType, Service, Error, byEvery, "The account's encryption setting does not fit the port", Greeting, true, []Code{NoGreeting, PortSpeaksPlaintext}, nil, ""},
	{StartTLSNotOffered, Service, Error, byK9, "The server does not offer STARTTLS", Greeting, true, nil, nil, "starttls-not-supported"},
	{StartTLSRefused, Service, Error, byEvery, "The server offers STARTTLS and then refuses it", Greeting, true, nil, nil, "starttls-not-supported"},
	{StartTLSDropped, Service, Error, byEvery, "The server agrees to STARTTLS and hangs up", Greeting, true, nil, nil, "starttls-not-supported"},
	{NotTLSAfterStartTLS, Service, Error, byEvery, "The server agrees to STARTTLS and goes on in plaintext", Greeting, true, nil, nil, "starttls-not-supported"},
	{CertificateNotLoaded, Service, Error, byEvery, "The server cannot load its certificate or its key", Greeting, true, []Code{StartTLSRefused, StartTLSDropped, NotTLSAfterStartTLS, HandshakeDropped, HandshakeRefused}, nil, "validation-failure"},
	{InjectedPlaintext, Service, Error, "RFC 3207 section 6 and RFC 9051 section 6.2.1: what came before TLS must be discarded; curl reports a weird server reply, measured", "Extra plaintext was slipped in before TLS began", Greeting, false, nil, nil, ""},
	{CapabilityStripped, Service, Error, byK9, "Something on the way removes the offer of encryption", Greeting, true, []Code{StartTLSNotOffered}, nil, "starttls-not-supported"},
	{PreauthBlocksTLS, Service, Error, "RFC 9051 section 6.2.1: STARTTLS is not possible after PREAUTH; clients that require TLS disconnect", "The server lets everybody in before TLS could begin", Greeting, true, []Code{StartTLSNotOffered, StartTLSRefused}, nil, "starttls-not-supported"},
	{PlaintextLoginAllowed, Service, Warning, by8314, "The server takes passwords without encryption", Greeting, false, nil, nil, ""},
	{PublishedSettingsWrong, Service, Error, byEvery, "The settings that the domain publishes do not work", Connecting, false, []Code{HostNotFound, SiblingPortOpen, WrongService, WrongEncryptionType, ConnectByIP, WildcardDepth, NameMismatch, OutgoingServerName}, nil, ""},

	{HandshakeDropped, Protocol, Error, byEvery, "The server hangs up during the TLS handshake", Handshaking, true, nil, nil, "validation-failure"},
	{HandshakeRefused, Protocol, Error, byEvery, "The server refuses the TLS handshake", Handshaking, true, nil, nil, "validation-failure"},
	{HandshakeTimeout, Protocol, Error, byEvery, "The TLS handshake begins and never ends", Handshaking, true, nil, nil, "validation-failure"},
	{ProtocolTooOld, Protocol, Error, by8996, "The server speaks only outdated TLS versions", Handshaking, false, nil, nil, "validation-failure"},
	{ClientCertificateRequired, Protocol, Error, byEvery, "The server demands a certificate from the device", Handshaking, false, nil, nil, "validation-failure"},
	{KeyDoesNotMatch, Protocol, Error, byEvery, "The server's private key does not belong to its certificate", Handshaking, false, nil, nil, "validation-failure"},
	{NoCommonCipher, Protocol, Error, byEvery, "The server and the device have no cipher in common", Handshaking, true, []Code{HandshakeRefused}, nil, "validation-failure"},
	{ClientTooOld, Protocol, Error, by8996, "The device is too old for the TLS versions of the server", Handshaking, true, []Code{HandshakeRefused}, nil, "validation-failure"},
	{ServerHasNoSuchName, Protocol, Error, byEvery, "The server knows no site of this name", Handshaking, true, []Code{HandshakeRefused}, nil, "certificate-host-mismatch"},
	{LargeHelloIntolerant, Protocol, Error, byEvery, "Something on the way cannot take the large ClientHello of today", Handshaking, true, []Code{HandshakeDropped, HandshakeTimeout}, nil, "validation-failure"},

	{DefaultInstallationCertificate, Trust, Error, byApple, "The server still has the certificate its installation made up", Certifying, false, []Code{SelfSigned, NameMismatch, NoSAN, ConnectByIP, WildcardDepth}, nil, "certificate-not-trusted"},
	{SelfSigned, Trust, Error, byApple, "The certificate is signed by itself", Certifying, false, nil, []Code{IssuerNotTrusted, IssuerUnknown, MissingIntermediate}, "certificate-not-trusted"},
	{IssuerNotTrusted, Trust, Error, byApple, "The chain ends at a CA that is not trusted", Certifying, false, nil, []Code{IssuerUnknown, MissingIntermediate}, "certificate-not-trusted"},
	{IssuerUnknown, Trust, Error, byApple, "Nobody here knows the CA that issued the certificate", Certifying, false, nil, []Code{BadSignature}, "certificate-not-trusted"},
	{MissingIntermediate, Trust, Error, byApple, "The server does not send the intermediate certificate", Certifying, false, nil, nil, "certificate-not-trusted"},
	{IssuerKeyMismatch, Trust, Error, byGo, "The issuer has the right name and another key", Certifying, false, nil, []Code{BadSignature, IssuerNotTrusted, MissingIntermediate}, "certificate-not-trusted"},
	{IssuerNotACA, Trust, Error, byGo, "The certificate was signed by one that is not a CA", Certifying, false, nil, nil, "certificate-not-trusted"},
	{PathLengthExceeded, Trust, Error, byGo, "The chain is longer than one of its CAs allows", Certifying, false, nil, nil, "certificate-not-trusted"},
	{CANotAllowedForName, Trust, Error, byGo, "The CA may not issue for this name", Certifying, false, nil, nil, "certificate-not-trusted"},
	{ChainOrder, Trust, Warning, by8446Order, "The certificates are sent in the wrong order", Certifying, false, nil, nil, ""},
	{UnrelatedCertificate, Trust, Note, by8446Order, "A certificate is sent that has nothing to do with the chain", Certifying, false, nil, nil, ""},
	{RootAlsoSent, Trust, Note, "RFC 8446 section 4.4.2: the trust anchor may be omitted", "The root is sent too, which nobody needs", Certifying, false, nil, nil, ""},
	{RootMissingOnDevice, Trust, Error, byApple, "This device does not have the root, and others do", Certifying, false, []Code{IssuerNotTrusted, IssuerUnknown, MissingIntermediate}, nil, "certificate-not-trusted"},
	{RootDistrusted, Trust, Error, byApple, "The CA was removed from the trust stores", Certifying, false, []Code{IssuerNotTrusted, IssuerUnknown, MissingIntermediate}, nil, "certificate-not-trusted"},
	{ExpiredCrossSign, Trust, Warning, "OpenSSL 1.0.2 and GnuTLS before 3.6.14 followed the expired path: https://letsencrypt.org/docs/dst-root-ca-x3-expiration-september-2021/", "An expired cross-certificate is sent beside a good path", Certifying, false, nil, nil, ""},
	{LocalInterception, Trust, Error, byThunderbird, "A program on the device itself looks into the mail connection", Certifying, false, []Code{IssuerNotTrusted, IssuerUnknown, SelfSigned}, nil, "certificate-not-trusted"},
	{Interception, Trust, Error, byApple, "The network looks into the connection, and its CA is not on the device", Certifying, false, []Code{IssuerNotTrusted, IssuerUnknown, SelfSigned}, nil, "certificate-not-trusted"},
	{InterceptionOnMailPort, Trust, Error, byApple, "The network looks into mail connections only", Certifying, false, []Code{IssuerNotTrusted, IssuerUnknown, SelfSigned, Interception}, nil, "certificate-not-trusted"},
	{InterceptedButValid, Trust, Warning, "RFC 8314 section 5.1: the device accepts what an installed CA vouches for", "The network looks into the connection, and the device has been told to accept it", Certifying, false, []Code{RootAlsoSent}, nil, ""},
	{TooComplex, Trust, Error, byGo, "The chain demands more checks than any client makes", Certifying, false, nil, nil, "validation-failure"},

	{NoSAN, Names, Error, byApple, "The certificate names its server only in the Common Name", Certifying, false, []Code{NameMismatch}, nil, "certificate-host-mismatch"},
	{ConnectByIP, Names, Error, byApple, "The account uses an IP address, the certificate a name", Certifying, false, []Code{NameMismatch}, nil, "certificate-host-mismatch"},
	{WildcardDepth, Names, Error, byApple, "A wildcard covers one level only, and the name is deeper", Certifying, false, []Code{NameMismatch}, nil, "certificate-host-mismatch"},
	{NameMismatch, Names, Error, byApple, "The certificate is for another name", Certifying, false, nil, nil, "certificate-host-mismatch"},
	{IDNEncoding, Names, Error, byGo, "The certificate writes an international name in the wrong form", Certifying, false, nil, nil, "certificate-host-mismatch"},
	{SNIMissing, Names, Error, byEvery, "The device does not say which server it wants, and gets the wrong certificate", Certifying, false, []Code{DefaultInstallationCertificate, SelfSigned, IssuerNotTrusted, IssuerUnknown, MissingIntermediate, NoSAN, WildcardDepth, NameMismatch, OutgoingServerName, AutodiscoverName, Expired, NotYetValid, ExpiresSoon}, nil, "certificate-host-mismatch"},
	{OutgoingServerName, Names, Error, byApple, "The outgoing server has a name that its certificate does not have", Certifying, false, []Code{NameMismatch}, nil, "certificate-host-mismatch"},
	{AutodiscoverName, Names, Error, "Outlook 2016 for Mac and later: https://mskb.pkisolutions.com/kb/3066652", "The certificate does not cover the autodiscover name of the domain", Certifying, false, []Code{NameMismatch}, nil, "certificate-host-mismatch"},

	{Expired, Time, Error, byApple, "The certificate has expired", Certifying, false, nil, []Code{ExpiresSoon}, "certificate-expired"},
	{NotYetValid, Time, Error, byApple, "The certificate is not valid yet", Certifying, false, nil, nil, "validation-failure"},
	{IntermediateExpired, Time, Error, byOpenSSL, "An intermediate certificate has expired", Certifying, false, nil, nil, "certificate-expired"},
	{IntermediateNotYetValid, Time, Error, byOpenSSL, "An intermediate certificate is not valid yet", Certifying, false, nil, nil, "validation-failure"},
	{RootExpired, Time, Error, byOpenSSL, "The root certificate on the device has expired", Certifying, false, nil, nil, "certificate-expired"},
	{RootNotYetValid, Time, Error, byOpenSSL, "The root certificate on the device is not valid yet", Certifying, false, nil, nil, "validation-failure"},
	{ExpiresSoon, Time, Warning, "Let's Encrypt and certbot 4 renew when a third of the lifetime is left: an automatic renewal should have happened", "The certificate expires within seven days", Certifying, false, nil, nil, ""},
	{ClientClock, Time, Error, byApple, "The clock of the device is wrong", Certifying, false, []Code{Expired, NotYetValid, IntermediateExpired, IntermediateNotYetValid, RootExpired, RootNotYetValid, ExpiresSoon, StaleStaple, RevocationUnknown}, nil, ""},
	{LifetimeTooLong, Time, Error, byApple, "The certificate is valid for longer than clients accept", Certifying, false, nil, nil, "validation-failure"},

	{MalformedCertificate, Keys, Error, byGo, "The certificate cannot be read", Certifying, true, nil, nil, "validation-failure"},
	{BadSignature, Keys, Error, byGo, "A signature in the chain is damaged", Certifying, false, nil, []Code{WeakSignature}, "certificate-not-trusted"},
	{WeakSignature, Keys, Error, byApple, "A signature in the chain uses a broken hash", Certifying, false, nil, nil, "certificate-not-trusted"},
	{WeakKey, Keys, Error, byApple, "A key in the chain is too short", Certifying, false, nil, nil, "validation-failure"},
	{KeyMissing, Keys, Error, byEvery, "There is no private key where the server looks for it", Certifying, false, nil, nil, ""},
	{KeyUnreadable, Keys, Error, byEvery, "The server may not read its private key", Certifying, false, nil, nil, ""},
	{KeyEncrypted, Keys, Error, byEvery, "The private key has a password, which a server cannot type", Certifying, false, nil, nil, ""},

	{WrongPurpose, Usage, Error, byApple, "The certificate is not meant for servers", Certifying, false, nil, nil, "validation-failure"},
	{IntermediateWrongPurpose, Usage, Error, byGo, "A CA in the chain may not issue for servers", Certifying, false, nil, nil, "validation-failure"},
	{CAUsedAsServer, Usage, Error, byThunderbird, "A CA's certificate is used as a server's", Certifying, false, nil, nil, "validation-failure"},
	{UnknownCriticalExtension, Usage, Error, byGo, "The certificate carries a critical extension that nobody understands", Certifying, false, nil, nil, "validation-failure"},
	{KeyUsageForbids, Usage, Error, "Chromium 150 and OpenJDK 17, measured", "The certificate forbids its key to sign the handshake", Certifying, false, nil, nil, "validation-failure"},

	{Revoked, Revocation, Error, byApple, "The CA has revoked the certificate", Certifying, false, nil, nil, "validation-failure"},
	{StapleRequired, Revocation, Error, byThunderbird, "The certificate promises a stapled OCSP response, and none comes", Certifying, false, nil, nil, "validation-failure"},
	{StaleStaple, Revocation, Error, byThunderbird, "The stapled OCSP response is out of date, or proves nothing", Certifying, false, nil, nil, "validation-failure"},
	{RevocationUnknown, Revocation, Warning, "RFC 6960 section 2.4; most clients go on, hard-fail set-ups do not", "Whether the certificate was revoked cannot be found out", Certifying, false, nil, nil, ""},

	{Intermittent, History, Error, byEvery, "Some connections meet another certificate than the rest", Certifying, false, nil, nil, "validation-failure"},
	{MailServiceNotReloaded, History, Error, byApple, "The web server has the new certificate, the mail service still the old one", Certifying, false, []Code{Expired}, nil, "certificate-expired"},
	{RenewedNotLoaded, History, Error, byEvery, "The new certificate is on the server's disk, and the server still presents the old one", Certifying, false, nil, nil, "certificate-expired"},
	{ExceptionStale, History, Error, byThunderbird, "The certificate that was once trusted by hand has been replaced", Certifying, false, []Code{IssuerNotTrusted, IssuerUnknown, SelfSigned}, nil, "certificate-not-trusted"},
	{StaleSession, History, Warning, "RFC 8446 section 4.4.2: a resumed session sends no certificate; crypto/tls of Go 1.26 takes it all the same, measured", "A resumed session hides what is wrong with the certificate", Certifying, false, nil, nil, ""},

	{CredentialsRefused, Account, Error, byEvery, "The server is in order and refuses the user name or password", LoggingIn, false, nil, nil, ""},

	{Unexplained, Unclear, Error, byGo, "Something is wrong that these rules do not explain", Certifying, false, nil, nil, "validation-failure"},
}
