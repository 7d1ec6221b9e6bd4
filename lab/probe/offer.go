package probe

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"slices"

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
	extALPN           = 16
	extMasterSecret   = 23
	extVersions       = 43
	extKeyShare       = 51
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
	s.through, s.alpn = a.Through, a.ALPN
	s.run(ctx)
	s.Close()
	return s.obs
}

// hello offers the session's suites in a ClientHello that is made by hand, the only one here:
// crypto/tls has no suite without a certificate, none with finite-field Diffie-Hellman, and does not
// say TLS_FALLBACK_SCSV. Nothing is sent after it, so no handshake comes about with a suite that
// protects nothing.
func (s *Session) hello() error {
	seen := s.beginTLS()
	defer s.keepBytes(seen)
	hello, err := clientHello(s.obs.Settings.SNI(), s.suites, s.alpn)
	if err != nil {
		return err
	}
	_, sent := s.link.Write(hello)
	rest, err := readServerHello(s.link, seen)
	if err != nil && sent != nil && !isAlert(err) {
		err = sent
	}
	if err == nil && s.through && seen.Version < tls.VersionTLS13 {
		readFlight(s.link, rest, seen)
	}
	return err
}

// clientHello returns a record with a ClientHello (RFC 5246 section 7.4.1.2). It knows every
// curve and signature, so that the suites alone are what a server can refuse. The finite groups
// of RFC 7919 are left out: with them in, a server with another group would refuse DH. With a suite
// of TLS 1.3 among the suites it is a ClientHello of RFC 8446 section 4.1.2 that knows the finite
// groups alone, and brings no key share: the server names the group that it would take.
func clientHello(name string, suites []uint16, alpn string) ([]byte, error) {
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
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				addExtensions(b, name, alpn, slices.ContainsFunc(suites, isTLS13))
			})
		})
	})
	return b.Bytes()
}

// isTLS13 reports whether a suite is one of RFC 8446 appendix B.4.
func isTLS13(suite uint16) bool { return suite>>8 == 0x13 }

func addExtensions(b *cryptobyte.Builder, name, alpn string, finite bool) {
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
	groups := curves()
	if finite {
		groups = []uint16{256, 257, 258, 259, 260} // RFC 7919 section 2, from 2048 bits to 8192
		add(extVersions, func(b *cryptobyte.Builder) {
			b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint16(tls.VersionTLS13) })
		})
		add(extKeyShare, func(b *cryptobyte.Builder) { b.AddUint16(0) }) // none: RFC 8446 section 4.2.8
	}
	if alpn != "" {
		add(extALPN, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(alpn)) })
			})
		})
	}
	add(extGroups, func(b *cryptobyte.Builder) { addNumbers(b, groups) })
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
// was chosen, or that none was: then the error is the alert. It returns what came behind the
// ServerHello in the same record.
func readServerHello(r io.Reader, seen *TLS) (rest []byte, err error) {
	var message []byte
	for read := 0; read < maxAnswer; {
		kind, body, err := readRecord(r, maxAnswer)
		if err != nil {
			return nil, err
		}
		read += 5 + len(body)
		switch {
		case kind == recordAlert && len(body) == 2 && body[1] == alertCloseNotify:
			return nil, io.EOF
		case kind == recordAlert && len(body) == 2 && body[0] == alertWarning:
			// Some say so that they do not know the name, and go on: RFC 6066 section 3.
		case kind == recordAlert && len(body) == 2:
			return nil, lateAlert(body[1])
		case kind == recordHandshake && len(body) > 0:
			message = append(message, body...)
			if message[0] != messageServerHello || len(message) >= 4 && uint24(message[1:]) > maxAnswer {
				return nil, errNoServerHello
			}
			if len(message) >= 4 && uint24(message[1:]) <= len(message)-4 {
				end := 4 + uint24(message[1:])
				return message[end:], seen.chosenIn(message[4:end])
			}
		default:
			return nil, errNoServerHello
		}
	}
	return nil, errTooLong
}

func readRecord(r io.Reader, most int) (kind byte, body []byte, err error) {
	var header [5]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, nil, err
	}
	n := int(header[3])<<8 | int(header[4])
	if header[1] != 3 || n > most {
		return 0, nil, errNoServerHello
	}
	body = make([]byte, n)
	_, err = io.ReadFull(r, body)
	return header[0], body, err
}

// chosenIn reads the body of a ServerHello: RFC 5246 section 7.4.1.3. One of TLS 1.3, with which a
// server asks for a key share (RFC 8446 section 4.1.4), names the group that it would take.
func (t *TLS) chosenIn(body []byte) error {
	var session cryptobyte.String
	var version, suite uint16
	var compression uint8
	b := cryptobyte.String(body)
	if !b.ReadUint16(&version) || !b.Skip(32) || !b.ReadUint8LengthPrefixed(&session) || len(session) > 32 ||
		!b.ReadUint16(&suite) || !b.ReadUint8(&compression) {
		return errNoServerHello
	}
	t.Version, t.Cipher = version, suite
	var all cryptobyte.String
	if !b.ReadUint16LengthPrefixed(&all) {
		return nil // of a server from before the extensions
	}
	for !all.Empty() {
		var number uint16
		var data cryptobyte.String
		if !all.ReadUint16(&number) || !all.ReadUint16LengthPrefixed(&data) {
			break
		}
		switch number {
		case extVersions:
			data.ReadUint16(&t.Version)
		case extKeyShare:
			data.ReadUint16(&t.Group)
		}
	}
	return nil
}
