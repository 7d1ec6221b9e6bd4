package account

import "slices"

// Valid reports whether m is one of the modes.
func (m Mode) Valid() bool { return slices.Contains([]Mode{ImplicitTLS, StartTLS, Plaintext}, m) }

// Valid reports whether p is one of the protocols.
func (p Protocol) Valid() bool {
	return slices.Contains([]Protocol{IMAP, POP3, Submission, HTTPS}, p)
}

// Valid reports whether p is one of the paths.
func (p Path) Valid() bool {
	return slices.Contains([]Path{Direct, CaptivePortal, CaptivePortalTLS, MaskedUpgrade, SmallHellos, MailAntivirus, CorporateProxy, SelectiveProxy}, p)
}
