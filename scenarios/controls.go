package scenarios

import (
	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// controls returns accounts with nothing wrong: whoever finds a fault here is wrong himself.
func controls() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 1, ID: "ok-full-chain", Family: Controls,
				Title:      "Everything is in order",
				Story:      "The certificate is for this server, it is in date, and the server sends the intermediate that links it to a trusted root. Mail arrives and leaves without a question.",
				References: []string{"RFC 8314 section 3", "RFC 5280 section 6"},
			},
		},
		{
			Lesson: Lesson{
				Number: 2, ID: "ok-wildcard-san", Family: Controls,
				Title:      "A wildcard certificate covers the server",
				Story:      "One certificate for *.lab.test serves every name directly below that domain. The star stands for exactly one level, and that is all this account needs.",
				References: []string{"RFC 9525 section 6.3"},
			},
			Case: Case{
				Services: chain(certs.Names("*.lab.test")),
			},
		},
		{
			Lesson: Lesson{
				Number: 3, ID: "ok-ip-san", Family: Controls,
				Title:      "The account uses an address, and the certificate names it",
				Story:      "The server is entered as a number, which is usually a mistake. Here the certificate lists that very number, so nobody has to complain.",
				References: []string{"RFC 5280 section 4.2.1.6 (iPAddress)", "RFC 9525 section 6.5"},
			},
			Case: Case{
				Host:     "127.0.0.1",
				Services: chain(certs.Names("127.0.0.1")),
			},
		},
		{
			Lesson: Lesson{
				Number: 4, ID: "ok-root-also-sent", Family: Controls,
				Title:      "The root is sent along, which is harmless",
				Story:      "The server sends its own certificate, the intermediate, and the root as well. A device that trusts the root has it already, so the extra one is ignored.",
				References: []string{"RFC 8446 section 4.4.2"},
			},
			Case: Case{
				Services: chain(certs.RootAlsoSent()),
				Expect:   everywhere(finding.RootAlsoSent),
			},
		},
	}
}
