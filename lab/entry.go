package lab

import (
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

// An Entry is what one connection did. A password is never part of it, only whether one arrived
// and how. What the server cannot know it does not say: a client that leaves after the handshake
// has not accepted anything.
type Entry struct {
	// ID is the number of the connection, from 1, in the order in which its server accepted them.
	ID int `json:"id"`
	// Scenario is the id of what was served, "case" for one of the caller's own.
	Scenario string           `json:"scenario"`
	Endpoint account.Endpoint `json:"endpoint"`
	// Open says that the connection has not ended yet. What is said of the ClientHello and of errors
	// comes at the end.
	Open  bool      `json:"open,omitempty"`
	Began time.Time `json:"began"`          // when it was accepted
	Ended time.Time `json:"ended,omitzero"` // zero while it is open
	// Stage is the furthest one reached.
	Stage Stage `json:"stage"`
	// Reached are the stages in the order of time. StageCommand stands there twice where commands came
	// both in the clear and encrypted.
	Reached []Milestone `json:"reached"`
	// Alert is the number of the alert that the client sent (RFC 8446 section 6), read from the
	// bytes on the wire, where the TLS library hides it.
	Alert *uint8 `json:"alert"`
	// SNI is the server name in the ClientHello, empty when there was none.
	SNI string `json:"sni"`
	// Versions are the TLS versions offered, as crypto/tls numbers.
	Versions []uint16 `json:"versions,omitempty"`
	// Suites are the cipher suites offered, by their IANA numbers.
	Suites []uint16 `json:"suites,omitempty"`
	// Groups are the key agreements offered, as numbers of crypto/tls's CurveID.
	Groups []uint16 `json:"groups,omitempty"`
	// ALPN are the application protocols offered.
	ALPN []string `json:"alpn,omitempty"`
	// Password says whether one arrived, and how.
	Password PasswordState `json:"password"`
	Commands int           `json:"commands"` // how many commands came, in the clear and encrypted
	LoggedIn bool          `json:"loggedIn"` // the user and the password were right
	// Refused says why the connection was closed at once, and not served: it was one too many.
	Refused string `json:"refused,omitempty"`
	Client  string `json:"client"`          // address and port
	Error   string `json:"error,omitempty"` // why the handshake failed, in the library's words
}

// A Stage is how far a connection came. Each of the constants lies behind those above it, but for
// commands in the clear, which come before STARTTLS.
type Stage string

// The stages.
const (
	StageConnected Stage = "connected" // TCP stands, and nothing was said
	StageGreeted   Stage = "greeted"   // the server spoke in the clear
	StageSTARTTLS  Stage = "starttls"  // the client sent STARTTLS or STLS
	StageHello     Stage = "hello"     // the client's ClientHello was seen, and no more of its handshake
	StageHandshake Stage = "handshake" // the handshake is complete on the server's side
	StageCommand   Stage = "command"   // a command came, under TLS unless Versions is empty
	StageLogin     Stage = "login"     // the user and the password were right
)

// A Milestone is when a connection first reached a stage.
type Milestone struct {
	Stage Stage     `json:"stage"`
	At    time.Time `json:"at"` // of the server's clock
}

// A PasswordState is whether a password arrived on a connection, and how.
type PasswordState string

// How a password arrived.
const (
	NoPassword        PasswordState = "none"  // none came
	EncryptedPassword PasswordState = "tls"   // it came under TLS
	ClearPassword     PasswordState = "clear" // it came in the clear, for everybody on the way to read
)

func entry(scenario string, e account.Endpoint, r wire.Record) Entry {
	out := Entry{
		ID: r.ID, Scenario: scenario, Endpoint: e, Open: r.Ended.IsZero(), Began: r.Began, Ended: r.Ended,
		Stage: Stage(r.Stage), Alert: r.Alert, SNI: r.SNI, Versions: r.Versions, Suites: r.Suites, Groups: r.Groups, ALPN: r.ALPN,
		Password: PasswordState(r.Password), Commands: r.Commands, LoggedIn: r.LoggedIn, Refused: r.Refused, Client: r.Remote, Error: r.HandshakeError,
	}
	for _, s := range r.Steps {
		out.Reached = append(out.Reached, Milestone{Stage(s.Stage), s.At})
	}
	return out
}

// Did says in a sentence what the client did. What came over the network in it is to be escaped
// before it is shown.
func (e Entry) Did() string {
	who := e.Client
	if e.SNI != "" {
		who += " (asked for " + e.SNI + ")"
	}
	switch {
	case e.Refused != "":
		return who + " was turned away: " + e.Refused
	case e.LoggedIn && e.Password == ClearPassword:
		return who + " logged in WITHOUT encryption"
	case e.LoggedIn:
		return who + " accepted the certificate and logged in"
	case e.Password == ClearPassword:
		return who + " sent a password WITHOUT encryption"
	case e.Password == EncryptedPassword:
		return who + " accepted the certificate and sent a password that is wrong"
	case e.Alert != nil:
		return fmt.Sprintf("%s refused: alert %d, %s", who, *e.Alert, strings.TrimPrefix(tls.AlertError(*e.Alert).Error(), "tls: "))
	case e.Stage == StageCommand && len(e.Versions) == 0:
		return who + " spoke without encryption and did not log in"
	case e.Stage == StageCommand:
		return who + " accepted the certificate and did not log in"
	case e.Stage == StageHandshake:
		return who + " completed the handshake and left without a command"
	case e.Error != "":
		return who + " broke off the handshake: " + e.Error
	}
	return fmt.Sprintf("%s left after %s", who, e.Stage)
}
