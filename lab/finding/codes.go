package finding

// The closed list. Order within a family is the order in which findings are told.
//
// The last line of each comment is an example that a test runs and that yields this code and no
// other: a scenario of the catalogue, or a case in the form of a scenario file (on the endpoint that
// is named, or else its first); a survey, a chain or files that the test makes from these words; or
// the words of a client or of a server, of which lab/message says that this is the likeliest cause.

// Network: before the server says anything.
const (
	// HostNotFound: the resolver has no address for the host name of the account (RFC 1034 section
	// 4.3.1: a name error, or no data). A resolver that did not answer has not said so.
	//
	// Example: scenario dns-name-missing
	HostNotFound Code = "host-not-found"

	// ConnectTimeout: neither SYN-ACK nor RST comes back for a SYN, so that something on the way
	// drops packets (RFC 9293 section 3.5).
	//
	// Example: scenario connect-blackhole
	ConnectTimeout Code = "connect-timeout"

	// HostUnreachable: there is no route to the address (ICMP destination unreachable, RFC 1122
	// section 3.2.2.1), mostly a device without a network or without IPv6.
	//
	// Example: survey of an address without a route
	HostUnreachable Code = "host-unreachable"

	// PortClosed: the host answers the SYN with RST (RFC 9293 section 3.5.2): no process listens.
	//
	// Example: scenario connection-refused
	PortClosed Code = "port-closed"

	// SiblingPortOpen: the port is closed, and the same protocol answers on the port that it has for
	// the other moment at which TLS begins (RFC 8314 section 7). Facts.Port and Facts.Mode name it.
	//
	// Example: scenario tls-port-closed-starttls-open
	SiblingPortOpen Code = "sibling-port-open"

	// NotOffered: nobody's account has this port; it was looked at because it is a standard one,
	// and only others of the host answer.
	//
	// Example: survey of a standard port beside one that answers
	NotOffered Code = "not-offered"

	// ConnectionReset: TCP stands, and ends by RST or FIN before the server's first byte.
	//
	// Example: scenario reset-before-greeting
	ConnectionReset Code = "connection-reset"

	// CaptivePortal: a hotspot's login page answers in place of the server, with plain HTTP or
	// inside TLS under a certificate of its own (RFC 8910, RFC 6585 section 6).
	//
	// Example: scenario captive-portal-plain-http
	CaptivePortal Code = "captive-portal"

	// AddressFamilyDifference: of the IPv4 and the IPv6 addresses of one name only one family leads
	// to a server in order; which one a device takes is chance (RFC 8305). Facts.Address is a bad one.
	//
	// Example: scenario ipv6-broken-v4-ok
	AddressFamilyDifference Code = "address-family-difference"

	// SlowServer: the first byte takes so long that some client gives up.
	//
	// Example: scenario slow-greeting
	SlowServer Code = "slow-server"
)

