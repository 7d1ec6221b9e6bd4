package scenarios

import (
	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// times returns certificates outside their dates, or nearly so.
func times() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 31, ID: "expired-leaf", Family: Time,
				Title:      "The certificate ran out yesterday",
				Story:      "Certificates are made for a few weeks or months, and this one was not renewed in time. Until yesterday everything worked, and today every device complains at once.",
				References: []string{"RFC 5280 section 4.1.2.5"},
			},
			Case: Case{
				Services: chain(certs.Expired(certs.Leaf, 1)),
				OpenSSL:  10,
				Expect:   everywhere(finding.Expired),
			},
		},
		{
			Lesson: Lesson{
				Number: 32, ID: "expired-intermediate", Family: Time,
				Title:      "The link in the middle has run out",
				Story:      "The server's own certificate is fine; the authority's intermediate, which the server sends along, is not. Whoever checks only the server's certificate finds nothing.",
				References: []string{"RFC 5280 section 6.1.3 (a)(2)"},
			},
			Case: Case{
				Services: chain(certs.Expired(certs.Intermediate, 1)),
				OpenSSL:  10,
				Expect:   everywhere(finding.IntermediateExpired),
			},
		},
		{
			Lesson: Lesson{
				Number: 33, ID: "expired-root", Family: Time,
				Title:      "The root on the device has run out",
				Story:      "An old device knows this authority only by a root certificate that is no longer valid. Some programs do not look at a root's dates, and so only some of them complain.",
				References: []string{"RFC 5280 section 6.1", "OpenJDK accepts an expired trust anchor, measured"},
			},
			Case: Case{
				Services: chain(certs.Expired(certs.Root, 1)),
				OpenSSL:  10,
				Expect:   everywhere(finding.RootExpired),
			},
		},
		{
			Lesson: Lesson{
				Number: 34, ID: "not-yet-valid-leaf", Family: Time,
				Title:      "The certificate begins the day after tomorrow",
				Story:      "The new certificate was installed too early, or the machine that made it has a clock that runs ahead. In two days it would be fine.",
				References: []string{"RFC 5280 section 4.1.2.5"},
			},
			Case: Case{
				Services: chain(certs.NotYetValid(certs.Leaf, 2)),
				OpenSSL:  9,
				Expect:   everywhere(finding.NotYetValid),
			},
		},
		{
			Lesson: Lesson{
				Number: 35, ID: "client-clock-behind", Family: Time,
				Title:      "The device lives in last year",
				Story:      "The battery was flat, and the device woke up with a clock that is a year behind. By its calendar the certificate lies in the future, so it refuses a server that is in perfect order.",
				References: []string{"RFC 5280 section 4.1.2.5", "RFC 9110 section 6.6.1 (Date)"},
			},
			Case: Case{
				Device: Device{Clock: -365},
				Expect: everywhere(finding.ClientClock),
			},
		},
		{
			Lesson: Lesson{
				Number: 36, ID: "client-clock-ahead", Family: Time,
				Title:      "The device lives years ahead",
				Story:      "Somebody set the date forward to win at a game, and forgot to set it back. By that calendar every certificate in the chain ran out long ago, while all other devices are content.",
				References: []string{"RFC 5280 section 4.1.2.5", "RFC 9110 section 6.6.1 (Date)"},
			},
			Case: Case{
				Device: Device{Clock: 3 * 365},
				Expect: everywhere(finding.ClientClock),
			},
		},
		{
			Lesson: Lesson{
				Number: 37, ID: "expires-within-7-days", Family: Time,
				Title:      "The certificate runs out this week",
				Story:      "Everything works, and in three days it will not. An automatic renewal would have happened weeks ago, so something has stopped renewing.",
				References: []string{"https://letsencrypt.org/docs/integration-guide/"},
			},
			Case: Case{
				Services: chain(certs.ExpiresIn(3)),
				Expect:   everywhere(finding.ExpiresSoon),
			},
		},
		{
			Lesson: Lesson{
				Number: 38, ID: "validity-too-long", Family: Time,
				Title:      "The certificate is valid for too many years",
				Story:      "A company's own authority issued this certificate for two and a half years, so that nobody has to think about it. Apple's devices refuse whatever is valid for longer than 825 days, even if the company's root is installed.",
				References: []string{"https://support.apple.com/en-za/103769", "https://support.apple.com/en-us/102028"},
			},
			Case: Case{
				Services: chain(certs.ValidFor(900)),
				Expect:   everywhere(finding.LifetimeTooLong),
			},
		},
	}
}
