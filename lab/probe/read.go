package probe

import (
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// read takes the first thing said inside TLS. With TLS 1.3 a server that wants a certificate of
// ours says so only here: for the client, the handshake was over before (RFC 8446 section 4.4.2.4).
func (s *Session) read() error {
	s.begin(Reading)
	if s.protocol() == account.HTTPS {
		return s.get(&s.obs.First)
	}
	if s.obs.Settings.Mode == account.ImplicitTLS {
		return s.readGreeting(&s.obs.First)
	}
	first, _, said, err := s.listCapabilities()
	s.obs.First = first
	if err != nil {
		return err
	}
	if said == refused && s.protocol() == account.POP3 {
		return nil // it answers, and CAPA is optional: RFC 2449 section 3
	}
	if said == more {
		said = foreign
	}
	return judge(said)
}

// get asks for the root document, and reads the status line and the header.
func (s *Session) get(first *string) error {
	host := s.obs.Settings.Host
	if port := s.obs.Settings.Port; port != account.Web.Port() {
		host = net.JoinHostPort(host, strconv.Itoa(port))
	} else if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if strings.ContainsAny(host, "\r\n ") {
		return ending{Unexpected, "the host name cannot be asked for"}
	}
	got, err := s.talk.say("GET / HTTP/1.1\r\nHost: "+host+
		"\r\nUser-Agent: mailtlslab\r\nAccept: */*\r\nConnection: keep-alive\r\n",
		func(i int, line string) bool { return line == "" || i == 0 && !begins(line, "HTTP/") })
	if len(got) > 0 {
		*first = got[0]
	}
	for _, line := range got {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "Date") {
			if t, err := http.ParseTime(strings.TrimSpace(value)); err == nil {
				s.obs.ServerClock = t.UTC()
			}
		}
	}
	if err != nil {
		return err
	}
	if !begins(*first, "HTTP/") {
		return judge(foreign)
	}
	return nil
}
