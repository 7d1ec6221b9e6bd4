// Package capture reads evidence that was taken without a connection of ours: certificates from
// files, and what people paste of other programs. It says what was read and what was not, and
// judges nothing. What it reads comes from strangers: every reader is bounded, and what is quoted
// must be escaped before it is printed.
package capture

import (
	"fmt"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// Bounds of what is read.
const (
	MaxFile         = 10 << 20 // bytes
	maxCertificates = 2000     // of one file
	maxLine         = 16 << 10 // bytes of a transcript's line that are looked at
)

// A Contents is what a file of certificates holds.
type Contents struct {
	// Form is how the certificates were written: PEM, DER, PKCS #7 or PKCS #12.
	Form string
	// Certificates are DER: in the file's order, or the leaf first where the form keeps no order.
	Certificates [][]byte
	// Keys counts the private keys in the file. They are not looked at.
	Keys int
	// NotRead says what else was there, a sentence each.
	NotRead []string
}

// Sentence says what was read.
func (c Contents) Sentence() string {
	words := count(len(c.Certificates), "certificate") + " in " + c.Form + " form"
	if c.Keys > 0 {
		words += fmt.Sprintf(", beside %s that nobody looked at", count(c.Keys, "private key"))
	}
	return words
}

func (c *Contents) skip(format string, args ...any) {
	const most = 20
	if len(c.NotRead) < most {
		c.NotRead = append(c.NotRead, fmt.Sprintf(format, args...))
	} else if len(c.NotRead) == most {
		c.NotRead = append(c.NotRead, "and more of the same")
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// clip bounds what somebody else wrote, without the blanks around it.
func clip(s string) string { return finding.Clip(strings.TrimSpace(s)) }
