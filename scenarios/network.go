package scenarios

import (
	"time"

	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// network returns servers that are not reached, or do not speak.
func network() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 81, ID: "connection-refused", Family: Network,
				Title:      "Nothing listens there",
				Story:      "The computer answers and says that no service is behind this door. The mail server is not running, or it listens somewhere else.",
				References: []string{"RFC 9293 section 3.5.2 (reset generation)"},
			},
			Case: Case{
				Services: []Service{{Wire: fault.Plan{Closed: true}}},
				Expect:   everywhere(finding.PortClosed),
			},
		},
		{
			Lesson: Lesson{
				Number: 82, ID: "connect-blackhole", Family: Network,
				Title:      "Nothing answers, not even with a refusal",
				Story:      "The device knocks and hears nothing at all, neither yes nor no. Mostly a firewall on the way swallows the packets, often on purpose.",
				References: []string{"RFC 9293 section 3.8.3 (connection failures)", "RFC 5461"},
			},
			Case: Case{
				Services: []Service{{Wire: fault.Plan{Dropped: true}}},
				Expect:   everywhere(finding.ConnectTimeout),
			},
		},
		{
			Lesson: Lesson{
				Number: 83, ID: "reset-before-greeting", Family: Network,
				Title:      "The connection is cut before a word is said",
				Story:      "The door opens and is slammed at once. A firewall does that to callers it does not like, and so does a server that cannot start its service.",
				References: []string{"RFC 9293 section 3.5.2"},
			},
			Case: Case{
				Services: []Service{{Wire: fault.Plan{Accept: fault.Reset}}},
				Expect:   everywhere(finding.ConnectionReset),
			},
		},
		{
			Lesson: Lesson{
				Number: 84, ID: "hang-after-accept", Family: Network,
				Title:      "The server picks up and says nothing",
				Story:      "The connection is there and stays silent until the device gives up. The server hangs, or something in between holds the line.",
				References: []string{"RFC 5321 section 4.5.3.2.1 (five minutes for a greeting)"},
			},
			Case: Case{
				Services: []Service{{Wire: fault.Plan{Accept: fault.Hang}}},
				Expect:   everywhere(finding.NoGreeting),
			},
		},
		{
			Lesson: Lesson{
				Number: 85, ID: "slow-greeting", Family: Network,
				Title:      "The server takes twelve seconds to say hello",
				Story:      "The server is in order and thinks for a long while before its first word, often because it asks a name server that does not answer. Patient programs wait, hasty ones report that there is no server.",
				References: []string{"RFC 5321 section 4.5.3.2.1 (five minutes for a greeting)"},
			},
			Case: Case{
				Services: []Service{{Wire: fault.Plan{Delay: 12 * time.Second}}},
				Expect:   everywhere(finding.SlowServer),
			},
		},
		{
			Lesson: Lesson{
				Number: 86, ID: "dns-name-missing", Family: Network,
				Title:      "The server's name does not exist",
				Story:      "The account uses newmail.lab.test, a name that was printed in the letter to all customers. Nobody has entered it in DNS, so there is no address to go to.",
				References: []string{"RFC 1035 section 4.1.1 (name error)", "RFC 2308 section 2.1"},
			},
			Case: Case{
				Host:   "newmail.lab.test",
				DNS:    DNS{Missing: true},
				Expect: everywhere(finding.HostNotFound),
			},
		},
		{
			Lesson: Lesson{
				Number: 87, ID: "ipv6-broken-v4-ok", Family: Network,
				Title:      "One of the server's two addresses leads nowhere",
				Story:      "The name has an old address and one of the new kind, IPv6, and behind the new one nobody answers. At home everything works, and in a network that prefers IPv6 mail is slow or dead.",
				References: []string{"RFC 8305 section 2", "RFC 6724 section 2.1"},
			},
			Case: Case{
				Host:   "dual.lab.test",
				DNS:    DNS{IPv6: true},
				Expect: everywhere(finding.AddressFamilyDifference),
			},
		},
	}
}
