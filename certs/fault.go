package certs

// DefaultHost is the server name that healthy certificates are for.
const DefaultHost = "mail.lab.test"

// A Role is a certificate's place in a chain.
type Role string

// The roles.
const (
	Leaf         Role = "leaf"
	Intermediate Role = "intermediate"
	Root         Role = "root"
)

// A Kind names one sort of fault, in kebab-case. The list is closed.
type Kind string

// The faults, each for one constructor below.
const (
	kindNames               Kind = "names"
	kindCommonName          Kind = "common-name"
	kindNoSAN               Kind = "no-san"
	kindRootAlsoSent        Kind = "root-also-sent"
	kindSelfSigned          Kind = "self-signed"
	kindCALeaf              Kind = "ca-leaf"
	kindIssuedByRoot        Kind = "issued-by-root"
	kindPrivateCA           Kind = "private-ca"
	kindPrivateRootOnly     Kind = "private-root-only"
	kindOmitIntermediate    Kind = "omit-intermediate"
	kindWrongIntermediate   Kind = "wrong-intermediate"
	kindReversed            Kind = "reversed"
	kindSameNameIssuer      Kind = "same-name-issuer"
	kindNotCA               Kind = "not-ca"
	kindDefaultInstallation Kind = "default-installation"
	kindExpired             Kind = "expired"
	kindNotYetValid         Kind = "not-yet-valid"
	kindExpiresIn           Kind = "expires-in"
	kindSmallRSA            Kind = "small-rsa"
	kindSHA1                Kind = "sha1"
	kindCorruptSignature    Kind = "corrupt-signature"
	kindWrongKey            Kind = "wrong-key"
	kindExtKeyUsage         Kind = "ext-key-usage"
	kindCRL                 Kind = "crl"
	kindOCSP                Kind = "ocsp"
	kindMustStaple          Kind = "must-staple"
	kindStaple              Kind = "staple"

	kindFetchable         Kind = "fetchable-intermediate"
	kindExpiredCrossSign  Kind = "expired-cross-sign"
	kindDistrustedRoot    Kind = "distrusted-root"
	kindNameConstraint    Kind = "name-constraint"
	kindLeafIssuer        Kind = "leaf-issuer"
	kindULabel            Kind = "u-label"
	kindValidFor          Kind = "valid-for"
	kindMD5               Kind = "md5"
	kindKeyUsage          Kind = "key-usage"
	kindCriticalExtension Kind = "critical-extension"
)

// A Fault is one deviation from the healthy certificate, as a value. Faults are applied in
// order, and all that none of them mentions stays healthy. The controls use harmless ones.
type Fault struct {
	Kind   Kind     `json:"kind"`             // which deviation it is
	On     Role     `json:"on,omitempty"`     // the certificate that deviates, for kinds that may be on several
	Days   int      `json:"days,omitempty"`   // how many days ago, or ahead, or long
	Bits   int      `json:"bits,omitempty"`   // the size of the key
	Names  []string `json:"names,omitempty"`  // names of hosts, or of usages
	Status Status   `json:"status,omitempty"` // what a word on revocation says
}

// Names makes the certificate for exactly these names; an IP address becomes an iPAddress. The
// first is the Common Name too.
func Names(names ...string) Fault { return Fault{Kind: kindNames, Names: names} }

// CommonName sets the Common Name alone.
func CommonName(name string) Fault { return Fault{Kind: kindCommonName, Names: []string{name}} }

// NoSAN leaves the names out of the SAN, so that only the Common Name remains.
func NoSAN() Fault { return Fault{Kind: kindNoSAN} }

// RootAlsoSent sends the root after the intermediate.
func RootAlsoSent() Fault { return Fault{Kind: kindRootAlsoSent} }

// SelfSigned signs the leaf with its own key and sends it alone.
func SelfSigned() Fault { return Fault{Kind: kindSelfSigned} }

// CALeaf makes the leaf a CA: basic constraints CA:TRUE.
func CALeaf() Fault { return Fault{Kind: kindCALeaf} }

// IssuedByRoot has the leaf issued by the trusted root itself; nothing else is sent.
func IssuedByRoot() Fault { return Fault{Kind: kindIssuedByRoot} }

// PrivateCA has the leaf issued under another root that nobody trusts. Its intermediate is sent,
// the root is not.
func PrivateCA() Fault { return Fault{Kind: kindPrivateCA} }

// PrivateRootOnly has the leaf issued by another root that nobody trusts; nothing else is sent.
func PrivateRootOnly() Fault { return Fault{Kind: kindPrivateRootOnly} }

// OmitIntermediate does not send the intermediate.
func OmitIntermediate() Fault { return Fault{Kind: kindOmitIntermediate} }

// WrongIntermediate sends another intermediate of the trusted root in place of the right one.
func WrongIntermediate() Fault { return Fault{Kind: kindWrongIntermediate} }

// Reversed puts two intermediates between leaf and root and sends them in the wrong order, with
// an unrelated certificate at the end.
func Reversed() Fault { return Fault{Kind: kindReversed} }

// SameNameIssuer has the chain end at a root with the trusted root's name and another key.
func SameNameIssuer() Fault { return Fault{Kind: kindSameNameIssuer} }

