package chain

import (
	"bytes"
	"crypto/x509"
	"slices"
	"time"
)

// A Usage is what a certificate is to be used for.
type Usage string

// The usages a chain can be judged for.
const (
	Server Usage = "server" // the zero value means this too
	Client Usage = "client"
	Email  Usage = "email" // S/MIME
	Any    Usage = "any"
)

// Evidence is one chain, and the circumstances in which it must hold. It is a plain value: what a
// file, a corpus or a connection gave.
type Evidence struct {
	Certificates [][]byte  `json:"certificates"`   // DER, the leaf first
	Host         string    `json:"host,omitempty"` // the name it must be valid for; empty checks none
	At           time.Time `json:"at"`
	Usage        Usage     `json:"usage,omitempty"`

	// Roots are trusted by this device beside those of the Knowledge (DER). MissingRoots are the
	// fingerprints of those that it lacks.
	Roots        [][]byte `json:"roots,omitempty"`
	MissingRoots []string `json:"missing_roots,omitempty"`

	// Handshake is what a connection showed beside the certificates; nil without one.
	Handshake *Handshake `json:"handshake,omitempty"`
	// Answers are what the CA said, or why it said nothing.
	Answers []Answer `json:"answers,omitempty"`
}

// A Handshake is what a connection showed beside the certificates.
type Handshake struct {
	Staple []byte `json:"staple,omitempty"` // OCSP response, DER; empty when none came
	// Deaf says that a staple would not have been seen: its absence means nothing.
	Deaf bool `json:"deaf,omitempty"`
	// StaticRSA says that the connection does without a signature by the leaf's key.
	StaticRSA bool `json:"static_rsa,omitempty"`
}

// An Ask is something to be fetched that would settle what is left open.
type Ask struct {
	Kind    AskKind `json:"kind"`
	URL     string  `json:"url"`               // plain http
	Request []byte  `json:"request,omitempty"` // for FetchOCSP: an OCSP request, DER
}

// An AskKind is what is to be fetched.
type AskKind string

// What can be fetched.
const (
	FetchIssuer AskKind = "fetch-issuer" // a certificate: caIssuers of RFC 5280 section 4.2.2.1
	FetchOCSP   AskKind = "fetch-ocsp"   // a word of the responder there
	FetchCRL    AskKind = "fetch-crl"    // a list: a distribution point of section 4.2.1.13
)

// An Answer is what came of an Ask for a word or a list.
type Answer struct {
	Ask
	Response []byte `json:"response,omitempty"` // DER
	Error    string `json:"error,omitempty"`    // why none came
	NotTried bool   `json:"not_tried,omitempty"`
	Refused  bool   `json:"refused,omitempty"` // nobody may be sent there: Error says why
}

func (a Ask) same(b Ask) bool {
	return a.Kind == b.Kind && a.URL == b.URL && bytes.Equal(a.Request, b.Request)
}

// ask returns what is known of an ask, nil when nobody has tried yet: then it is noted.
func (ev *evidence) ask(a Ask) *Answer {
	if i := slices.IndexFunc(ev.answers, func(b Answer) bool { return b.same(a) }); i >= 0 {
		return &ev.answers[i]
	}
	if !slices.ContainsFunc(ev.asks, a.same) {
		ev.asks = append(ev.asks, a)
	}
	return nil
}

func (u Usage) x509() x509.ExtKeyUsage {
	switch u {
	case Client:
		return x509.ExtKeyUsageClientAuth
	case Email:
		return x509.ExtKeyUsageEmailProtection
	case Any:
		return x509.ExtKeyUsageAny
	}
	return x509.ExtKeyUsageServerAuth
}
