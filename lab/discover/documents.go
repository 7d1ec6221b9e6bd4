package discover

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// Bounds of what is read from a document.
const (
	maxTokens = 5000
	maxDepth  = 20
)

// The two documents, as far as they are of use here.
type autoconfig struct {
	XMLName  xml.Name `xml:"clientConfig"`
	Incoming []struct {
		Type string `xml:"type,attr"`
		server
	} `xml:"emailProvider>incomingServer"`
	Outgoing []struct {
		Type string `xml:"type,attr"`
		server
	} `xml:"emailProvider>outgoingServer"`
}

type server struct {
	Hostname   string `xml:"hostname"`
	Port       string `xml:"port"`
	SocketType string `xml:"socketType"`
}

type autodiscover struct {
	XMLName  xml.Name `xml:"Autodiscover"`
	Protocol []struct {
		Type       string
		Server     string
		Port       string
		SSL        string
		Encryption string
	} `xml:"Response>Account>Protocol"`
	Redirect string `xml:"Response>Account>RedirectAddr"`
	URL      string `xml:"Response>Account>RedirectUrl"`
}

// readAutoconfig reads Thunderbird's document:
// https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat
func readAutoconfig(data []byte, domain string) ([]account.Settings, error) {
	var doc autoconfig
	if err := parse(data, &doc); err != nil {
		return nil, err
	}
	var out []account.Settings
	add := func(kind string, s server) error {
		protocol, known := map[string]account.Protocol{"imap": account.IMAP, "pop3": account.POP3, "smtp": account.Submission}[strings.ToLower(kind)]
		mode := map[string]account.Mode{"SSL": account.ImplicitTLS, "STARTTLS": account.StartTLS, "plain": account.Plaintext}[strings.TrimSpace(s.SocketType)]
		if !known {
			return nil // such as exchange
		}
		host := strings.NewReplacer("%EMAILDOMAIN%", domain, "%emaildomain%", domain).Replace(s.Hostname)
		set, err := settings(protocol, host, s.Port, mode)
		if err == nil {
			out = append(out, set)
		}
		return err
	}
	for _, s := range doc.Incoming {
		if err := add(s.Type, s.server); err != nil {
			return nil, err
		}
	}
	for _, s := range doc.Outgoing {
		if err := add(s.Type, s.server); err != nil {
			return nil, err
		}
	}
	return some(out)
}

// readAutodiscover reads Outlook's document: [MS-OXDSCLI] section 2.2.4.
func readAutodiscover(data []byte) ([]account.Settings, error) {
	var doc autodiscover
	if err := parse(data, &doc); err != nil {
		return nil, err
	}
	if doc.Redirect != "" || doc.URL != "" {
		return nil, errors.New("it leads elsewhere, and that is not followed")
	}
	var out []account.Settings
	for _, p := range doc.Protocol {
		protocol, known := map[string]account.Protocol{"IMAP": account.IMAP, "POP3": account.POP3, "SMTP": account.Submission}[strings.ToUpper(p.Type)]
		if !known {
			continue // Exchange's own: EXCH, EXPR, WEB
		}
		// Encryption overrides SSL, whose default is on.
		mode := account.ImplicitTLS
		switch {
		case strings.EqualFold(p.Encryption, "TLS"):
			mode = account.StartTLS
		case strings.EqualFold(p.Encryption, "None"), p.Encryption == "" && strings.EqualFold(p.SSL, "off"):
			mode = account.Plaintext
		}
		set, err := settings(protocol, p.Server, p.Port, mode)
		if err != nil {
			return nil, err
		}
		out = append(out, set)
	}
	return some(out)
}

func some(out []account.Settings) ([]account.Settings, error) {
	switch {
	case len(out) == 0:
		return nil, errors.New("the document names no server for imap, pop3 or smtp")
	case len(out) > maxSettings:
		return nil, fmt.Errorf("the document names more than %d servers", maxSettings)
	}
	return out, nil
}

// settings returns one connection as a document has it.
func settings(p account.Protocol, host, port string, mode account.Mode) (account.Settings, error) {
	e, ok := account.EndpointOf(p, mode)
	if mode == account.Plaintext {
		// What is published without encryption is looked at as it should be: with STARTTLS.
		e, ok = account.EndpointOf(p, account.StartTLS)
		mode = account.StartTLS
	}
	if !ok {
		return account.Settings{}, fmt.Errorf("the document has no encryption type that is known for %s", p)
	}
	s := account.For(e, strings.TrimSpace(host))
	if port = strings.TrimSpace(port); port != "" {
		n, err := strconv.Atoi(port)
		if err != nil {
			return s, fmt.Errorf("%.60q is no port", port)
		}
		s.Port = n
	}
	s.Mode = mode
	return s, check(s)
}

// parse reads XML from a stranger: no document type, and so no entities but XML's own five,
// UTF-8 only, and bounded in length, in the number of its parts and in depth.
func parse(data []byte, into any) error {
	d := decoder(data)
	depth := 0
	for n := 0; ; n++ {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("the document cannot be read: %w", err)
		}
		switch token.(type) {
		case xml.Directive:
			return errors.New("the document has a document type of its own, which no settings need")
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		if depth > maxDepth || n > maxTokens {
			return errors.New("the document is larger or deeper than settings need")
		}
	}
	if err := decoder(data).Decode(into); err != nil {
		return fmt.Errorf("the document cannot be read: %w", err)
	}
	return nil
}

func decoder(data []byte) *xml.Decoder {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(label string, r io.Reader) (io.Reader, error) {
		if strings.EqualFold(label, "us-ascii") {
			return r, nil
		}
		return nil, fmt.Errorf("it is written in %.60q, and only utf-8 is read", label)
	}
	return d
}
