// Package account says what a mail account is: the words that the lab's servers, the probe
// and the remedies share. It holds values only; nothing here touches a network.
//
// An [Endpoint] is one of the seven connections that an account may have, such as imaps; [Settings]
// are how a device has set one up, and [For] returns those that are in order.
package account

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A Protocol is what is spoken on a connection, whether inside TLS or in the clear.
type Protocol string

// The protocols a mail account is made of.
const (
	IMAP       Protocol = "imap"       // RFC 9051, and RFC 3501 before it
	POP3       Protocol = "pop3"       // RFC 1939
	Submission Protocol = "submission" // SMTP for sending: RFC 6409
	HTTPS      Protocol = "https"      // webmail and configuration documents
)

// A Mode is when TLS begins on a connection.
type Mode string

// The three ways a mail program can be told to connect. Menus name them differently:
// "SSL/TLS" is ImplicitTLS, "STARTTLS" or "TLS" is StartTLS, "None" is Plaintext.
const (
	ImplicitTLS Mode = "tls"       // from the first byte: RFC 8314 section 3
	StartTLS    Mode = "starttls"  // plaintext first, then an upgrade: RFC 3207, RFC 2595
	Plaintext   Mode = "plaintext" // never
)

// An Endpoint is one of the seven connections a mail account may have: a protocol together
// with the mode that belongs to its standard port.
type Endpoint string

// The seven endpoints, in the order in which they are always listed.
const (
	IMAPS           Endpoint = "imaps"
	IMAPStartTLS    Endpoint = "imap"
	POP3S           Endpoint = "pop3s"
	POP3StartTLS    Endpoint = "pop3"
	Submissions     Endpoint = "submissions"
	SubmissionStart Endpoint = "submission"
	Web             Endpoint = "https"
)

type endpoint struct {
	name     Endpoint
	protocol Protocol
	mode     Mode
	port     int
}

func table() [7]endpoint {
	return [7]endpoint{
		{IMAPS, IMAP, ImplicitTLS, 993},
		{IMAPStartTLS, IMAP, StartTLS, 143},
		{POP3S, POP3, ImplicitTLS, 995},
		{POP3StartTLS, POP3, StartTLS, 110},
		{Submissions, Submission, ImplicitTLS, 465},
		{SubmissionStart, Submission, StartTLS, 587},
		{Web, HTTPS, ImplicitTLS, 443},
	}
}

func (e Endpoint) row() endpoint {
	for _, row := range table() {
		if row.name == e {
			return row
		}
	}
	return endpoint{}
}

// Endpoints returns all seven, in their order.
func Endpoints() []Endpoint { return selectEndpoints(func(endpoint) bool { return true }) }

// ImplicitEndpoints returns the mail endpoints that speak TLS from the first byte.
func ImplicitEndpoints() []Endpoint {
	return selectEndpoints(func(e endpoint) bool { return e.mode == ImplicitTLS && e.protocol != HTTPS })
}

// StartTLSEndpoints returns the endpoints that begin in plaintext.
func StartTLSEndpoints() []Endpoint {
	return selectEndpoints(func(e endpoint) bool { return e.mode == StartTLS })
}

// MailEndpoints returns all but https.
func MailEndpoints() []Endpoint {
	return selectEndpoints(func(e endpoint) bool { return e.protocol != HTTPS })
}

func selectEndpoints(keep func(endpoint) bool) []Endpoint {
	var out []Endpoint
	for _, row := range table() {
		if keep(row) {
			out = append(out, row.name)
		}
	}
	return out
}

// EndpointOf returns the endpoint that speaks p in mode m, and false when there is none.
func EndpointOf(p Protocol, m Mode) (Endpoint, bool) {
	for _, row := range table() {
		if row.protocol == p && row.mode == m {
			return row.name, true
		}
	}
	return "", false
}

// EndpointOnPort returns the endpoint whose standard port is port, and false when there is none.
func EndpointOnPort(port int) (Endpoint, bool) {
	for _, row := range table() {
		if row.port == port {
			return row.name, true
		}
	}
	return "", false
}

// Valid reports whether e is one of the seven.
func (e Endpoint) Valid() bool { return e.row().name != "" }

// Protocol returns what e speaks.
func (e Endpoint) Protocol() Protocol { return e.row().protocol }

// Mode returns when TLS begins on e.
func (e Endpoint) Mode() Mode { return e.row().mode }

// Port returns the standard port of e (RFC 8314 section 7; 587 by RFC 6409).
func (e Endpoint) Port() int { return e.row().port }

// Sibling returns the endpoint of the same protocol in the other mode, and false for https.
func (e Endpoint) Sibling() (Endpoint, bool) {
	other := StartTLS
	if e.Mode() == StartTLS {
		other = ImplicitTLS
	}
	return EndpointOf(e.Protocol(), other)
}

