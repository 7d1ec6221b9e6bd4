package httpd

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"
)

// A Setting is one service as the domain publishes it for mail programs.
type Setting struct {
	Protocol string // imap, pop3 or submission
	StartTLS bool   // otherwise TLS from the first byte
	Host     string
	Port     string
	User     string
}

// maxRequest bounds what is read of a request for settings.
const maxRequest = 64 << 10

// clientConfig is the document of Thunderbird and its kin:
// https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat
type clientConfig struct {
	XMLName  xml.Name      `xml:"clientConfig"`
	Version  string        `xml:"version,attr"`
	Provider emailProvider `xml:"emailProvider"`
}

type emailProvider struct {
	ID       string         `xml:"id,attr"`
	Domain   string         `xml:"domain"`
	Name     string         `xml:"displayName"`
	Incoming []configServer `xml:"incomingServer"`
	Outgoing []configServer `xml:"outgoingServer"`
}

type configServer struct {
	Type           string `xml:"type,attr"`
	Hostname       string `xml:"hostname"`
	Port           string `xml:"port"`
	SocketType     string `xml:"socketType"`
	Authentication string `xml:"authentication"`
	Username       string `xml:"username"`
}

func (s *Server) autoconfig(w http.ResponseWriter, r *http.Request) {
	domain := strings.TrimPrefix(strings.Split(r.Host, ":")[0], "autoconfig.")
	c := clientConfig{Version: "1.1", Provider: emailProvider{ID: domain, Domain: domain, Name: "mailtlslab"}}
	for _, set := range s.opts.Published() {
		one := configServer{Type: set.Protocol, Hostname: set.Host, Port: set.Port, SocketType: "SSL", Authentication: "password-cleartext", Username: set.User}
		if set.StartTLS {
			one.SocketType = "STARTTLS"
		}
		if set.Protocol == "submission" {
			one.Type = "smtp"
			c.Provider.Outgoing = append(c.Provider.Outgoing, one)
		} else {
			c.Provider.Incoming = append(c.Provider.Incoming, one)
		}
	}
	writeXML(w, c)
}

// The document of Outlook: [MS-OXDSCLI] section 4.1.1.1, for accounts that are not Exchange's.
type autodiscover struct {
	XMLName  xml.Name `xml:"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006 Autodiscover"`
	Response response
}

type response struct {
	XMLName xml.Name `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a Response"`
	Account outlookAccount
}

type outlookAccount struct {
	AccountType string
	Action      string
	Protocol    []outlookProtocol
}

type outlookProtocol struct {
	Type       string
	Server     string
	Port       string
	LoginName  string
	SSL        string
	Encryption string
}

func (s *Server) autodiscover(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxRequest)) // everybody is told the same
	a := autodiscover{Response: response{Account: outlookAccount{AccountType: "email", Action: "settings"}}}
	for _, set := range s.opts.Published() {
		one := outlookProtocol{Type: strings.ToUpper(set.Protocol), Server: set.Host, Port: set.Port, LoginName: set.User, SSL: "on", Encryption: "SSL"}
		if set.Protocol == "submission" {
			one.Type = "SMTP"
		}
		if set.StartTLS {
			one.SSL, one.Encryption = "off", "TLS"
		}
		a.Response.Account.Protocol = append(a.Response.Account.Protocol, one)
	}
	writeXML(w, a)
}

func writeXML(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, xml.Header) // a client that is gone reads no more
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	_ = e.Encode(document)
}
