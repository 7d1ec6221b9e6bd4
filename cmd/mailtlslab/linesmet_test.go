package main

// met is what openssl and curl say of the faults that are no verify code: a pattern for "exit
// STATUS" and the rest of it, or of the lab's own diagnosis where neither looks. The client is told
// nothing of the fault. "id 2" is for the second line of an endpoint, "id starttls" for those with
// STARTTLS.
var met = map[string]string{
	// The certificate.
	"ok-root-also-sent":       `root-also-sent`,
	"reversed-chain":          `chain-order`,
	"expired-cross-sign":      `expired-cross-sign`,
	"cn-only-no-san":          `subject=CN ?= ?mail\.lab\.test\n(?:No extensions|$)`,
	"ca-cert-as-server-cert":  `CA:TRUE`,
	"ku-no-digital-signature": `Key Usage: critical\n +Key Encipherment, Key Agreement\n`,
	"expires-within-7-days":   `Certificate will expire`,
	"validity-too-long":       `notBefore=.* 2024 GMT\nnotAfter=.* 2027 GMT`,
	"private-key-mismatch":    `:bad signature`,

	// Its revocation.
	"revoked-by-crl":      `Verify return code: 23 `,
	"crl-expired":         `Verify return code: 12 `,
	"revoked-by-staple":   `^exit 91\n(?s:.*)revocation reason`,
	"must-staple-missing": `^exit 91\n(?s:.*)No OCSP response received`,
	"staple-expired":      `^exit 91\n(?s:.*)OCSP response has expired`,
	"ocsp-responder-down": `revocation-unknown`,

	// The device.
	"root-absent-in-old-store":     `Verify return code: (20|21) `,
	"sni-absent-default-cert":      `Verify return code: 62 `,
	"client-clock-behind 1":        `Verify return code: 9 `,
	"client-clock-ahead 1":         `Verify return code: 10 `,
	"client-clock-behind 2":        `client-clock|not-yet-valid`,
	"client-clock-ahead 2":         `client-clock|root-expired`,
	"tls13-only-old-client":        `alert protocol version`,
	"implicit-on-starttls-port":    `^exit 35\n(?s:.*)(wrong version number|packet length too long|record layer failure)`,
	"starttls-on-implicit-port":    `^exit 28\n(?s:.*)0 bytes received`,
	"wrong-outgoing-host":          `Verify return code: 62 |no alternative certificate subject name`,
	"bad-password-control":         `^exit 67\n(?s:.*)Login denied`,
	"cert-changed-after-exception": `self.signed certificate`,
	"autoconfig-wrong-settings":    `Verify return code: 62 `,

	// The handshake.
	"sni-unrecognized-name":           `unrecognized name`,
	"tls10-only":                      `^exit 35\n(?s:.*)alert protocol version`,
	"legacy-ssl3-server":              `^exit 35\n(?s:.*)unsupported protocol`,
	"no-shared-cipher":                `alert handshake failure`,
	"client-cert-required":            `^exit 56\n(?s:.*)alert certificate required`,
	"alert-on-client-hello":           `^exit 35\n(?s:.*)alert internal error`,
	"close-after-client-hello":        `^exit 35\n(?s:.*)(SSL_ERROR_SYSCALL|unexpected eof)`,
	"large-client-hello-intolerant":   `(read|write):errno=(104|54)|Connection reset`,
	"certificate-not-loaded":          `^exit 35\n(?s:.*)(SSL_ERROR_SYSCALL|unexpected eof)`,
	"certificate-not-loaded starttls": `^exit (8|64)\n(?s:.*)([Ww]eird server reply|STARTTLS denied)`,

	// The way to it.
	"starttls-not-offered":           `^exit 64\n(?s:.*)(not available|not supported)`,
	"starttls-stripped-by-middlebox": `^exit 64\n(?s:.*)(not available|not supported)`,
	"starttls-refused":               `^exit 64\n(?s:.*)STARTTLS denied`,
	"starttls-then-plaintext":        `^exit 35\n(?s:.*)(wrong version number|packet length too long|record layer failure)`,
	"starttls-then-close":            `^exit 35\n(?s:.*)(SSL_ERROR_SYSCALL|unexpected eof)`,
	"starttls-response-injection":    `^exit 8\n`,
	"imap-preauth":                   `^exit 64\n(?s:.*)STARTTLS not available`,
	"auth-offered-before-tls":        `^exit (0|8)\n`, // logged in without encryption
	"plaintext-on-tls-port":          `^exit 35\n(?s:.*)(wrong version number|packet length too long|record layer failure)`,
	"wrong-protocol-on-port":         `< (220|\* OK|\+OK) `,

	// The network.
	"tls-port-closed-starttls-open": `^exit 7\n`,
	"connection-refused":            `^exit 7\n`,
	"connect-blackhole":             `^exit 28\n`,
	// A reset that comes before curl has looked whether it is connected is one that it could not connect for.
	"reset-before-greeting": `^exit (35|56)\n(?s:.*)Connection reset|^exit 7\n(?s:.*)Couldn't connect`,
	"hang-after-accept":     `^exit 28\n`,
	"slow-greeting":         `^exit 28\n`,
	"dns-name-missing 1":    `^exit 6\n`,
	"dns-name-missing 2":    `host-not-found`,
	"ipv6-broken-v4-ok 1":   `^exit 7\n`,
	"ipv6-broken-v4-ok 2":   `^exit (0|8)\n`,

	// Somebody in between.
	"mail-antivirus-proxy":        `self.signed certificate in certificate chain`,
	"corporate-proxy-untrusted":   `self.signed certificate in certificate chain`,
	"selective-interception":      `self.signed certificate in certificate chain`,
	"corporate-proxy-trusted":     `i:O ?= ?Example Company, CN ?= ?Example Company TLS Inspection CA\n(?s:.*)Verify return code: 0 `,
	"captive-portal-plain-http":   `^exit 35\n(?s:.*)(wrong version number|packet length too long|record layer failure)`,
	"captive-portal-certificate":  `^exit 60\n(?s:.*)no alternative certificate subject name`,
	"one-of-two-backends-expired": `Verify return code: (0|10) `,
}

// together is what all lines of an endpoint must give between them.
var together = map[string][]string{
	"one-of-two-backends-expired": {`Verify return code: 0 `, `Verify return code: 10 `},
}

// verifyWords are OpenSSL's words for its verify codes, as curl repeats them.
var verifyWords = map[int]string{
	9:  `not yet valid`,
	10: `has expired`,
	18: `self.signed certificate`,
	20: `unable to get local issuer certificate|self.signed certificate in certificate chain`,
	26: `uns[a-z]+ certificate purpose`,
	34: `unhandled critical extension`,
	47: `permitted subtree violation`,
	62: `no alternative certificate subject name`,
	64: `no alternative certificate subject name|does not match`,
	79: `invalid CA certificate`,
}
