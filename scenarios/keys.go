package scenarios

import (
	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// keys returns certificates whose keys or signatures are weak, damaged or not the server's.
func keys() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 39, ID: "rsa-1024-leaf", Family: Keys,
				Title:      "The server's key is too short",
				Story:      "Keys of this length were common once and can be broken today. Some mail programs still accept it, Apple's do not.",
				References: []string{"https://support.apple.com/en-za/103769", "NIST SP 800-131A"},
			},
			Case: Case{
				Services: chain(certs.SmallRSA(1024)),
				OpenSSL:  66,
				Expect:   everywhere(finding.WeakKey),
			},
		},
		{
			Lesson: Lesson{
				Number: 40, ID: "sha1-leaf", Family: Keys,
				Title:      "The certificate is signed with a method that has been broken",
				Story:      "SHA-1 can be forged, so a signature that rests on it proves nothing. Today's devices refuse such a certificate, while very old ones know nothing better.",
				References: []string{"RFC 9155", "https://support.apple.com/en-za/103769"},
			},
			Case: Case{
				Services: chain(certs.SHA1()),
				OpenSSL:  68,
				Expect:   everywhere(finding.WeakSignature),
			},
		},
		{
			Lesson: Lesson{
				Number: 41, ID: "sha1-intermediate", Family: Keys,
				Title:      "The intermediate is signed with a method that has been broken",
				Story:      "The server's own certificate is up to date, but the authority above it dates from the years of SHA-1. A chain is as strong as its weakest link, so devices refuse it as a whole.",
				References: []string{"RFC 9155", "https://support.apple.com/en-za/103769"},
			},
			Case: Case{
				Services: chain(certs.SHA1Intermediate()),
				OpenSSL:  68,
				Expect:   everywhere(finding.WeakSignature),
			},
		},
		{
			Lesson: Lesson{
				Number: 42, ID: "md5-leaf", Family: Keys,
				Title:      "The certificate is signed with MD5",
				Story:      "With MD5 somebody forged an authority of his own as early as 2008. A certificate signed that way comes from very old equipment, and nothing current accepts it.",
				References: []string{"RFC 6151", "https://support.apple.com/en-za/103769"},
			},
			Case: Case{
				Services: chain(certs.MD5()),
				OpenSSL:  68,
				Expect:   everywhere(finding.WeakSignature),
			},
		},
		{
			Lesson: Lesson{
				Number: 43, ID: "bad-signature-leaf", Family: Keys,
				Title:      "The certificate is damaged",
				Story:      "One byte of the authority's signature is wrong, as after a careless copy. The text of the certificate reads well, and it proves nothing any more.",
				References: []string{"RFC 5280 section 6.1.3 (a)(1)"},
			},
			Case: Case{
				Services: chain(certs.CorruptSignature()),
				OpenSSL:  7,
				Expect:   everywhere(finding.BadSignature),
			},
		},
		{
			Lesson: Lesson{
				Number: 44, ID: "private-key-mismatch", Family: Keys,
				Title:      "The certificate is right, the key belongs to another",
				Story:      "Certificate and private key are two files, and one of them was replaced without the other. The certificate looks perfect, and the connection fails all the same.",
				References: []string{"RFC 8446 section 4.4.3", "RFC 5246 section 7.4.3"},
			},
			Case: Case{
				Services: chain(certs.WrongKey()),
				Expect:   everywhere(finding.KeyDoesNotMatch),
			},
		},
	}
}
