package wire

import "encoding/binary"

// TLS record types (RFC 8446 section 5.1).
const (
	recordAlert     = 21
	recordHandshake = 22
)

const maxHello = 64 << 10

// An observer reads the client's first TLS records as they pass: the ClientHello, and alerts
// that are not encrypted. Clients of the OpenSSL family reject a certificate under TLS 1.3 with
// such an alert, which crypto/tls takes for a broken record.
type observer struct {
	header   []byte // of the record under way, up to 5 bytes
	left     int    // bytes of the record still to come
	body     []byte // of handshake records until the ClientHello is whole, or of an alert
	off      bool
	complete bool   // the ClientHello was seen
	whole    func() // called when it was; may be nil

	Offer
	alert *uint8
}

// An Offer is what a ClientHello says of the client, without GREASE (RFC 8701).
type Offer struct {
	// SNI is the server name, empty when there was none.
	SNI string
	// Versions, Suites and Groups are those offered, by their numbers on the wire.
	Versions, Suites, Groups []uint16
	// ALPN are the protocols offered (RFC 7301).
	ALPN []string
}

// Bounds of what is kept of a ClientHello, which the client chooses.
const (
	maxName   = 255
	maxOffers = 128
	maxALPN   = 255 // bytes of all names
)

// looksLikeTLS reports whether b may begin a handshake record.
func looksLikeTLS(b []byte) bool { return len(b) >= 2 && b[0] == recordHandshake && b[1] == 3 }

func (o *observer) see(b []byte) {
	for len(b) > 0 && !o.off {
		if o.left == 0 {
			n := min(5-len(o.header), len(b))
			o.header = append(o.header, b[:n]...)
			b = b[n:]
			if len(o.header) == 5 {
				o.begin()
			}
			continue
		}
		n := min(o.left, len(b))
		o.take(b[:n])
		o.left -= n
		b = b[n:]
		if o.left == 0 {
			o.header = o.header[:0]
		}
	}
}

func (o *observer) begin() {
	o.left = int(binary.BigEndian.Uint16(o.header[3:]))
	if o.header[0] < 20 || o.header[0] > 23 || o.header[1] != 3 || o.left == 0 || o.left > 18<<10 {
		o.off = true
		return
	}
	if o.header[0] == recordAlert {
		o.body = o.body[:0]
	}
}

func (o *observer) take(b []byte) {
	switch {
	case o.header[0] == recordHandshake && !o.complete:
		o.body = append(o.body, b...)
		o.hello()
	case o.header[0] == recordAlert && binary.BigEndian.Uint16(o.header[3:]) == 2: // an encrypted one is longer
		o.body = append(o.body, b...)
		if len(o.body) == 2 && o.body[1] != 0 {
			code := o.body[1]
			o.alert = &code
		}
	}
}

// hello parses the ClientHello once all of it is there.
func (o *observer) hello() {
	if len(o.body) < 4 {
		return
	}
	if o.body[0] != 1 || len(o.body) > maxHello {
		o.off = true
		return
	}
	n := int(o.body[1])<<16 | int(o.body[2])<<8 | int(o.body[3])
	if len(o.body) < 4+n {
		return
	}
	o.Offer = parseHello(o.body[4 : 4+n])
	o.complete = true
	if o.whole != nil {
		o.whole()
	}
	o.body = nil
}

// parseHello reads the body of a ClientHello (RFC 8446 section 4.1.2). A malformed one yields what
// could be read.
func parseHello(b []byte) (o Offer) {
	r := reader{b: b}
	legacy := r.uint16()
	r.next(32)             // random
	r.next(int(r.uint8())) // session
	o.Suites = numbers(r.next(int(r.uint16())))
	r.next(int(r.uint8())) // compression
	exts := reader{b: r.next(int(r.uint16()))}
	for len(exts.b) >= 4 {
		kind, data := exts.uint16(), reader{}
		data.b = exts.next(int(exts.uint16()))
		switch kind {
		case 0: // server_name: RFC 6066 section 3
			data.uint16()
			if data.uint8() == 0 {
				name := data.next(int(data.uint16()))
				o.SNI = string(name[:min(len(name), maxName)])
			}
		case 10: // supported_groups: RFC 8446 section 4.2.7
			o.Groups = numbers(data.next(int(data.uint16())))
		case 16: // application_layer_protocol_negotiation: RFC 7301 section 3.1
			list := reader{b: data.next(int(data.uint16()))}
			for left := maxALPN; len(list.b) > 1 && left > 0; {
				name := list.next(int(list.uint8()))
				name = name[:min(len(name), left)]
				left -= len(name) + 1
				o.ALPN = append(o.ALPN, string(name))
			}
		case 43: // supported_versions
			o.Versions = numbers(data.next(int(data.uint8())))
		}
	}
	if o.Versions == nil && legacy != 0 {
		o.Versions = []uint16{legacy}
	}
	return o
}

// numbers reads a list of numbers of two bytes, without those of GREASE: RFC 8701 section 2.
func numbers(b []byte) (out []uint16) {
	for r := (reader{b: b}); len(r.b) >= 2 && len(out) < maxOffers; {
		if v := r.uint16(); v&0x0f0f != 0x0a0a || v>>8 != v&0xff {
			out = append(out, v)
		}
	}
	return out
}

// A reader takes numbers and bytes off the front; past the end it yields zeros and nothing.
type reader struct{ b []byte }

func (r *reader) next(n int) []byte {
	if n > len(r.b) {
		r.b = nil
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) uint8() uint8 {
	if b := r.next(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.next(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}