// Service: what the port speaks, and when TLS begins.
const (
	// NoGreeting: TCP stands, and the server stays silent where it speaks first (RFC 9051 section
	// 7.1, RFC 5321 section 3.1, RFC 1939 section 4), or answers no ClientHello on a port for TLS.
	//
	// Example: scenario hang-after-accept
	NoGreeting Code = "no-greeting"

	// ServiceUnavailable: the server speaks its protocol and declines: 421 or 554 (RFC 5321 section
	// 3.1), BYE (RFC 9051 section 7.1.5), -ERR, or silence after its greeting.
	//
	// Example: case {"services":[{"wire":{"lines":[{"command":"EHLO","answer":"421 4.3.2 closing","then":"close"}]}}]} on submission
	ServiceUnavailable Code = "service-unavailable"

	// ProtocolViolation: what the server says is neither TLS nor any of the protocols, or never ends.
	//
	// Example: case {"services":[{"wire":{"portal":"what is this?\r\n"}}]}
	ProtocolViolation Code = "protocol-violation"

	// WrongService: the greeting is another protocol's, such as SMTP where IMAP is due.
	//
	// Example: scenario wrong-protocol-on-port
	WrongService Code = "wrong-service"

	// PortSpeaksPlaintext: on a port for implicit TLS (RFC 8314 section 3) the server greets in the clear.
	//
	// Example: scenario plaintext-on-tls-port
	PortSpeaksPlaintext Code = "port-speaks-plaintext"

	// WrongEncryptionType: the server is in order, and the account's setting, implicit TLS or
	// STARTTLS, is the other one than its port has. Facts.Mode is the right one.
	//
	// Example: scenario implicit-on-starttls-port on imap
	WrongEncryptionType Code = "wrong-encryption-type"

	// StartTLSNotOffered: STARTTLS is not among the capabilities (RFC 3207 section 4, RFC 9051
	// section 6.2.1), or STLS is not (RFC 2595 section 4).
	//
	// Example: scenario starttls-not-offered on imap
	StartTLSNotOffered Code = "starttls-not-offered"

	// StartTLSRefused: STARTTLS is offered, and the command is answered with no: 454 (RFC 3207
	// section 4), NO or BAD, -ERR.
	//
	// Example: scenario starttls-refused on imap
	StartTLSRefused Code = "starttls-refused"

	// StartTLSDropped: the connection ends after the command STARTTLS, or right after it was accepted.
	//
	// Example: scenario starttls-then-close on imap
	StartTLSDropped Code = "starttls-dropped"

	// NotTLSAfterStartTLS: STARTTLS is accepted, and what answers the ClientHello is plaintext.
	//
	// Example: scenario starttls-then-plaintext on imap
	NotTLSAfterStartTLS Code = "not-tls-after-starttls"

	// CertificateNotLoaded: certificate or key could not be loaded, by the server's own words (on
	// the wire or in its log), by what it refuses, or because the file is not there.
	//
	// Example: scenario certificate-not-loaded
	CertificateNotLoaded Code = "server-cannot-load-certificate"

	// OutdatedConfiguration: the server's configuration is written for another version of it, and is
	// not taken: a setting that this version does not know, or one that it wants first.
	//
	// Example: words of a server: doveconf: Fatal: Error in configuration file /etc/dovecot/dovecot.conf line 12: ssl_cert: Unknown setting: ssl_cert
	OutdatedConfiguration Code = "outdated-configuration"

	// InjectedPlaintext: behind the answer to STARTTLS stands more plaintext, which a client that
	// keeps it takes for protected (CVE-2011-0411; RFC 9051 section 6.2.1 has it discarded).
	//
	// Example: scenario starttls-response-injection on imap
	InjectedPlaintext Code = "injected-plaintext"

	// CapabilityStripped: the capability STARTTLS was overwritten on its way, as Cisco's inspection
	// of ESMTP does (XXXXXXXA).
	//
	// Example: scenario starttls-stripped-by-middlebox on imap
	CapabilityStripped Code = "capability-stripped"

	// PreauthBlocksTLS: the IMAP greeting is PREAUTH, after which STARTTLS is not allowed (RFC 9051
	// sections 7.1.4 and 6.2.1).
	//
	// Example: scenario imap-preauth on imap
	PreauthBlocksTLS Code = "preauth-blocks-tls"

	// PlaintextLoginAllowed: a password is taken before TLS: no LOGINDISABLED (RFC 9051 section
	// 6.2.3), or AUTH PLAIN or LOGIN among the capabilities (RFC 4954).
	//
	// Example: scenario auth-offered-before-tls on imap
	PlaintextLoginAllowed Code = "plaintext-login-allowed"

	// PublishedSettingsWrong: what the domain publishes for its mail programs (RFC 6186, autoconfig,
	// autodiscover) leads to a name, port or mode that does not work. Facts.Cause says in what way.
	//
	// Example: scenario autoconfig-wrong-settings
	PublishedSettingsWrong Code = "published-settings-wrong"

	// DANEMismatch: the domain publishes a TLSA record for the server, and no certificate that the
	// server shows fits it (RFC 7672 section 3, RFC 8460 section 4.3.2.1).
	//
	// Example: words of a client: verify error:num=65:no matching DANE TLSA records
	DANEMismatch Code = "dane-mismatch"

	// MTASTSMismatch: the domain publishes an MTA-STS policy, and the policy does not name the mail
	// server, or the server's certificate does not fit it (RFC 8461 section 4.1, RFC 8460 section 4.3.2.2).
	//
	// Example: words of a client: "result-type": "sts-webpki-invalid"
	MTASTSMismatch Code = "mta-sts-mismatch"
)

