package wire

import (
	"crypto/tls"
	"errors"
	"net"
	"reflect"
	"time"
)

// A Record is what the server learned from one connection.
type Record struct {
	// ID is the number that Config.Opened gave the connection.
	ID     int       `json:"id"`
	Remote string    `json:"remote"`
	Began  time.Time `json:"began"`
	Ended  time.Time `json:"ended,omitzero"` // zero while it is open
	// Stage is how far the connection came; see the Stage constants.
	Stage Stage `json:"stage"`
	// Steps are the stages in the order in which they were first reached. Command may stand there
	// twice, for the first in the clear and the first under TLS.
	Steps []Step `json:"steps"`
	// Offer is what the ClientHello offered.
	Offer
	// Alert is the TLS alert received from the client, close_notify apart (RFC 8446 section 6).
	Alert *uint8 `json:"alert,omitempty"`
	// HandshakeError says why a handshake failed, in crypto/tls's words unless the client's
	// alert explains it better.
	HandshakeError string `json:"handshakeError,omitempty"`
	// Refused says why the connection was closed at once: it was one too many.
	Refused string `json:"refused,omitempty"`
	// Commands is the number of commands the client sent, in the clear and under TLS.
	Commands int `json:"commands"`
	// Password says how a password arrived: NoPassword, PasswordTLS or PasswordClear.
	Password string `json:"password"`
	// LoggedIn reports that a login succeeded.
	LoggedIn bool `json:"loggedIn"`
}

// A Step is when a stage was first reached.
type Step struct {
	Stage Stage
	At    time.Time
}

// A Stage is a milestone of a connection.
type Stage string

// The stages. A command in the clear comes before Asked and ranks below it: a client that went
// on after a refused STARTTLS stays at Asked.
const (
	Connected Stage = "connected"
	Greeted   Stage = "greeted"   // the server spoke in the clear
	Asked     Stage = "starttls"  // the client asked for TLS
	Hello     Stage = "hello"     // its ClientHello was seen
	Handshake Stage = "handshake" // completed
	Command   Stage = "command"   // a command came
	Login     Stage = "login"     // a login succeeded
)

// How a password arrived.
const (
	NoPassword    = "none"
	PasswordTLS   = "tls"
	PasswordClear = "clear"
)

// The ranks behind the stages: only the highest one reached is kept.
const (
	rankConnected = iota
	rankGreeted
	rankClearCommand
	rankAsked
	rankHello
	rankHandshake
	rankCommand
	rankLogin
)

func stageOf(rank int) Stage {
	return [...]Stage{Connected, Greeted, Command, Asked, Hello, Handshake, Command, Login}[rank]
}

// remoteAlert finds the alert a peer sent in an error of crypto/tls. Its type is not exported
// and errors.As with tls.AlertError does not match it, hence the reflection.
func remoteAlert(err error) (uint8, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" || op.Err == nil {
		return 0, false
	}
	v := reflect.ValueOf(op.Err)
	if v.Kind() != reflect.Uint8 {
		return 0, false
	}
	return uint8(v.Uint()), true
}

func alertWords(alert uint8) string { return "remote error: " + tls.AlertError(alert).Error() }
