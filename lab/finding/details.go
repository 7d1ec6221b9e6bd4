package finding

import "slices"

// A Detail tells the cases of one code apart, where they need other words or another cure. What is
// a fact of its own (a product, a family of addresses, the code beneath, the place of a certificate)
// has a field of its own in Facts.
type Detail string

// Of names and files that are looked for.
const (
	// DetailNoNameSent: the ClientHello had no server name (SNI) to know.
	DetailNoNameSent Detail = "no-name-sent"
	// DetailNoFile: there is no file of that name.
	DetailNoFile Detail = "no-file"
	// DetailPermission: the file is there, and whoever ran the check may not read it.
	DetailPermission Detail = "permission"
	// DetailNoKey: the file can be read, and no private key is in it.
	DetailNoKey Detail = "no-key"
	// DetailNoCertificate: the file can be read, and no certificate is in it.
	DetailNoCertificate Detail = "no-certificate"
)

// Of a certificate that is for another name.
const (
	// DetailNoNames: its SAN names no server at all.
	DetailNoNames Detail = "no-names"
	// DetailCommonNameIgnored: the Common Name would fit, and beside a SAN it does not count.
	DetailCommonNameIgnored Detail = "common-name-ignored"
	// DetailParentDomainOnly: it is for the domain itself, and the account has a name below it.
	DetailParentDomainOnly Detail = "parent-domain-only"
	// DetailProviderDefault: it is a wildcard of another domain, mostly the hosting provider's own.
	DetailProviderDefault Detail = "provider-default"
	// DetailSameDomain: it is for another name of the same domain.
	DetailSameDomain Detail = "same-domain"
	// DetailAnotherDomain: it is for names of another domain.
	DetailAnotherDomain Detail = "another-domain"
)

// Of issuers and what they issue.
const (
	// DetailPublicCA: the leaf carries SCTs, as certificates of public CAs do, or its issuer has the
	// name of a public CA's intermediate.
	DetailPublicCA Detail = "public-ca"
	// DetailAIA: the intermediate was fetched from where the certificate says (caIssuers).
	DetailAIA Detail = "aia"
	// DetailForOlderCertificates: the root is trusted for what it issued earlier, and not for this.
	DetailForOlderCertificates Detail = "for-older-certificates"
	// DetailPublic: the root is one that devices come with.
	DetailPublic Detail = "public"
	// DetailPrivate: the root is not one that devices come with.
	DetailPrivate Detail = "private"
	// DetailAntivirus: the signer is known as a program on the device.
	DetailAntivirus Detail = "antivirus"
	// DetailProxy: the signer is known as a proxy, or not known in closer detail.
	DetailProxy Detail = "proxy"
	// DetailSMIME: the certificate is for signing and encrypting messages.
	DetailSMIME Detail = "s-mime"
	// DetailOtherPurpose: the certificate is for anything else than servers and messages.
	DetailOtherPurpose Detail = "other"
	// DetailForClients: the certificate was judged as a client's own, and is not for clients.
	DetailForClients Detail = "for-clients"
)

// Of a clock.
const (
	// DetailAhead: the device's clock is ahead of the server's.
	DetailAhead Detail = "ahead"
	// DetailBehind: the device's clock is behind the server's.
	DetailBehind Detail = "behind"
)

// Of a word on revocation, an OCSP response or a CRL, that does not count.
const (
	// DetailOutOfDate: its nextUpdate has passed.
	DetailOutOfDate Detail = "expired"
	// DetailTooEarly: its thisUpdate is to come.
	DetailTooEarly Detail = "not-yet-valid"
	// DetailErrorStatus: the responder answers with an error (RFC 6960 section 2.3).
	DetailErrorStatus Detail = "error-status"
	// DetailUnreadable: it cannot be parsed.
	DetailUnreadable Detail = "unreadable"
	// DetailOtherCertificate: it is about another serial number.
	DetailOtherCertificate Detail = "other-certificate"
	// DetailOtherSigner: neither the issuer nor anybody whom it allowed to has signed it.
	DetailOtherSigner Detail = "other-signer"
	// DetailUnknownStatus: the responder does not know the certificate (RFC 6960 section 2.2).
	DetailUnknownStatus Detail = "unknown-status"
	// DetailOtherScope: the CRL is about a part of the CA's certificates in which this one is not.
	DetailOtherScope Detail = "other-scope"
	// DetailUnreachable: nobody answers where the certificate sends those who ask.
	DetailUnreachable Detail = "unreachable"
	// DetailNotAsked: nobody has asked.
	DetailNotAsked Detail = "not-asked"
)

// Details returns the details that a code may have, in a fixed order; most codes have none.
func Details(c Code) []Detail {
	switch c {
	case ServerHasNoSuchName:
		return []Detail{DetailNoNameSent}
	case CertificateNotLoaded:
		return []Detail{DetailPermission}
	case KeyMissing:
		return []Detail{DetailNoFile, DetailNoKey}
	case KeyUnreadable:
		return []Detail{DetailPermission}
	case MalformedCertificate:
		return []Detail{DetailNoCertificate}
	case NameMismatch:
		return []Detail{DetailNoNames, DetailCommonNameIgnored, DetailParentDomainOnly, DetailProviderDefault, DetailSameDomain, DetailAnotherDomain}
	case IssuerUnknown:
		return []Detail{DetailPublicCA}
	case MissingIntermediate:
		return []Detail{DetailAIA, DetailPublicCA}
	case RootDistrusted:
		return []Detail{DetailForOlderCertificates}
	case LifetimeTooLong:
		return []Detail{DetailPublic, DetailPrivate}
	case LocalInterception, Interception, InterceptionOnMailPort, InterceptedButValid:
		return []Detail{DetailAntivirus, DetailProxy}
	case WrongPurpose:
		return []Detail{DetailSMIME, DetailOtherPurpose, DetailForClients}
	case IntermediateWrongPurpose:
		return []Detail{DetailForClients}
	case ClientClock:
		return []Detail{DetailAhead, DetailBehind}
	case StaleStaple:
		return []Detail{DetailOutOfDate, DetailTooEarly, DetailErrorStatus, DetailUnreadable, DetailOtherCertificate, DetailOtherSigner, DetailUnknownStatus}
	case RevocationUnknown:
		return []Detail{
			DetailOutOfDate, DetailTooEarly, DetailErrorStatus, DetailUnreadable, DetailOtherCertificate, DetailOtherSigner, DetailUnknownStatus,
			DetailOtherScope, DetailUnreachable, DetailNotAsked,
		}
	}
	return nil
}

