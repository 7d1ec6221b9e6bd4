package probe

import (
	"io"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// maxPrime is the longest prime that is kept, in bytes: 16384 bits, twice the largest of RFC 7919.
const maxPrime = 2 << 10

// readFlight reads the rest of the server's first messages (RFC 5246 section 7.3), of which have
// has come already: its certificates, and what it would exchange keys with. What does not come, or
// is cut short, is not there; the ServerHello stands all the same.
func readFlight(r io.Reader, have []byte, seen *TLS) {
	for read := len(have); ; {
		rest, done := seen.messagesIn(have)
		if done || read > maxTape {
			return
		}
		kind, body, err := readRecord(r, maxRecord)
		if err != nil || kind != recordHandshake || len(body) == 0 {
			return
		}
		read += len(body)
		have = append(rest, body...)
	}
}

// messagesIn takes what is whole of the messages, and returns the rest. done says that nothing that
// matters is to come.
func (t *TLS) messagesIn(have []byte) (rest []byte, done bool) {
	for len(have) >= 4 && uint24(have[1:]) <= len(have)-4 {
		kind, end := have[0], 4+uint24(have[1:])
		body := have[4:end]
		switch kind {
		case messageCertificate:
			t.Chain, t.FromRecords = certificateList(body), true
		case messageKeyExchange:
			t.exchangeIn(body)
			return nil, true
		case messageHelloDone:
			return nil, true
		}
		have = have[end:]
	}
	return slices.Clone(have), len(have) >= 4 && uint24(have[1:]) > maxTape
}

// exchangeIn reads a ServerKeyExchange: RFC 5246 section 7.4.3, RFC 8422 section 5.4.
func (t *TLS) exchangeIn(body []byte) {
	b := cryptobyte.String(body)
	if FiniteField(t.Cipher) {
		var prime cryptobyte.String
		if b.ReadUint16LengthPrefixed(&prime) && len(prime) <= maxPrime {
			t.Prime = slices.Clone(prime)
		}
		return
	}
	var curve uint8
	if b.ReadUint8(&curve) && curve == namedCurve {
		b.ReadUint16(&t.Group)
	}
}

// FiniteField reports whether a suite of TLS 1.2 or older exchanges keys by ephemeral Diffie-Hellman
// over a finite field (DHE), with a certificate: those of IANA's registry. crypto/tls has none.
func FiniteField(suite uint16) bool {
	for _, r := range [][2]uint16{
		{0x0011, 0x0016}, {0x0032, 0x0033}, {0x0038, 0x0039}, {0x0040, 0x0040}, {0x0044, 0x0045}, {0x0067, 0x0067}, {0x006A, 0x006B},
		{0x0087, 0x0088}, {0x0099, 0x009A}, {0x009E, 0x009F}, {0x00A2, 0x00A3}, {0x00BD, 0x00BE}, {0x00C3, 0x00C4},
		{0xC042, 0xC045}, {0xC052, 0xC053}, {0xC056, 0xC057}, {0xC07C, 0xC07D}, {0xC080, 0xC081}, {0xC09E, 0xC09F}, {0xC0A2, 0xC0A3}, {0xCCAA, 0xCCAA},
	} {
		if suite >= r[0] && suite <= r[1] {
			return true
		}
	}
	return false
}
