package lab

import (
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/fault"
)

// layPath adds what the network in between does to what the server itself does.
func layPath(p *fault.Plan, protocol account.Protocol, path account.Path) {
	switch path {
	case account.MaskedUpgrade:
		// A firewall answers the command in the words of a server that does not know it.
		switch protocol {
		case account.IMAP:
			p.Mask = []string{"STARTTLS"}
			p.Lines = []fault.Line{{Command: "STARTTLS", Answer: "{tag} BAD Unknown command"}}
		case account.POP3:
			p.Mask = []string{"STLS"}
			p.Lines = []fault.Line{{Command: "STLS", Answer: "-ERR Unknown command"}}
		case account.Submission:
			p.Mask = []string{"STARTTLS"}
			p.Lines = []fault.Line{{Command: "STARTTLS", Answer: "500 5.5.1 Command unrecognized: \"XXXXXXXX\""}}
		}
	case account.SmallHellos:
		p.Hello = fault.Hello{Over: onePacket, Then: fault.Reset}
	}
}

// onePacket is what fits into one packet on nearly every way, in bytes: an Ethernet frame less
// the headers and options of IP and TCP, and of a tunnel.
const onePacket = 1400

// inspects reports whether a path looks into the connections that pass, so that it can be told
// to leave mail alone.
func inspects(path account.Path) bool {
	return path == account.MaskedUpgrade || path == account.SmallHellos
}

// ssl30 is SSL 3.0, which crypto/tls no longer speaks.
const ssl30 = 0x0300

// ssl30Answer is the ServerHello of a server that speaks SSL 3.0 only (RFC 6101 section
// 5.6.1.3), with a random value of zeros and TLS_RSA_WITH_AES_128_CBC_SHA.
func ssl30Answer() fault.Hello {
	const random = 32
	reply := append([]byte{22, 3, 0, 0, 4 + 2 + random + 1 + 2 + 1, 2, 0, 0, 2 + random + 1 + 2 + 1, 3, 0}, make([]byte, random)...)
	return fault.Hello{Reply: append(reply, 0, 0, 0x2f, 0), Then: fault.Close}
}

// Haste returns by how much this lab shortens the delays of slow servers; 1 is not at all.
func (l *Lab) Haste() int { return max(1, l.options.Haste) }

func (l *Lab) shortened(d time.Duration) time.Duration { return d / time.Duration(l.Haste()) }
