package probe

import "bytes"

const (
	recordChangeCipherSpec = 20
	recordAlert            = 21
	recordHandshake        = 22
	recordApplicationData  = 23
	messageServerHello     = 2
	messageCertificate     = 11
	messageKeyExchange     = 12
	messageHelloDone       = 14
	namedCurve             = 3
	// maxRecord is the longest body of a record in the clear: RFC 5246 section 6.2.1.
	maxRecord = 16 << 10
)

// chainInRecords returns the certificates (DER, as sent) in the Certificate message of a
// handshake of TLS 1.2 or older (RFC 5246 section 7.4.2), or nothing.
func chainInRecords(tape []byte) [][]byte {
	for rest := handshakeBytes(tape); len(rest) >= 4; {
		kind, n := rest[0], uint24(rest[1:])
		if n > len(rest)-4 {
			return nil
		}
		body := rest[4 : 4+n]
		rest = rest[4+n:]
		if kind == messageCertificate {
			return certificateList(body)
		}
	}
	return nil
}

// versionInRecords returns the version that the ServerHello names (RFC 6101 section 5.6.1.3 and
// its successors), 0 when none came.
func versionInRecords(tape []byte) uint16 {
	if b := handshakeBytes(tape); len(b) >= 6 && b[0] == messageServerHello {
		return uint16(b[4])<<8 | uint16(b[5])
	}
	return 0
}

// handshakeBytes joins the handshake messages out of their records, up to the encrypted ones.
func handshakeBytes(tape []byte) []byte {
	var out []byte
	for len(tape) >= 5 {
		kind, n := tape[0], int(tape[3])<<8|int(tape[4])
		if kind == recordChangeCipherSpec || n > len(tape)-5 {
			break
		}
		if kind == recordHandshake {
			out = append(out, tape[5:5+n]...)
		}
		tape = tape[5+n:]
	}
	return out
}

func certificateList(body []byte) [][]byte {
	if len(body) < 3 || uint24(body) != len(body)-3 {
		return nil
	}
	var out [][]byte
	for body = body[3:]; len(body) >= 3; {
		n := uint24(body)
		if n > len(body)-3 {
			return nil
		}
		out = append(out, bytes.Clone(body[3:3+n]))
		body = body[3+n:]
	}
	return out
}

func uint24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
