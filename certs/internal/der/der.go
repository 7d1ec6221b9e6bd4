// Package der changes finished certificates byte by byte, where crypto/x509 refuses to write
// what the lab needs.
package der

import "bytes"

// FlipSignature returns a copy of a certificate (DER) whose signature no longer fits. The
// signature is the last thing in a certificate (RFC 5280 section 4.1), and its last byte belongs
// to a number, so what remains is well-formed.
func FlipSignature(cert []byte) []byte {
	out := bytes.Clone(cert)
	if len(out) > 0 {
		out[len(out)-1] ^= 1
	}
	return out
}
