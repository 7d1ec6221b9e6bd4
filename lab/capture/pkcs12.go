package capture

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// A PKCS #12 bag says itself how often its password is to be hashed, for each of its parts. Real ones
// want up to a million rounds for a part, and have three. Each is hashed several times over.
const (
	maxRounds   = 3_000_000 // of all parts together
	maxBag12    = 1 << 20   // bytes: a store of all public roots has a fifth of it
	bagTime     = 5 * time.Second
	maxDERDepth = 12
)

// ErrPassword says that a PKCS #12 file wants another password.
var ErrPassword = errors.New("the pkcs #12 bag does not open with this password; give the right one")

// inBag12 returns the certificates of a PKCS #12 bag and how many private keys are beside them.
func inBag12(der []byte, password string) (certs [][]byte, keys int, err error) {
	if len(der) > maxBag12 {
		return nil, 0, fmt.Errorf("the pkcs #12 bag is larger than %d MB; 'openssl pkcs12 -in FILE -nokeys' takes the certificates out of it", maxBag12>>20)
	}
	if tooManyRounds(der) {
		return nil, 0, fmt.Errorf("the pkcs #12 bag wants its password hashed more than %d times; no program writes that", maxRounds)
	}
	type opened struct {
		certs [][]byte
		keys  int
		err   error
	}
	done := make(chan opened, 1)
	go func() {
		var o opened
		o.certs, o.keys, o.err = openBag12(der, password)
		done <- o
	}()
	began, used := time.Now(), computed()
	tick := time.NewTicker(bagTime / 50)
	defer tick.Stop()
	for {
		select {
		case o := <-done:
			return o.certs, o.keys, o.err
		case <-tick.C: // a bag may have others in it, which say nothing before they are opened
		}
		// A busy machine lets time pass, and that is not the bag's doing.
		if time.Since(began) > bagTime && computed()-used > bagTime {
			return nil, 0, errors.New("the pkcs #12 bag takes too long to open; 'openssl pkcs12 -in FILE -nokeys' may open it") // whoever reads it ends with the program
		}
	}
}

func openBag12(der []byte, password string) (certs [][]byte, keys int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("the pkcs #12 bag cannot be read: its structure is broken")
		}
	}()
	_, leaf, rest, err := pkcs12.DecodeChain(der, password)
	if err == nil {
		certs = append(certs, leaf.Raw)
		for _, c := range rest {
			certs = append(certs, c.Raw)
		}
		return certs, 1, nil
	}
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, 0, ErrPassword
	}
	// Without a key it is no DecodeChain's bag, and may be one of certificates alone.
	//lint:ignore SA1019 it is deprecated for how it writes private keys, and they are only counted here
	blocks, err2 := pkcs12.ToPEM(der, password)
	if err2 == nil {
		for _, b := range blocks {
			if b.Type == "CERTIFICATE" {
				certs = append(certs, b.Bytes)
			} else {
				keys++
			}
		}
		return certs, keys, nil
	}
	store, err3 := pkcs12.DecodeTrustStore(der, password)
	if err3 != nil {
		return nil, 0, fmt.Errorf("the pkcs #12 bag cannot be read: %w", err)
	}
	for _, c := range store {
		certs = append(certs, c.Raw)
	}
	return certs, 0, nil
}

// tooManyRounds looks for integers behind octet strings, which is how every scheme of PKCS #5 and
// #12 writes salt and rounds, that would together keep a machine busy for long.
func tooManyRounds(der []byte) bool {
	left := int64(maxRounds)
	spendRounds(der, maxDERDepth, &left)
	return left < 0
}

func spendRounds(der []byte, depth int, left *int64) {
	salt := false
	for len(der) > 0 && depth > 0 && *left >= 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			return
		}
		switch {
		case salt && v.Tag == asn1.TagInteger && v.Class == asn1.ClassUniversal:
			var n int64
			if _, err := asn1.Unmarshal(v.FullBytes, &n); err != nil || n > maxRounds {
				*left = -1
				return
			}
			*left -= max(n, 0)
		case v.IsCompound || v.Tag == asn1.TagOctetString:
			spendRounds(v.Bytes, depth-1, left)
		}
		salt = v.Tag == asn1.TagOctetString && v.Class == asn1.ClassUniversal
		der = rest
	}
}
