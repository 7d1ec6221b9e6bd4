package scenarios

import (
	"mailtlslab/lab/account"
	"mailtlslab/lab/finding"
)

// interception returns networks that answer in the server's place.
func interception() []Scenario {
	return []Scenario{
		{
			Number: 92, ID: "captive-portal-plain-http", Family: Portal,
			Title:      "A hotspot's login page answers instead of the server",
			Story:      "In the hotel every connection is led to a page that wants a room number first. The mail program expects its server and gets a web page, so it reports a broken one.",
			References: []string{"RFC 8952 section 2", "RFC 6585 section 6 (511)"},
			// A portal that speaks HTTP waits for the client, as does a client on a STARTTLS port.
			Endpoints: append(account.ImplicitEndpoints(), account.Web),
			Path:      account.CaptivePortal,
			Expect:    everywhere(finding.CaptivePortal),
		},
	}
}
