package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// Read reads certificates from the bytes of a file: PEM with anything around it, DER, PKCS #7 or
// PKCS #12, whatever the file is called. The password is for PKCS #12 alone.
func Read(data []byte, password string) (Contents, error) {
	if len(data) > MaxFile {
		return Contents{}, fmt.Errorf("the file is larger than %d MB, and no chain is", MaxFile>>20)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return Contents{}, errors.New("the file is empty")
	}
	r := fileReader{password: password}
	err := r.read(data)
	switch {
	case err != nil:
		return r.Contents, err
	case len(r.Certificates) == 0 && len(r.NotRead) > 0:
		return r.Contents, fmt.Errorf("there is no certificate in it: %s", strings.Join(r.NotRead[:min(len(r.NotRead), 3)], "; "))
	case len(r.Certificates) == 0 && r.Keys > 0:
		return r.Contents, errors.New("there is no certificate in it, only a private key; never send that to anybody")
	case len(r.Certificates) == 0:
		return r.Contents, errors.New("there is no certificate in it; give a file in PEM, DER, PKCS #7 or PKCS #12 form")
	}
	for i, der := range r.Certificates {
		if _, err := bound.Certificate(der); err != nil && i > 0 { // the first is judged
			r.skip("certificate %d cannot be read (%s)", i+1, clip(err.Error()))
		}
	}
	return r.Contents, nil
}

type fileReader struct {
	Contents
	password string
}

func (r *fileReader) read(data []byte) error {
	if text := plain(data); bytes.Contains(text, []byte(beginMark)) {
		r.Form = "PEM"
		return r.text(string(text))
	}
	r.Form = "DER"
	if der, ok := bare(data); ok {
		r.Form, data = "base64", der
	}
	if data[0] != 0x30 {
		return errors.New("this is neither PEM nor DER; give a file of certificates in PEM, DER, PKCS #7 or PKCS #12 form")
	}
	if classify(data) == bag7 { // which may be BER, and have no length
		return r.value(data)
	}
	all, err := values(data)
	for _, der := range all {
		if err := r.value(der); err != nil {
			return err
		}
	}
	if err != nil && len(all) < maxCertificates && len(r.Certificates) > 0 {
		r.skip("behind the last certificate: %s", err)
		return nil
	}
	return err
}

// bare decodes a PEM body without its frame.
func bare(data []byte) ([]byte, bool) {
	if data[0] == 0x30 && !bytes.HasPrefix(data, []byte("0")) || !bytes.HasPrefix(bytes.TrimSpace(data), []byte("MI")) {
		return nil, false
	}
	text := strings.Map(func(c rune) rune {
		if strings.ContainsRune(" \t\r\n", c) {
			return -1
		}
		return c
	}, string(data))
	der, err := base64.StdEncoding.DecodeString(text)
	return der, err == nil && len(der) > 0
}

// text reads all PEM blocks of a text.
func (r *fileReader) text(text string) error {
	var a armour
	for line := range strings.Lines(text) {
		block, _ := a.line(unquoted(line))
		if block == nil {
			continue
		}
		if err := r.block(block); err != nil {
			return err
		}
	}
	a.end()
	for _, d := range a.damaged {
		r.skip("%s", d)
	}
	return nil
}

func (r *fileReader) block(b *pem.Block) error {
	switch b.Type {
	case "CERTIFICATE", "X509 CERTIFICATE":
		return r.add(b.Bytes)
	case "TRUSTED CERTIFICATE": // OpenSSL's, with its own remarks behind the certificate
		all, err := values(b.Bytes)
		if len(all) == 0 {
			r.skip("a trusted certificate of openssl's cannot be read (%s)", err)
			return nil
		}
		return r.add(all[0])
	case "PKCS7", "CMS":
		return r.value(b.Bytes)
	}
	switch {
	case strings.HasSuffix(b.Type, "PRIVATE KEY"):
		r.Keys++
	case b.Type == "CERTIFICATE REQUEST" || b.Type == "NEW CERTIFICATE REQUEST":
		r.skip("%s", request)
	case b.Type == "X509 CRL":
		r.skip("%s", crl)
	case b.Type == "EC PARAMETERS" || b.Type == "DH PARAMETERS": // what servers keep beside their key
	default:
		r.skip("a block of the kind %s", clip(b.Type))
	}
	return nil
}

// value reads one DER value.
func (r *fileReader) value(der []byte) error {
	switch t := classify(der); t {
	case certificate:
		return r.add(der)
	case privateKey, encryptedKey:
		r.Keys++
	case bag7:
		r.Form = "PKCS #7"
		certs, err := inBag7(der)
		if err != nil {
			return err
		}
		return r.add(LeafFirst(certs)...)
	case bag12:
		r.Form = "PKCS #12"
		certs, keys, err := inBag12(der, r.password)
		if err != nil {
			return err
		}
		r.Keys += keys
		return r.add(LeafFirst(certs)...)
	default:
		r.skip("%s", t)
	}
	return nil
}

func (r *fileReader) add(ders ...[]byte) error {
	if len(r.Certificates)+len(ders) > maxCertificates {
		return errTooMany()
	}
	r.Certificates = append(r.Certificates, ders...)
	return nil
}

// LeafFirst puts certificates of no order into that of signing, by their names: first one that is
// named as issuer by no other, and is no CA if there is such a one, then its issuers, then the rest.
func LeafFirst(ders [][]byte) [][]byte {
	certs := make([]naming, len(ders))
	issues := map[string]bool{}
	for i, der := range ders {
		certs[i] = namingOf(der)
		if c := certs[i]; c.subject != nil && !bytes.Equal(c.issuer, c.subject) {
			issues[string(c.issuer)] = true
		}
	}
	next := -1
	for i, c := range certs {
		if c.subject != nil && !issues[string(c.subject)] && (next < 0 || certs[next].ca && !c.ca) {
			next = i
		}
	}
	var order []int
	for next >= 0 {
		order = append(order, next)
		want := certs[next].issuer
		next = slices.IndexFunc(certs, func(c naming) bool { return c.subject != nil && bytes.Equal(c.subject, want) })
		if slices.Contains(order, next) {
			break
		}
	}
	var out [][]byte
	for _, i := range order {
		out = append(out, ders[i])
	}
	for i, der := range ders {
		if !slices.Contains(order, i) {
			out = append(out, der)
		}
	}
	return out
}

// A naming is whose a certificate is, as DER, and nothing where it cannot be read: of thousands
// of certificates no more is kept.
type naming struct {
	issuer, subject []byte
	ca              bool
}

func namingOf(der []byte) naming {
	c, err := bound.Certificate(der)
	if err != nil {
		return naming{}
	}
	return naming{bytes.Clone(c.RawIssuer), bytes.Clone(c.RawSubject), c.IsCA}
}
