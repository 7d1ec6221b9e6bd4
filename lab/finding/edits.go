package finding

// An Edit is what a counterfactual changes: the evidence with it, and nothing else, would not have
// the fault.
type Edit string

// Of names, addresses and the way there.
const (
	// EditName: the account or the certificate has a name that fits.
	EditName Edit = "another-name"
	// EditAddress: DNS does not have the address that fails.
	EditAddress Edit = "another-address"
	// EditNetwork: the device is in a network, or the connection takes a way, without what disturbs it.
	EditNetwork Edit = "another-network"
	// EditPort: the account has the port that answers.
	EditPort Edit = "another-port"
	// EditOpenPort: the service listens on the port of the account.
	EditOpenPort Edit = "open-port"
	// EditSendServerName: the ClientHello has the server name (SNI).
	EditSendServerName Edit = "send-server-name"
)

// Of what the port speaks.
const (
	// EditServerState: the server does what its protocol has it do next: speak, answer, serve.
	EditServerState Edit = "another-server-state"
	// EditService: the protocol of the account answers on the port.
	EditService Edit = "another-service"
	// EditMode: the port and the account agree on when TLS begins.
	EditMode Edit = "another-mode"
	// EditOfferStartTLS: STARTTLS is among the capabilities.
	EditOfferStartTLS Edit = "offer-starttls"
	// EditAcceptStartTLS: the command STARTTLS is answered with yes.
	EditAcceptStartTLS Edit = "accept-starttls"
	// EditBeginTLS: TLS begins after that answer.
	EditBeginTLS Edit = "begin-tls"
	// EditDropPlaintext: nothing in the clear stands behind that answer.
	EditDropPlaintext Edit = "drop-plaintext"
	// EditNoPreauthentication: the greeting is not PREAUTH.
	EditNoPreauthentication Edit = "no-preauthentication"
	// EditRefusePlaintextLogins: no password is taken before TLS.
	EditRefusePlaintextLogins Edit = "refuse-plaintext-logins"
	// EditAnswerInTime: the first byte comes within the limit.
	EditAnswerInTime Edit = "answer-in-time"
	// EditPassword: the password is the right one.
	EditPassword Edit = "another-password"
)

// Of the handshake.
const (
	// EditHandshake: the server takes the ClientHello and goes on.
	EditHandshake Edit = "another-handshake"
	// EditVersion: the server speaks a TLS version of today.
	EditVersion Edit = "another-version"
	// EditClient: the device speaks a TLS version of the server's.
	EditClient Edit = "another-client"
	// EditCipher: the server allows a cipher suite of today.
	EditCipher Edit = "another-cipher"
	// EditSmallHello: the ClientHello fits into one packet.
	EditSmallHello Edit = "small-hello"
	// EditNoClientCertificate: the server asks for no certificate, or goes on without it.
	EditNoClientCertificate Edit = "no-client-certificate"
	// EditStaple: the handshake carries a current OCSP response.
	EditStaple Edit = "staple"
)

// Of the files of the server.
const (
	// EditPair: certificate and key can be loaded, and belong together.
	EditPair Edit = "another-pair"
	// EditKey: the key is the one that belongs to the certificate, or one that is strong enough.
	EditKey Edit = "another-key"
	// EditInstallKey: the key is in its place.
	EditInstallKey Edit = "install-key"
	// EditInstallCertificate: the certificate is in its place.
	EditInstallCertificate Edit = "install-certificate"
	// EditAllowReading: the file may be read.
	EditAllowReading Edit = "allow-reading"
	// EditDecryptKey: the key is stored without a password.
	EditDecryptKey Edit = "decrypt-key"
	// EditSortChain: the leaf stands first in the file, and each issuer after what it issued.
	EditSortChain Edit = "sort-chain"
)

// Of the chain.
const (
	// EditTrustRoot: the certificate at the end of the path is in the trust store.
	EditTrustRoot Edit = "trust-root"
	// EditAddIntermediate: the intermediate is sent.
	EditAddIntermediate Edit = "add-intermediate"
	// EditDropCertificate: the certificate is not sent.
	EditDropCertificate Edit = "drop-certificate"
	// EditSignAgain: the signature is made with the issuer's key and a hash of today.
	EditSignAgain Edit = "sign-again"
	// EditMakeCA: the certificate is a CA.
	EditMakeCA Edit = "make-ca"
	// EditDropPathLength: the CA has no path length.
	EditDropPathLength Edit = "drop-path-length"
	// EditDropNameConstraints: the CA has no name constraints.
	EditDropNameConstraints Edit = "drop-name-constraints"
)

// Of one certificate.
const (
	// EditCertificate: another certificate is presented, without this fault.
	EditCertificate Edit = "another-certificate"
	// EditTime: it is another time, at which the dates hold.
	EditTime Edit = "another-time"
	// EditWindow: notBefore and notAfter are closer to each other.
	EditWindow Edit = "another-window"
	// EditPurpose: serverAuth is among the extended key usages.
	EditPurpose Edit = "another-purpose"
	// EditKeyUsage: digitalSignature is among the key usages.
	EditKeyUsage Edit = "another-key-usage"
	// EditDropExtension: the extension is not critical.
	EditDropExtension Edit = "drop-extension"
	// EditMakeLeaf: the certificate is no CA.
	EditMakeLeaf Edit = "make-leaf"
	// EditEncoding: the SAN has the name as an A-label.
	EditEncoding Edit = "another-encoding"
	// EditException: the exception made by hand is for the certificate that is presented.
	EditException Edit = "another-exception"
	// EditRevocationAnswer: the CA gives a current answer about the certificate.
	EditRevocationAnswer Edit = "answer"
)

// Edits returns all of them, in the order in which they are declared.
func Edits() []Edit {
	return []Edit{
		EditName, EditAddress, EditNetwork, EditPort, EditOpenPort, EditSendServerName,
		EditServerState, EditService, EditMode, EditOfferStartTLS, EditAcceptStartTLS, EditBeginTLS, EditDropPlaintext,
		EditNoPreauthentication, EditRefusePlaintextLogins, EditAnswerInTime, EditPassword,
		EditHandshake, EditVersion, EditClient, EditCipher, EditSmallHello, EditNoClientCertificate, EditStaple,
		EditPair, EditKey, EditInstallKey, EditInstallCertificate, EditAllowReading, EditDecryptKey, EditSortChain,
		EditTrustRoot, EditAddIntermediate, EditDropCertificate, EditSignAgain, EditMakeCA, EditDropPathLength, EditDropNameConstraints,
		EditCertificate, EditTime, EditWindow, EditPurpose, EditKeyUsage, EditDropExtension, EditMakeLeaf, EditEncoding,
		EditException, EditRevocationAnswer,
	}
}
