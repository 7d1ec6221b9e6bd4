package chain

import (
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

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
