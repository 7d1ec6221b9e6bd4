package probe

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"

	"golang.org/x/crypto/cryptobyte"
)

const (
	// maxSuites is more than there are.
	maxSuites = 400
	// maxAnswer bounds what is read in search of a ServerHello, which alone may have 64 KiB and
	// never has one.
	maxAnswer         = 16 << 10
	messageHello      = 1
	alertWarning      = 1
	alertCloseNotify  = 0
	extServerName     = 0
	extGroups         = 10
	extPointFormats   = 11
	extSignatures     = 13
	extMasterSecret   = 23
	extRenegotiation  = 0xff01
	uncompressedPoint = 0
)

var errNoServerHello = errors.New("what came is no ServerHello")

// offer makes the connection of a look as far as TLS, offers these cipher suites there, and reads
// no more than the answer: the ServerHello or the alert.
func (p *Prober) offer(ctx context.Context, a Ask) Observation {
	s := p.session(a.Settings)
	s.obs.Listed = false
	s.suites = a.Suites[:min(len(a.Suites), maxSuites)]
	s.run(ctx)
	s.Close()
	return s.obs
}

// hello offers the session's suites in a ClientHello of TLS 1.2 that is made by hand, the only one
// here: crypto/tls neither has a suite without a certificate nor says TLS_FALLBACK_SCSV. Nothing
// is sent after it, so no handshake comes about with a suite that protects nothing.
func (s *Session) hello() error {
	seen := s.beginTLS()
	defer s.keepBytes(seen)
	hello, err := clientHello(s.obs.Settings.SNI(), s.suites)
	if err != nil {
		return err
	}
	_, sent := s.link.Write(hello)
	seen.Version, seen.Cipher, err = readServerHello(s.link)
	if err != nil && sent != nil && !isAlert(err) {
		err = sent
	}
	return err
}

// clientHello returns a record with a ClientHello (RFC 5246 section 7.4.1.2). It knows every
// curve and signature, so that the suites alone are what a server can refuse. The finite groups
// of RFC 7919 are left out: with them in, a server with another group would refuse DH.
func clientHello(name string, suites []uint16) ([]byte, error) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // it never fails
	var b cryptobyte.Builder
	b.AddUint8(recordHandshake)
	b.AddUint16(tls.VersionTLS10) // of the record: RFC 5246 appendix E.1
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(messageHello)
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16(tls.VersionTLS12)
			b.AddBytes(random)
			b.AddUint8(0) // no session
			addNumbers(b, suites)
			b.AddBytes([]byte{1, 0}) // no compression
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addExtensions(b, name) })
		})
	})
	return b.Bytes()
}

func addExtensions(b *cryptobyte.Builder, name string) {
	add := func(number uint16, body func(*cryptobyte.Builder)) {
		b.AddUint16(number)
		b.AddUint16LengthPrefixed(body)
	}
	if name != "" {
		add(extServerName, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint8(0) // a host name
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) })
			})
		})
	}
	add(extGroups, func(b *cryptobyte.Builder) { addNumbers(b, curves()) })
	add(extPointFormats, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, uncompressedPoint}) })
	add(extSignatures, func(b *cryptobyte.Builder) { addNumbers(b, signatures()) })
	add(extMasterSecret, func(*cryptobyte.Builder) {})
	add(extRenegotiation, func(b *cryptobyte.Builder) { b.AddUint8(0) })
}

func addNumbers(b *cryptobyte.Builder, all []uint16) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, n := range all {
			b.AddUint16(n)
		}
	})
}

// curves are X25519, P-256, X448, P-521 and P-384, and then those that nobody uses: 1 to 22 of
// RFC 8422 section 5.1.1, and Brainpool of RFC 7027.
func curves() []uint16 {
	out := []uint16{29, 23, 30, 25, 24, 26, 27, 28}
	for n := range uint16(22) {
		out = append(out, 22-n)
	}
	return out
}

// signatures are those of RFC 8446 section 4.2.3, and the older ones of RFC 5246 section 7.4.1.4.1.
func signatures() []uint16 {
	return []uint16{
		0x0403, 0x0503, 0x0603, 0x0807, 0x0808, // ECDSA, Ed25519, Ed448
		0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601, // RSA
		0x0303, 0x0301, 0x0203, 0x0201, 0x0101, // with SHA-224, SHA-1 and MD5
		0x0402, 0x0502, 0x0602, 0x0302, 0x0202, // DSA
	}
}

// readServerHello reads the first records of an answer until they tell which version and suite
// was chosen, or that none was: then the error is the alert.
func readServerHello(r io.Reader) (version, suite uint16, err error) {
	var message []byte
	for read := 0; read < maxAnswer; {
		var header [5]byte
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return 0, 0, err
		}
		n := int(header[3])<<8 | int(header[4])
		if header[1] != 3 || n > maxAnswer {
			return 0, 0, errNoServerHello
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return 0, 0, err
		}
		read += len(header) + n
		switch {
		case header[0] == recordAlert && n == 2 && body[1] == alertCloseNotify:
			return 0, 0, io.EOF
		case header[0] == recordAlert && n == 2 && body[0] == alertWarning:
			// Some say so that they do not know the name, and go on: RFC 6066 section 3.
		case header[0] == recordAlert && n == 2:
			return 0, 0, lateAlert(body[1])
		case header[0] == recordHandshake && n > 0:
			message = append(message, body...)
			if message[0] != messageServerHello || len(message) >= 4 && uint24(message[1:]) > maxAnswer {
				return 0, 0, errNoServerHello
			}
			if len(message) >= 4 && uint24(message[1:]) <= len(message)-4 {
				return chosenIn(message[4 : 4+uint24(message[1:])])
			}
		default:
			return 0, 0, errNoServerHello
		}
	}
	return 0, 0, errTooLong
}

// chosenIn reads the body of a ServerHello: RFC 5246 section 7.4.1.3.
func chosenIn(body []byte) (version, suite uint16, err error) {
	var session cryptobyte.String
	var compression uint8
	b := cryptobyte.String(body)
	if !b.ReadUint16(&version) || !b.Skip(32) || !b.ReadUint8LengthPrefixed(&session) || len(session) > 32 ||
		!b.ReadUint16(&suite) || !b.ReadUint8(&compression) {
		return 0, 0, errNoServerHello
	}
	return version, suite, nil
}
