package capture

import (
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
)

// A Document is what could be read of a text that somebody pasted or kept: the output of tools, logs,
// messages of programs, certificates, in any mixture. It is a plain value, bounded whatever the text
// was, and judges nothing.
type Document struct {
	// Sessions are the connections that tools tell of, each once, in the order of the text.
	Sessions []Session
	// Chain are certificates that stand in the text beside any session, DER, in their order.
	Chain [][]byte
	// Claims are what logs and messages name as wrong, the same claim once.
	Claims []Claim
	// Encrypted counts the TLS sessions that came about, by logs and reports.
	Encrypted int
	// Quoted says that a line tells of a failure in words that nobody here knows: the first such line.
	Quoted string
	// Log says that most of the lines are of a server's log.
	Log bool
	// Keys counts private keys. They are not looked at. Secret says that a password is in the text.
	Keys   int
	Secret bool
	// Host and Port are a server that the words name, where no session does.
	Host string
	Port int
	// Binary says that it is no text at all, and Cut that it is longer than MaxText: the rest was not read.
	Binary, Cut bool
	// Read and NotRead say what was understood and what was not, a sentence each.
	Read, NotRead []string
}

// A Session is one connection, or one certificate, as a tool tells of it.
type Session struct {
	Tool Tool
	// Settings are host, port and mode, as far as the text tells them.
	Settings account.Settings
	// Chain are the certificates shown, DER, in the order in which they were sent.
	Chain [][]byte
	// Whole says that nothing speaks for certificates that were sent and are not shown.
	Whole bool
	// Sent is how many certificates the tool says that the server sent; 0 where it does not say.
	Sent int
	// Listed are the certificates as the tool describes them in words, the leaf first.
	Listed []Described
	// At is when the tool looked, if it tells.
	At time.Time
	// Accepted says that the tool itself had nothing against the certificate, and that the
	// connection did not end for another reason. Named says that it compared the name too.
	Accepted, Named bool
	// Claims are the faults that the tool names.
	Claims []Claim
	// Connected says that a connection, or at least the try, is told of: not a command alone.
	Connected bool
	// NoSNI says that the tool was told to send no name.
	NoSNI bool
	// Upgraded says that STARTTLS was asked for.
	Upgraded bool
}

// A Described is a certificate in a tool's words. What a tool does not tell is empty.
type Described struct {
	Subject, Issuer     string
	NotBefore, NotAfter time.Time
	// Names are those of the SAN.
	Names []string
}

// Leaf returns what the tool says of the server's certificate.
func (s Session) Leaf() Described {
	if len(s.Listed) == 0 {
		return Described{}
	}
	return s.Listed[0]
}

// A Claim is a fault that a program names, in its own words.
type Claim struct {
	// Codes are what may be behind it, the likeliest first: one where the words are sure, and
	// finding.Unexplained alone where they say only that it failed.
	Codes []finding.Code
	Text  string // the words, bounded
	By    string // whose words they are, as a sentence names it: "openssl s_client", "the log of Dovecot"
	Side  message.Side
	// Server is the server that it is about, HOST:PORT, where ours was the client of another one.
	Server string
	// Product is the server program whose log it is.
	Product finding.Product
	// Depth is which certificate of the chain it is about, 0 for the leaf, and -1 where the words do not say.
	Depth int
	// Harmless says that it is worth knowing and nothing to cure.
	Harmless bool
	// File is the file that cannot be loaded.
	File string
	// Count is how often it is said, Peers of how many addresses, and Peer is the first of them.
	Count, Peers int
	Peer         string
	// First and Last are when, as the log writes it.
	First, Last string
	// Vague says how little the words tell, as message.Meaning has it: 0 where they name a cause.
	Vague int
}

// Code returns the likeliest code.
func (c Claim) Code() finding.Code { return c.Codes[0] }

// A Tool is a program whose output people paste.
type Tool string

// The tools that tell of a connection or of a certificate, in words that are read here.
const (
	OpenSSL  Tool = "openssl s_client"
	X509     Tool = "openssl x509"
	GnuTLS   Tool = "gnutls-cli"
	Curl     Tool = "curl -v"
	Swaks    Tool = "swaks"
	TestSSL  Tool = "testssl.sh"
	SSLScan  Tool = "sslscan"
	SSLyze   Tool = "sslyze"
	Nmap     Tool = "nmap"
	CheckTLS Tool = "CheckTLS"
	Certbot  Tool = "certbot"
	TLSRPT   Tool = "a TLS report"
	Mailer   Tool = "a mail program"
)
