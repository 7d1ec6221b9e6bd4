// Package fault says how a connection goes wrong below TLS: on accept, on a line of plaintext,
// or after a number of bytes. A Plan is a value; lab/internal/wire carries it out. Plans are
// deterministic: the same connection always fails at the same byte.
//
// The zero Plan is a server that does all as it should.
package fault

import "time"

// A Plan is what happens to every connection of one endpoint. The zero Plan is a healthy wire.
type Plan struct {
	// Closed leaves the port unopened: a connection is refused.
	Closed bool `json:"closed,omitempty"`
	// Accept is done to a connection as soon as it is there.
	Accept Accept `json:"accept,omitempty"`
	// Portal, when set, answers the client's first bytes, whatever they are, with this text and closes.
	Portal string `json:"portal,omitempty"`
	// Hide removes plaintext server lines, or words of them, that announce these capabilities,
	// compared without regard to case: "STARTTLS" in IMAP and SMTP, "STLS" in POP3.
	Hide []string `json:"hide,omitempty"`
	// Lines are answers given instead of the server's to commands in the clear. The first match wins.
	Lines []Line `json:"lines,omitempty"`
	// CutAfter closes the connection once the server has sent this many bytes; 0 never does.
	CutAfter int `json:"cutAfter,omitempty"`
	// Hello is what meets a ClientHello.
	Hello Hello `json:"hello,omitzero"`
	// Mask overwrites these capabilities in plaintext server lines, letter by letter, as some
	// firewalls do: STARTTLS becomes XXXXXXXA.
	Mask []string `json:"mask,omitempty"`
	// Dropped leaves every attempt to connect without an answer, as a firewall does that drops
	// packets. It cannot be done on every system: see wire.Listen.
	Dropped bool `json:"dropped,omitempty"`
	// Delay passes before anything is read or said on a connection.
	Delay time.Duration `json:"delay,omitempty"`
}

// A Hello is what is done when a whole ClientHello has come, in the server's place. The zero
// Hello leaves it to the server.
type Hello struct {
	// Over spares a ClientHello whose records are no longer than this many bytes together.
	Over int `json:"over,omitempty"`
	// Reply is sent first: bytes of TLS records.
	Reply []byte `json:"reply,omitempty"`
	// Then is how the connection ends. Serve leaves the ClientHello to the server.
	Then Accept `json:"then,omitempty"`
}

// Accept is what is done to a connection before anything is said.
type Accept string

// The ways to receive a connection.
const (
	Serve Accept = ""      // as a server should
	Reset Accept = "reset" // TCP RST (SO_LINGER 0)
	Hang  Accept = "hang"  // keep it open and stay silent
	Close Accept = "close" // TCP FIN
)

// A Line answers one plaintext command in the server's place.
type Line struct {
	// Command is the command's word without IMAP's tag, such as "STARTTLS" or "STLS".
	Command string `json:"command"`
	// Answer is sent instead of passing the command on; "{tag}" stands for IMAP's tag. Lines end
	// in CRLF, which the wire adds. Empty passes the command on to the server.
	Answer string `json:"answer,omitempty"`
	// Then is what follows the answer.
	Then Then `json:"then,omitempty"`
}

// Then is what happens after an answer given in the server's place.
type Then string

// What can follow.
const (
	GoOn Then = ""      // the conversation continues in the clear, as if the command had failed
	Drop Then = "close" // the connection is closed
	Stay Then = "stay"  // nothing more is ever said
	Go   Then = "tls"   // TLS begins, as if the server itself had agreed
)

// Healthy reports whether the plan disturbs nothing.
func (p Plan) Healthy() bool {
	return !p.Closed && p.Accept == Serve && p.Portal == "" && len(p.Hide) == 0 && len(p.Lines) == 0 && p.CutAfter == 0 &&
		p.Hello.Then == Serve && len(p.Mask) == 0 && !p.Dropped && p.Delay == 0
}