// Settings are what a mail program was told about one of its connections, together with what
// the device itself brings: its clock, the TLS versions it knows, what it trusts.
type Settings struct {
	Endpoint Endpoint `json:"endpoint"` // which of the account's connections this is
	Host     string   `json:"host"`     // as typed in: a DNS name or an IP address
	Port     int      `json:"port"`     // on that host
	Mode     Mode     `json:"mode"`

	// ServerName is sent as SNI (RFC 6066 section 3). Empty means Host; an IP address is never sent.
	ServerName string `json:"serverName,omitempty"`
	// NoSNI leaves the server name out.
	NoSNI bool `json:"noSNI,omitempty"`

	// Addresses says where to dial: "host:port" to "address:port", which asks no DNS, or to
	// "host:other port", which does and changes only the port.
	Addresses map[string]string `json:"addresses,omitempty"`

	// Published names the document or DNS record that these settings come from, such as
	// "https://autoconfig.lab.test/mail/config-v1.1.xml"; empty when somebody typed them in.
	Published string `json:"published,omitempty"`

	// Clock is what the device believes the time to be; zero means the real time.
	Clock time.Time `json:"clock,omitzero"`

	// MinVersion is the oldest TLS version offered, as a crypto/tls number; zero means TLS 1.0.
	MinVersion uint16 `json:"minVersion,omitempty"`
	// MaxVersion is the newest, the same way; zero means the newest there is.
	MaxVersion uint16 `json:"maxVersion,omitempty"`

	// SmallHello keeps the ClientHello within one packet: no key share of the post-quantum kind.
	SmallHello bool `json:"smallHello,omitempty"`

	// Roots are certificates (DER) that this device trusts beside those of the run.
	Roots [][]byte `json:"roots,omitempty"`
	// MissingRoots are those roots of the run that this device does not have: the SHA-256 of each,
	// lower-case hex.
	MissingRoots []string `json:"missingRoots,omitempty"`
	// Exceptions are the certificates that somebody once chose to trust by hand.
	Exceptions []Exception `json:"exceptions,omitempty"`

	// Session is one that the mail program keeps and resumes; the zero value resumes none.
	Session Session `json:"session,omitzero"`
}

// A Session is a TLS session to resume (RFC 8446 section 2.2). Whoever has it can take part in
// the session, so an observation never holds it.
type Session struct {
	Ticket []byte `json:"ticket"` // as the server gave it
	State  []byte `json:"state"`  // as crypto/tls writes it: tls.SessionState.Bytes
}

// IsZero reports whether there is nothing to resume.
func (s Session) IsZero() bool { return len(s.State) == 0 }

// An Exception is one certificate trusted by hand for one server, whatever is wrong with it.
type Exception struct {
	Host        string `json:"host"`        // the server for which
	Port        int    `json:"port"`        // and its port
	Fingerprint string `json:"fingerprint"` // SHA-256 of the leaf, lower-case hex
}

// For returns the settings that e normally has on host: its standard port and its own mode.
func For(e Endpoint, host string) Settings {
	return Settings{Endpoint: e, Host: host, Port: e.Port(), Mode: e.Mode()}
}

// RelayPort is where servers give mail to each other (RFC 5321 section 4.5.4.2). No account has it.
const RelayPort = 25

// Relayed reports whether these are no account's settings but a mail exchanger's: SMTP between
// servers, where other rules hold for certificates.
func (s Settings) Relayed() bool { return s.Port == RelayPort && s.Endpoint.Protocol() == Submission }

// Target returns "host:port" as the account has it.
func (s Settings) Target() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Address returns where to dial: the mapped address, or else the target itself.
func (s Settings) Address() string {
	if a, ok := s.Addresses[s.Target()]; ok {
		return a
	}
	return s.Target()
}

// SNI returns the name to send in the ClientHello, empty when none is to be sent.
// RFC 6066 section 3 allows no IP address there, and no trailing dot.
func (s Settings) SNI() string {
	name := s.Host
	if s.ServerName != "" {
		name = s.ServerName
	}
	if _, err := netip.ParseAddr(name); s.NoSNI || err == nil {
		return ""
	}
	return strings.TrimSuffix(name, ".")
}

// String returns the settings as a person would say them, such as
// "imap on mail.lab.test:993 with implicit TLS".
func (s Settings) String() string {
	return fmt.Sprintf("%s on %s with %s", s.Endpoint.Protocol(), s.Target(), s.Mode.Words())
}

// Words returns the mode as it is written in a sentence.
func (m Mode) Words() string {
	switch m {
	case ImplicitTLS:
		return "implicit TLS"
	case StartTLS:
		return "STARTTLS"
	default:
		return "no encryption"
	}
}

// Credentials are what a login needs. They never travel inside Settings, so that nothing that
// is saved or mailed can hold a password.
type Credentials struct {
	User     string
	Password string
}

// A Path is the network between the device and the server.
type Path string

// The paths the lab can lay.
const (
	Direct        Path = ""                    // nothing in between
	CaptivePortal Path = "captive-portal-http" // a hotspot that answers everything with a redirect to its login page
	MaskedUpgrade Path = "starttls-masked"     // a firewall that overwrites the offer of STARTTLS and answers the command itself
	SmallHellos   Path = "small-hellos-only"   // something that cuts the connection at a ClientHello larger than a packet

	// A hotspot that does the same inside TLS, with its own certificate on every port.
	CaptivePortalTLS Path = "captive-portal-certificate"
	// A program on the device itself that opens every connection and signs it again.
	MailAntivirus Path = "mail-antivirus-proxy"
	// A company's proxy that opens every connection and signs it again.
	CorporateProxy Path = "corporate-proxy"
	// The same for the mail ports only.
	SelectiveProxy Path = "selective-proxy"
)