// NotCA makes the intermediate an ordinary certificate: basic constraints CA:FALSE.
func NotCA() Fault { return Fault{Kind: kindNotCA, On: Intermediate} }

// DefaultInstallation is what a package makes up when it is installed: self-signed, for localhost.
func DefaultInstallation() Fault { return Fault{Kind: kindDefaultInstallation} }

// Expired ends the validity of one certificate this many days ago.
func Expired(on Role, days int) Fault { return Fault{Kind: kindExpired, On: on, Days: days} }

// NotYetValid begins the validity of one certificate in this many days.
func NotYetValid(on Role, days int) Fault { return Fault{Kind: kindNotYetValid, On: on, Days: days} }

// ExpiresIn ends the validity of the leaf in this many days.
func ExpiresIn(days int) Fault { return Fault{Kind: kindExpiresIn, On: Leaf, Days: days} }

// SmallRSA gives the leaf an RSA key of this many bits.
func SmallRSA(bits int) Fault { return Fault{Kind: kindSmallRSA, On: Leaf, Bits: bits} }

// SHA1 has the leaf signed with SHA-1.
func SHA1() Fault { return Fault{Kind: kindSHA1, On: Leaf} }

// CorruptSignature changes the last byte of the leaf's signature.
func CorruptSignature() Fault { return Fault{Kind: kindCorruptSignature, On: Leaf} }

// WrongKey serves the leaf with a private key that does not belong to it.
func WrongKey() Fault { return Fault{Kind: kindWrongKey, On: Leaf} }

// ExtKeyUsage gives the leaf exactly these extended key usages: serverAuth, clientAuth,
// emailProtection (RFC 5280 section 4.2.1.12).
func ExtKeyUsage(usages ...string) Fault {
	return Fault{Kind: kindExtKeyUsage, On: Leaf, Names: usages}
}

// CRL names the CA's revocation list in the leaf, and has it published in this state: good,
// revoked, expired, or none, where nobody answers.
func CRL(s Status) Fault { return Fault{Kind: kindCRL, On: Leaf, Status: s} }

// OCSP names the CA's OCSP responder in the leaf, and has it answer so: good, revoked, expired,
// or none, where nobody answers.
func OCSP(s Status) Fault { return Fault{Kind: kindOCSP, On: Leaf, Status: s} }

// MustStaple has the leaf promise a stapled OCSP response (RFC 7633). Staple keeps the promise.
func MustStaple() Fault { return Fault{Kind: kindMustStaple, On: Leaf} }

// Staple has the server staple the CA's OCSP response: good, revoked or expired.
func Staple(s Status) Fault { return Fault{Kind: kindStaple, On: Leaf, Status: s} }

// FetchableIntermediate does not send the intermediate, of which no client has heard: the leaf
// says where it can be fetched (caIssuers, RFC 5280 section 4.2.2.1). See Bundle.Documents.
func FetchableIntermediate() Fault { return Fault{Kind: kindFetchable} }

// ExpiredCrossSign sends, after everything else, the root's name and key certified by an older
// root: both that certificate and the older root have expired, and the path without them is good.
func ExpiredCrossSign() Fault { return Fault{Kind: kindExpiredCrossSign} }

// DistrustedRoot has the leaf issued under a root that was removed from the trust stores: it has
// the name and the key identifier of DigiNotar's, by which the lists of removals know it. Its
// intermediate is sent, the root is not. See Authority.Distrusted.
func DistrustedRoot() Fault { return Fault{Kind: kindDistrustedRoot} }

// NameConstraint lets the intermediate issue for these domains and the names below them only.
func NameConstraint(domains ...string) Fault {
	return Fault{Kind: kindNameConstraint, On: Intermediate, Names: domains}
}

// LeafIssuer has the leaf issued by an ordinary server certificate, which is sent after it.
func LeafIssuer() Fault { return Fault{Kind: kindLeafIssuer} }

// ULabel makes the certificate for exactly these names, written into the SAN as they are, in
// UTF-8, where RFC 5280 section 7.2 wants the ASCII form. The Common Name stays.
func ULabel(names ...string) Fault { return Fault{Kind: kindULabel, On: Leaf, Names: names} }

// ValidFor gives the leaf a window of this many days that ends when a healthy one does.
func ValidFor(days int) Fault { return Fault{Kind: kindValidFor, On: Leaf, Days: days} }

// SHA1Intermediate has the intermediate signed with SHA-1.
func SHA1Intermediate() Fault { return Fault{Kind: kindSHA1, On: Intermediate} }

// MD5 has the leaf signed with MD5, by an intermediate with an RSA key.
func MD5() Fault { return Fault{Kind: kindMD5, On: Leaf} }

// KeyUsage gives the leaf's key exactly these usages: digitalSignature, keyEncipherment,
// keyAgreement (RFC 5280 section 4.2.1.3).
func KeyUsage(usages ...string) Fault { return Fault{Kind: kindKeyUsage, On: Leaf, Names: usages} }

// CriticalExtension gives the leaf a critical extension that no client knows: its number is from
// the range kept for documentation (RFC 5612).
func CriticalExtension() Fault { return Fault{Kind: kindCriticalExtension, On: Leaf} }
