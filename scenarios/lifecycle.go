package scenarios

import (
	"mailtlslab/certs"
	"mailtlslab/lab/finding"
)

// lifeCycle returns servers as years of neglect leave them.
func lifeCycle() []Scenario {
	return []Scenario{
		{
			Number: 100, ID: "two-faults-at-once", Family: LifeCycle,
			Title:      "Expired, for another name, and from an unknown authority",
			Story:      "Troubles seldom come alone, and most programs tell only the first one. Here each repair leaves the next fault to be found, until all three are done.",
			References: []string{"RFC 5280 section 6.1", "RFC 9525 section 6"},
			Services:   chain(certs.PrivateCA(), certs.Names("old.lab.test"), certs.Expired(certs.Leaf, 1)),
			OpenSSL:    20,
			Expect:     everywhere(finding.IssuerNotTrusted, finding.NameMismatch, finding.Expired),
		},
	}
}