// Protocol: the TLS handshake itself.
const (
	// HandshakeDropped: the connection ends, without an alert, between ClientHello and Finished.
	//
	// Example: scenario close-after-client-hello
	HandshakeDropped Code = "handshake-dropped"

	// HandshakeRefused: the server answers the ClientHello with a fatal alert that names no narrower
	// cause (RFC 8446 section 6.2). Facts.Alert is its number.
	//
	// Example: scenario alert-on-client-hello
	HandshakeRefused Code = "handshake-refused"

	// HandshakeTimeout: the handshake has begun, and the server falls silent.
	//
	// Example: case {"services":[{"wire":{"hello":{"then":"hang"}}}]} on imap
	HandshakeTimeout Code = "handshake-timeout"

	// ProtocolTooOld: offered everything from TLS 1.0 to 1.3, the server chooses TLS 1.0, TLS 1.1
	// (RFC 8996) or SSL 3.0 (RFC 7568). Facts.Version is what it chose.
	//
	// Example: scenario tls10-only
	ProtocolTooOld Code = "protocol-too-old"

	// ClientCertificateRequired: the server asks for a certificate of the client and ends the
	// connection without one (RFC 8446 sections 4.3.2 and 4.4.2.4).
	//
	// Example: scenario client-cert-required
	ClientCertificateRequired Code = "client-certificate-required"

	// ClientCertificateRefused: the server refuses the certificate that the client shows (RFC 8446
	// sections 4.4.2.4 and 6.2), which it seldom needs to look at.
	//
	// Example: words of a server: client SSL certificate verify error: (18:self signed certificate) while reading client request headers
	ClientCertificateRefused Code = "client-certificate-refused"

	// KeyDoesNotMatch: the signature of the handshake (RFC 8446 section 4.4.3, RFC 5246 section
	// 7.4.3) was made with another key than the leaf names; or certificate and key in the files do
	// not belong together.
	//
	// Example: scenario private-key-mismatch
	KeyDoesNotMatch Code = "key-does-not-match-certificate"

	// NoCommonCipher: the server refuses every cipher suite in use, with handshake_failure or
	// insufficient_security (RFC 5246 section 7.2.2).
	//
	// Example: scenario no-shared-cipher
	NoCommonCipher Code = "no-common-cipher"

	// WeakDH: the server's group for Diffie-Hellman is too small for the client (RFC 9325 section 4.1:
	// 2048 bits at least; OpenSSL and NSS refuse one below 1024, and at security level 2 below 2048).
	//
	// Example: words of a client: error:0A00018A:SSL routines::dh key too small
	WeakDH Code = "weak-dh"

	// ClientTooOld: the newest version of the device is below the oldest of the server
	// (protocol_version, RFC 8446 section 6.2). Facts.Version is what the server would choose.
	//
	// Example: scenario tls13-only-old-client
	ClientTooOld Code = "client-too-old"

	// ServerHasNoSuchName: the server ends the handshake for the name in SNI, or for want of one,
	// with the alert unrecognized_name (RFC 6066 section 3).
	//
	// Example: scenario sni-unrecognized-name
	ServerHasNoSuchName Code = "server-has-no-such-name"

	// LargeHelloIntolerant: a ClientHello with a post-quantum key share (X25519MLKEM768) does not
	// fit into one packet and gets no answer, and a small one does.
	//
	// Example: scenario large-client-hello-intolerant
	LargeHelloIntolerant Code = "large-hello-intolerant"
)