// A Reason is why a CA has revoked a certificate: RFC 5280 section 5.3.1.
type Reason string

// The reasons.
const (
	// ReasonUnspecified: the CA gives none, or one that the standard does not have.
	ReasonUnspecified Reason = "unspecified"
	// ReasonKeyCompromise: keyCompromise (1), somebody else has the key.
	ReasonKeyCompromise Reason = "key-compromise"
	// ReasonCACompromise: cACompromise (2), somebody else has the CA's key.
	ReasonCACompromise Reason = "ca-compromise"
	// ReasonAffiliationChanged: affiliationChanged (3), the owner or the names have changed.
	ReasonAffiliationChanged Reason = "affiliation-changed"
	// ReasonSuperseded: superseded (4), another certificate has replaced it.
	ReasonSuperseded Reason = "superseded"
	// ReasonCessationOfOperation: cessationOfOperation (5), the server was given up.
	ReasonCessationOfOperation Reason = "cessation-of-operation"
	// ReasonCertificateHold: certificateHold (6), it may be released again.
	ReasonCertificateHold Reason = "certificate-hold"
	// ReasonPrivilegeWithdrawn: privilegeWithdrawn (9), the owner has lost the right to it.
	ReasonPrivilegeWithdrawn Reason = "privilege-withdrawn"
	// ReasonAACompromise: aACompromise (10), somebody else has the attribute authority's key.
	ReasonAACompromise Reason = "aa-compromise"
)

// Reasons returns all of them, in the order of their numbers.
func Reasons() []Reason {
	return []Reason{
		ReasonUnspecified, ReasonKeyCompromise, ReasonCACompromise, ReasonAffiliationChanged, ReasonSuperseded,
		ReasonCessationOfOperation, ReasonCertificateHold, ReasonPrivilegeWithdrawn, ReasonAACompromise,
	}
}

// A Product is a server program.
type Product string

// The products whose logs are known. The first four were made to fail, and their lines are the
// tests'; those of the others are from their sources and documentation.
const (
	// Postfix is an SMTP server; read of 3.7 and 3.10.
	Postfix Product = "Postfix"
	// Dovecot is an IMAP and POP3 server; read of 2.3 and 2.4.
	Dovecot Product = "Dovecot"
	// Exim is an SMTP server; read of 4.96 with GnuTLS.
	Exim Product = "Exim"
	// Nginx is a web server and a proxy for mail; read of 1.22.
	Nginx Product = "nginx"
	// Apache is a web server: modules/ssl/ssl_engine_init.c of 2.4.
	Apache Product = "Apache"
	// Sendmail is an SMTP server: sendmail/tls.c of 8.18.
	Sendmail Product = "sendmail"
	// Cyrus is an IMAP and POP3 server: imap/tls.c of 3.8.
	Cyrus Product = "Cyrus"
	// Courier is a suite of mail servers: libs/tcpd/libcouriertls.c of 5.2.
	Courier Product = "Courier"
	// OpenSMTPD is an SMTP server: usr.sbin/smtpd of 7.4.
	OpenSMTPD Product = "OpenSMTPD"
	// HMailServer is a mail server for Windows: source/Server/Common/TCPIP of 5.7.
	HMailServer Product = "hMailServer"
	// Exchange is Microsoft's mail server: its events 12014 to 12018, and Schannel's.
	Exchange Product = "Exchange"
	// Stalwart is a mail server: crates/trc of 0.13.
	Stalwart Product = "Stalwart"
	// Mox is a mail server: smtpserver and imapserver of 0.0.15.
	Mox Product = "mox"
	// Haraka is an SMTP server: tls_socket.js of 3.1.
	Haraka Product = "Haraka"
)

// Products returns all of them.
func Products() []Product {
	return []Product{Postfix, Dovecot, Exim, Nginx, Apache, Sendmail, Cyrus, Courier, OpenSMTPD, HMailServer, Exchange, Stalwart, Mox, Haraka}
}

// An IPFamily is one of the two kinds of addresses.
type IPFamily string

// The families.
const (
	// IPv4 is RFC 791.
	IPv4 IPFamily = "ipv4"
	// IPv6 is RFC 8200.
	IPv6 IPFamily = "ipv6"
)

// IPFamilies returns both.
func IPFamilies() []IPFamily { return []IPFamily{IPv4, IPv6} }

// Words returns the family as it is written in a sentence.
func (f IPFamily) Words() string {
	switch f {
	case IPv4:
		return "IPv4"
	case IPv6:
		return "IPv6"
	}
	return ""
}

// Other returns the other family.
func (f IPFamily) Other() IPFamily {
	if f == IPv4 {
		return IPv6
	}
	return IPv4
}

func among[T comparable](v T, list []T) bool {
	var zero T
	return v == zero || slices.Contains(list, v)
}
