package scenarios

import (
	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// revocations returns certificates that their CA has withdrawn, and those of which it cannot be
// told. OpenSSL accepts them all: it looks neither for a list nor at a staple unless told to.
func revocations() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 51, ID: "revoked-by-crl", Family: Revoking,
				Title:      "The authority has put the certificate on its list of withdrawn ones",
				Story:      "The server's key fell into other hands, and the authority has declared the certificate void. Everything else about it is right, so only a program that reads the authority's list will notice.",
				References: []string{"RFC 5280 sections 5 and 6.3", "RFC 5280 section 5.3.1 (keyCompromise)"},
			},
			Case: Case{
				Services: chain(certs.CRL(certs.StatusRevoked)),
				Expect:   everywhere(finding.Revoked),
			},
		},
		{
			Lesson: Lesson{
				Number: 52, ID: "revoked-by-staple", Family: Revoking,
				Title:      "The server brings the proof that its certificate is void",
				Story:      "Together with the certificate the server hands out a fresh note from the authority, which says that it was withdrawn. Nobody at the server reads those notes, and so nobody noticed.",
				References: []string{"RFC 6066 section 8", "RFC 6960 section 2.2"},
			},
			Case: Case{
				Services: chain(certs.Staple(certs.StatusRevoked)),
				Expect:   everywhere(finding.Revoked),
			},
		},
		{
			Lesson: Lesson{
				Number: 53, ID: "must-staple-missing", Family: Revoking,
				Title:      "The certificate promises a note from the authority, and none comes",
				Story:      "The certificate demands that the server always brings along a fresh note from the authority. This server was never told to fetch one, and strict programs stop here while others notice nothing.",
				References: []string{"RFC 7633 section 4", "RFC 8446 section 4.4.2.1"},
			},
			Case: Case{
				Services: chain(certs.MustStaple(), certs.OCSP(certs.StatusGood)),
				Expect:   everywhere(finding.StapleRequired),
			},
		},
		{
			Lesson: Lesson{
				Number: 54, ID: "staple-expired", Family: Revoking,
				Title:      "The note from the authority is too old",
				Story:      "The server brings a note that its certificate was good some days ago, and such a note holds for a few days only. The program that should fetch a new one has stopped, or cannot reach the authority.",
				References: []string{"RFC 6960 section 4.2.2.1", "RFC 6066 section 8"},
			},
			Case: Case{
				Services: chain(certs.Staple(certs.StatusExpired), certs.OCSP(certs.StatusGood)),
				Expect:   everywhere(finding.StaleStaple),
			},
		},
		{
			Lesson: Lesson{
				Number: 55, ID: "ocsp-responder-down", Family: Revoking,
				Title:      "The authority cannot be asked",
				Story:      "The certificate names a place where one can ask whether it is still good, and nobody answers there. Most programs shrug and go on, which is just what somebody with a stolen key would hope for.",
				References: []string{"RFC 6960 section 2", "RFC 5280 section 4.2.2.1"},
			},
			Case: Case{
				Services: chain(certs.OCSP(certs.StatusNone)),
				Expect:   everywhere(finding.RevocationUnknown),
			},
		},
		{
			Lesson: Lesson{
				Number: 56, ID: "crl-expired", Family: Revoking,
				Title:      "The authority's list of withdrawn certificates is too old",
				Story:      "The authority should have published a new list days ago and did not. Whatever it has withdrawn since then is missing from the old one, so nobody can tell.",
				References: []string{"RFC 5280 section 5.1.2.5", "RFC 5280 section 6.3.3"},
			},
			Case: Case{
				Services: chain(certs.CRL(certs.StatusExpired)),
				Expect:   everywhere(finding.RevocationUnknown),
			},
		},
	}
}
