package chain

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// readULabels reads a leaf that crypto/x509 refuses to read for one reason alone: a dNSName of
// its SAN that is not ASCII. It is read with other letters in that place, and then given back its
// bytes; its names become the ASCII form that was meant, so that everything else can be judged.
// It returns nil where that is not the reason.
func (ev *evidence) readULabels(why error) *x509.Certificate {
	raw := ev.raw[0]
	masked := bytes.Clone(raw)
	names := dNSNames(masked)
	var told []string
	for _, n := range names {
		if isASCII(n) {
			continue
		}
		told = append(told, string(n)) // a copy, before it is masked
		for i, b := range n {
			if b >= 0x80 {
				n[i] = 'x'
			}
		}
	}
	if len(told) == 0 {
		return nil
	}
	c, err := bound.Certificate(masked)
	if err != nil || len(c.DNSNames) != len(names) {
		return nil
	}
	at := bytes.Index(c.Raw, c.RawTBSCertificate)
	c.Raw, c.RawTBSCertificate = raw, raw[at:at+len(c.RawTBSCertificate)]
	for i, n := range dNSNames(bytes.Clone(raw)) {
		if !isASCII(n) {
			c.DNSNames[i] = toASCII(string(n))
		}
	}
	ev.uLabels, ev.unread = told, why
	return c
}

// idnEncoding judges names that are written in UTF-8 (RFC 5280 section 7.2 wants the ASCII form).
func idnEncoding(ev *evidence) []fault {
	if len(ev.uLabels) == 0 {
		return nil
	}
	leaf := ev.path.leaf()
	f := finding.New(finding.IDNEncoding, fmt.Sprintf("the certificate writes %s in UTF-8, where only the ASCII form is allowed", finding.Listed(ev.uLabels)))
	f.Evidence = []string{
		fmt.Sprintf("the form to be written is %s", finding.Listed(leaf.DNSNames)),
		says(ev.unread),
	}
	f.Facts.Host, f.Facts.Names, f.Facts.About = ev.host, Names(leaf), ev.about(leaf)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditEncoding, Text: "with the ASCII form of the name in its place, the certificate could be read"}
	return []fault{{f, func(w *world) { w.unreadable = nil }}}
}

// dNSNames returns the names of the SAN of a certificate (DER), as parts of its bytes, and
// nothing where it is not built as RFC 5280 section 4.1 has it.
func dNSNames(cert []byte) [][]byte {
	const explicitExtensions, dNSName = 3, 2
	var out [][]byte
	for _, tbs := range inside(cert, 1) {
		for _, field := range inside(tbs.FullBytes, 16) {
			if field.Class != asn1.ClassContextSpecific || field.Tag != explicitExtensions {
				continue
			}
			for _, ext := range inside(field.Bytes, 64) {
				parts := inside(ext.FullBytes, 3)
				if len(parts) < 2 || !bytes.Equal(parts[0].FullBytes, []byte{asn1.TagOID, 3, 0x55, 0x1d, 0x11}) {
					continue
				}
				for _, name := range inside(parts[len(parts)-1].Bytes, 1000) {
					if name.Class == asn1.ClassContextSpecific && name.Tag == dNSName {
						out = append(out, name.Bytes)
					}
				}
			}
		}
	}
	return out
}

// inside returns the first elements within a SEQUENCE, at most so many.
func inside(sequence []byte, most int) []asn1.RawValue {
	var whole asn1.RawValue
	if _, err := asn1.Unmarshal(sequence, &whole); err != nil || whole.Tag != asn1.TagSequence || whole.Class != asn1.ClassUniversal {
		return nil
	}
	var out []asn1.RawValue
	for rest := whole.Bytes; len(rest) > 0 && len(out) < most; {
		var v asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &v); err != nil {
			return nil
		}
		out = append(out, v)
	}
	return out
}

func isASCII(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c >= 0x80 })
}

// toASCII returns a name with each label that is not ASCII as an A-label (RFC 5890 section
// 2.3.2.1). Capitals become small ones; nothing else is mapped, so a name that is not in its
// normal form gives a label that is nobody's.
func toASCII(name string) string {
	labels := strings.Split(strings.ToLower(strings.ToValidUTF8(name, "\uFFFD")), ".")
	for i, l := range labels {
		if !isASCII([]byte(l)) {
			labels[i] = "xn--" + punycode([]rune(l))
		}
	}
	return strings.Join(labels, ".")
}

// punycode encodes one label by RFC 3492 section 6.3. A label of a certificate is short; one
// that is not is cut, because the work grows with its square.
func punycode(label []rune) string {
	const base, tMin, tMax, skew, damp, initialBias, initialN, longest = 36, 1, 26, 38, 700, 72, 128, 63
	label = label[:min(len(label), longest)]
	var out []byte
	for _, r := range label {
		if r < initialN {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := rune(initialN), 0, initialBias
	for done := basic; done < len(label); {
		next := slices.Min(append(slices.DeleteFunc(slices.Clone(label), func(r rune) bool { return r < n }), '\U0010FFFF'))
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range label {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := base; ; k += base {
				t := min(max(k-bias, tMin), tMax)
				if q < t {
					out = append(out, digit(q))
					break
				}
				out = append(out, digit(t+(q-t)%(base-t)))
				q = (q - t) / (base - t)
			}
			d := delta / 2
			if done == basic {
				d = delta / damp
			}
			d += d / (done + 1)
			k := 0
			for ; d > (base-tMin)*tMax/2; k += base {
				d /= base - tMin
			}
			bias = k + (base-tMin+1)*d/(d+skew)
			delta, done = 0, done+1
		}
		delta, n = delta+1, n+1
	}
	return string(out)
}

func digit(d int) byte {
	if d < 26 {
		return byte('a' + d)
	}
	return byte('0' + d - 26)
}
