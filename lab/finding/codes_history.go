package finding

// History: what changed between one look and another.
const (
	// Intermittent: of several connections to one port some meet a leaf that is refused, as where
	// one of several machines was forgotten, or end where the others go on. Facts.Cause is what is
	// wrong with them, Facts.Fingerprint is the good leaf where one was shown.
	//
	// Example: scenario one-of-two-backends-expired
	Intermittent Code = "intermittent"

	// MailServiceNotReloaded: the mail ports present an expired leaf, and https its successor.
	//
	// Example: scenario webmail-ok-mail-bad
	MailServiceNotReloaded Code = "mail-service-not-reloaded"

	// RenewedNotLoaded: the server's file holds a newer leaf than the server presents.
	// Facts.Fingerprint is the newer one.
	//
	// Example: survey of a server that presents an older certificate than its file has
	RenewedNotLoaded Code = "renewed-not-loaded"

	// ExceptionStale: somebody once trusted a leaf of this server by hand, and another one comes
	// now. Facts.Cause is what is wrong with it, Facts.Fingerprint is the new one.
	//
	// Example: scenario cert-changed-after-exception
	ExceptionStale Code = "exception-stale"

	// StaleSession: a TLS session is resumed (RFC 8446 section 2.2), so that no certificate comes, and
	// the one that would come is another than when it began.
	//
	// Example: case {"services":[{"chain":[{"kind":"expires-in","on":"leaf","days":40}]}],"device":{"oldSession":true}}
	StaleSession Code = "stale-session"
)

// Account: the login.
const (
	// CredentialsRefused: everything below is in order, and the server refuses user or password: 535
	// (RFC 4954), NO (RFC 9051 section 6.2.3), -ERR (RFC 1939 section 7).
	//
	// Example: scenario bad-password-control
	CredentialsRefused Code = "credentials-refused"

	// OAuthRequired: the provider takes no plain password any more, or none but one that was made for
	// this program: 535 5.7.139 (Exchange Online), 534 5.7.9 (Gmail).
	//
	// Example: words of a client: 535 5.7.139 Authentication unsuccessful, basic authentication is disabled
	OAuthRequired Code = "oauth-required"
)

// Unclear: nothing in the vocabulary explains it.
const (
	// Unexplained: a client refuses, and no rule here, nor all of them together, says why. The
	// evidence quotes the library, or the tool.
	//
	// Example: survey of a handshake that fails with words nobody knows
	Unexplained Code = "unexplained"
)
