package capture

import (
	"encoding/asn1"
	"errors"
	"fmt"
)

// A PKCS #7 bag (RFC 2315 section 9.1, RFC 5652 section 5.1) may be in BER, where a length may be
// left open. Only the way to its certificates is walked, element by element and never into one
// another: nothing is copied, and no depth of nesting costs more than its bytes.

var errBag7 = errors.New("the pkcs #7 bag cannot be read: its structure is broken")

// oidSignedData is the one kind of content that has certificates.
var oidSignedData = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}

// indefinite stands where a length is left open.
const indefinite = 0x80

// Identifiers of BER on the way.
const (
	berOID      = 0x06
	berSequence = 0x30
	berContext0 = 0xa0 // constructed
)

// inBag7 returns the certificates of a PKCS #7 bag, as they are.
func inBag7(bag []byte) ([][]byte, error) {
	outer, rest, err := berNext(bag)
	switch {
	case err != nil:
		return nil, broken(bag, err)
	case len(rest) > 0:
		return nil, errors.New("the pkcs #7 bag cannot be read: there is more behind its end")
	}
	kind, rest, err := berNext(outer.inner)
	if err != nil || kind.id != berOID {
		return nil, errBag7
	}
	if string(kind.inner) != string(oidSignedData) {
		return nil, errors.New("the pkcs #7 bag cannot be read: it is encrypted, or of another kind that holds no certificates")
	}
	content, _, err := berNext(rest)
	if err != nil || content.id != berContext0 {
		return nil, errBag7
	}
	signed, _, err := berNext(content.inner)
	if err != nil || signed.id != berSequence {
		return nil, errBag7
	}
	rest = signed.inner
	for range 3 { // version, digest algorithms, what is signed
		if _, rest, err = berNext(rest); err != nil {
			return nil, errBag7
		}
	}
	set, _, err := berNext(rest)
	if err != nil || set.id != berContext0 {
		return nil, nil // there is none in it
	}
	return certificatesIn(set.inner)
}

func certificatesIn(set []byte) (out [][]byte, err error) {
	for len(set) > 0 {
		c, rest, err := berNext(set)
		if err != nil {
			return nil, errBag7
		}
		if c.id == berSequence { // the other choices are forms that nobody uses any more
			if len(out) == maxCertificates {
				return nil, errTooMany()
			}
			out = append(out, c.whole)
		}
		set = rest
	}
	return out, nil
}

// A berElement is one element of BER: its identifier, itself, and what is in it.
type berElement struct {
	id           byte
	whole, inner []byte
}

// berNext takes the first element off data.
func berNext(data []byte) (e berElement, rest []byte, err error) {
	head, length, open, err := berHeader(data)
	if err != nil {
		return e, nil, err
	}
	if !open {
		return berElement{data[0], data[:head+length], data[head : head+length]}, data[head+length:], nil
	}
	end, err := berEnd(data[head:])
	if err != nil {
		return e, nil, err
	}
	end += head
	return berElement{data[0], data[:end+2], data[head:end]}, data[end+2:], nil
}

// berEnd returns where the end-of-contents octets are that belong to an open length. What has a
// length is passed over whole, so that only open ones are counted.
func berEnd(data []byte) (int, error) {
	open := 1
	for at := 0; ; {
		head, length, indefinite, err := berHeader(data[at:])
		switch {
		case err != nil:
			return 0, err
		case data[at] == 0 && length == 0 && !indefinite:
			if open--; open == 0 {
				return at, nil
			}
		case indefinite:
			open++
		}
		at += head + length
	}
}

// berHeader reads identifier and length: X.690 section 8.1. It holds the length to what is there.
func berHeader(data []byte) (head, length int, open bool, err error) {
	if len(data) < 2 || data[0]&0x1f == 0x1f { // no tag on the way has more than one byte
		return 0, 0, false, asn1.SyntaxError{Msg: "an element ends too early, or has a tag that is none"}
	}
	head = 2
	switch n := int(data[1]); {
	case n < indefinite:
		length = n
	case n == indefinite:
		if data[0]&0x20 == 0 {
			return 0, 0, false, asn1.SyntaxError{Msg: "a length is left open where it must not be"}
		}
		return head, 0, true, nil
	default:
		n &= 0x7f
		if n > 4 || len(data) < head+n {
			return 0, 0, false, asn1.SyntaxError{Msg: "a length cannot be read"}
		}
		for _, b := range data[head : head+n] {
			length = length<<8 | int(b)
		}
		head += n
	}
	if length < 0 || length > len(data)-head {
		return 0, 0, false, asn1.SyntaxError{Msg: fmt.Sprintf("%d bytes are announced, and %d are there", length, len(data)-head)}
	}
	return head, length, false, nil
}
