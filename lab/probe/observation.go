package probe

import (
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// A Stage is a step of a connection, in the order in which they are taken.
type Stage string

// The stages. An Observation names the last one begun.
const (
	Resolving   Stage = "resolving"   // looking the host name up
	Connecting  Stage = "connecting"  // TCP
	Greeting    Stage = "greeting"    // waiting for the server's first line in the clear
	Asking      Stage = "asking"      // EHLO, CAPABILITY or CAPA in the clear
	Upgrading   Stage = "upgrading"   // STARTTLS or STLS sent, waiting for the answer
	Handshaking Stage = "handshaking" // TLS
	Reading     Stage = "reading"     // the first thing said inside TLS
	Done        Stage = "done"        // nothing was left to look at
)

// An Outcome is how the last stage ended.
type Outcome string

// The outcomes.
const (
	Fine         Outcome = "fine"          // the stage did what it should; with Done, all of them did
	NoSuchHost   Outcome = "no-such-host"  // DNS says that the name does not exist, or has no address
	Unresolved   Outcome = "unresolved"    // DNS gave no answer
	Refused      Outcome = "refused"       // TCP: connection refused
	Unreachable  Outcome = "unreachable"   // TCP: no route to the host or network
	TimedOut     Outcome = "timed-out"     // the stage's own time limit ran out
	Closed       Outcome = "closed"        // the server closed or reset the connection: the two depend on unread bytes
	WasReset     Outcome = "reset"         // the server reset the connection before it sent a byte
	NotTLS       Outcome = "not-tls"       // something that is no TLS record came where one was due: see Raw
	Alert        Outcome = "alert"         // the server sent a TLS alert: see TLS.Alert
	BadSignature Outcome = "bad-signature" // the handshake's signature does not verify with the certificate's key
	BadTLS       Outcome = "bad-tls"       // the handshake failed in another way: see Error
	NotOffered   Outcome = "not-offered"   // STARTTLS is not among the capabilities
	Declined     Outcome = "declined"      // the server said no, in words: see Answer or Greeting
	TooLong      Outcome = "too-long"      // the server sent more than the stage's bound
	NotTried     Outcome = "not-tried"     // nobody may send this program to the address: see Error
	Unexpected   Outcome = "unexpected"    // the server spoke, and not in this protocol: see Greeting or First
	LocalFault   Outcome = "local-fault"   // this machine lacks a descriptor, a port, memory or its loopback: no word about the server
)

// Valid reports whether s is one of the stages.
func (s Stage) Valid() bool {
	return slices.Contains([]Stage{Resolving, Connecting, Greeting, Asking, Upgrading, Handshaking, Reading, Done}, s)
}

// Valid reports whether o is one of the outcomes.
func (o Outcome) Valid() bool {
	return slices.Contains([]Outcome{
		Fine, NoSuchHost, Unresolved, Refused, Unreachable, TimedOut,
		Closed, WasReset, NotTLS, Alert, BadSignature, BadTLS,
		NotOffered, Declined, TooLong, NotTried, Unexpected, LocalFault,
	}, o)
}

// An Observation is everything seen on one connection, and no judgement of it. It survives a
// JSON round trip, so that one taken elsewhere can be diagnosed here. All text and bytes in it
// come from the server: bounded in size when read, to be escaped when printed.
type Observation struct {
	Settings account.Settings `json:"settings"`
	// Listed is false for a look that nobody's account asked for, such as the seven standard
	// ports of a host: a service that is not there is then no fault.
	Listed  bool      `json:"listed"`
	At      time.Time `json:"at"`                // the device's clock when it looked
	Address string    `json:"address,omitempty"` // the IP address and port that were dialled
	// Resolved are the addresses of the name with the port, in the order in which they are tried;
	// empty when no name had to be looked up.
	Resolved []string `json:"resolved,omitempty"`
	// Attempts are those of them that did not connect, before one did.
	Attempts []Attempt `json:"attempts,omitempty"`

	Stage   Stage   `json:"stage"`
	Outcome Outcome `json:"outcome"`
	Error   string  `json:"error,omitempty"` // the library's words

	// Waited is how long the first byte was waited for, from the moment TCP stood; 0 when none came.
	Waited time.Duration `json:"waited,omitempty"`

	Greeting     string   `json:"greeting,omitempty"`     // the first line in the clear, without CRLF
	Capabilities []string `json:"capabilities,omitempty"` // as announced in the clear, one line or word each
	Answer       string   `json:"answer,omitempty"`       // to STARTTLS or STLS
	Injected     []byte   `json:"injected,omitempty"`     // what came in the clear after that answer and before TLS
	Raw          []byte   `json:"raw,omitempty"`          // the first bytes received where TLS was due and none came

	TLS *TLS `json:"tls,omitempty"` // from the moment the ClientHello is sent

	First        string    `json:"first,omitempty"`        // the first line inside TLS: greeting, or HTTP status line
	ServerClock  time.Time `json:"serverClock,omitzero"`   // if the server told the time
	LoginRefused string    `json:"loginRefused,omitempty"` // the server's words, when a login was tried and refused
}

// An Attempt is one address that did not connect.
type Attempt struct {
	Address string  `json:"address"`
	Outcome Outcome `json:"outcome"`
	Error   string  `json:"error,omitempty"` // the library's words
}

// TLS is what was seen of one handshake.
type TLS struct {
	Version uint16 `json:"version,omitempty"` // crypto/tls number; 0 before the ServerHello
	Cipher  uint16 `json:"cipher,omitempty"`
	// Chosen is the version in a ServerHello that crypto/tls does not go along with, such as 0x0300
	// for SSL 3.0; 0 otherwise.
	Chosen uint16 `json:"chosen,omitempty"`
	ALPN   string `json:"alpn,omitempty"`
	// Group is what the keys would be exchanged with after an Offer, a number of RFC 8446 section
	// 4.2.7, and Prime the modulus where that is a finite field of the server's own (big-endian).
	// Both are only read on the way, and 0 and empty otherwise.
	Group uint16 `json:"group,omitempty"`
	Prime []byte `json:"prime,omitempty"`
	// Chain holds the certificates as sent, DER, the leaf first.
	Chain [][]byte `json:"chain,omitempty"`
	// FromRecords says that Chain was taken from the bytes of a handshake of TLS 1.2 or older: of a
	// second one, because crypto/tls could not read the leaf, or of an Offer. No staple was asked for.
	FromRecords bool   `json:"fromRecords,omitempty"`
	Staple      []byte `json:"staple,omitempty"` // OCSP response, DER
	// Alert is the number of the alert that the server sent (RFC 8446 section 6), if it sent one.
	Alert *uint8 `json:"alert,omitempty"`
	// ClientCertificate says that the server asked for a certificate of ours.
	ClientCertificate bool `json:"clientCertificate,omitempty"`
	Complete          bool `json:"complete"` // the handshake was finished
	// Resumed says that a session was resumed: no certificate was sent, and Chain is the one
	// remembered from when the session began.
	Resumed bool `json:"resumed,omitempty"`
	// Received is how many bytes came from when TLS was due until the handshake ended, records or not:
	// where there is neither version nor alert, it tells an answer that was cut short from none.
	Received int64 `json:"received,omitempty"`
}

// A Survey is all that was seen of one account, in the order of its settings, then the further
// looks that the diagnosis asked for.
type Survey struct {
	Observations []Observation `json:"observations"`
	Further      []Further     `json:"further,omitempty"`
	// Installed are the certificates in the server's file, DER, the leaf first, when somebody gave
	// that file: what is presented may be older.
	Installed [][]byte `json:"installed,omitempty"`
}

// A Further is the answer to one Ask.
type Further struct {
	Ask         Ask          `json:"ask"`
	Observation *Observation `json:"observation,omitempty"`
	// Repeats are the looks of Repeat, in their order.
	Repeats     []Observation `json:"repeats,omitempty"`
	Certificate []byte        `json:"certificate,omitempty"` // DER, for FetchIssuer
	Response    []byte        `json:"response,omitempty"`    // as it came, for FetchCRL and FetchOCSP
	NotTried    bool          `json:"notTried,omitempty"`    // because nothing was to be fetched
	// Refused says that nothing was fetched because the address leads where nobody may send this
	// program: Error says where.
	Refused bool   `json:"refused,omitempty"`
	Error   string `json:"error,omitempty"`
}

// An Ask is one further look that would settle a question. The list of kinds is closed.
type Ask struct {
	Kind AskKind `json:"kind"`
	// Settings are what to look at, for Look, LookAgain, Repeat and Offer.
	Settings account.Settings `json:"settings,omitzero"`
	// Count is how often to look, for Repeat: at most 10 times.
	Count int `json:"count,omitempty"`
	// URL is where to fetch from: for FetchIssuer caIssuers of RFC 5280 section 4.2.2.1, for
	// FetchOCSP the responder there, for FetchCRL a distribution point of section 4.2.1.13.
	URL string `json:"url,omitempty"`
	// From are the addresses of the servers that name URL, an IP address each, with a port or
	// without. What they name is fetched only from addresses no less public; none counts as public.
	From []string `json:"from,omitempty"`
	// Request is what to ask the responder, for FetchOCSP: an OCSP request, DER.
	Request []byte `json:"request,omitempty"`
	// Suites are the cipher suites to offer, for Offer: numbers of TLS 1.2 and older, at most 400,
	// with TLS_FALLBACK_SCSV (RFC 7507) if that is to be said.
	Suites []uint16 `json:"suites,omitempty"`
	// Through has the answer to an Offer read on, up to what the server would exchange keys with.
	Through bool `json:"through,omitempty"`
	// ALPN is a protocol to name in an Offer (RFC 7301), such as "imap"; none where it is empty.
	ALPN string `json:"alpn,omitempty"`
}

// An AskKind is what an Ask wants done.
type AskKind string

// The asks.
const (
	Look        AskKind = "look"         // one more connection, with these settings
	LookAgain   AskKind = "look-again"   // the same connection once more
	FetchIssuer AskKind = "fetch-issuer" // the issuer's certificate, over plain HTTP, bounded
	Repeat      AskKind = "repeat"       // the same connection several times, one after the other
	FetchCRL    AskKind = "fetch-crl"    // the CA's revocation list, likewise
	FetchOCSP   AskKind = "fetch-ocsp"   // the CA's word on one certificate, likewise
	// Offer is the same connection as far as the server's first answer, and no farther: TLS 1.2 with
	// Suites, whatever versions the settings allow, or where one of TLS 1.3 is among them TLS 1.3
	// with the groups of RFC 7919 alone. Its observation ends at Handshaking: Fine with the version
	// and the suite that the server chose, or how it refused.
	Offer AskKind = "offer"
)
