package capture

import (
	"bytes"
	"crypto/x509"
	"testing"
	"unicode/utf8"

	"github.com/smallstep/pkcs7"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// FuzzRead reads certificates out of anything.
func FuzzRead(f *testing.F) {
	p := newPKI(f)
	f.Add(p.pem())
	f.Add(p.der())
	f.Add(p.certs[0].Raw[:100])
	f.Add([]byte("\xff\xfe-\x00-\x00"))
	f.Add([]byte("MIIB"))
	f.Add(block("PKCS7", []byte{0x30, 0x80}))
	if bag, err := pkcs7.DegenerateCertificate(p.der()); err == nil {
		f.Add(bag)
	}
	if bag, err := pkcs12.Passwordless.Encode(p.key, p.certs[0], p.certs[1:], ""); err == nil {
		f.Add(bag)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Read(data, "")
		if (err == nil) != (len(c.Certificates) > 0) && err == nil {
			t.Errorf("no error and no certificate")
		}
		if err != nil {
			sentence(t, err.Error())
		}
		sentence(t, c.Sentence())
		for _, s := range c.NotRead {
			sentence(t, s)
		}
		if got := LeafFirst(c.Certificates); len(got) != len(c.Certificates) {
			t.Errorf("%d of %d certificates sorted", len(got), len(c.Certificates))
		}
	})
}

// FuzzText reads anything as a text.
func FuzzText(f *testing.F) {
	for _, data := range samples(f) {
		f.Add(data)
	}
	for _, data := range readLogs(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ReadText(bytes.NewReader(data), "")
		if err != nil {
			sentence(t, err.Error())
			return
		}
		for _, s := range append(d.Read, d.NotRead...) {
			sentence(t, s)
		}
		claims := d.Claims
		for _, s := range d.Sessions {
			if len(s.Settings.Host) > account.MaxHost || s.Settings.Port < 0 || s.Settings.Port > 65535 {
				t.Errorf("%+v", s.Settings)
			}
			claims = append(claims, s.Claims...)
		}
		for _, c := range claims {
			if sentence(t, c.Text); len(c.Codes) == 0 || c.By == "" {
				t.Errorf("%+v", c)
			}
			for _, code := range c.Codes {
				if _, ok := finding.Lookup(code); !ok {
					t.Errorf("%s is no code", code)
				}
			}
		}
	})
}

// FuzzKey reads anything as a private key.
func FuzzKey(f *testing.F) {
	p := newPKI(f)
	if der, err := x509.MarshalECPrivateKey(p.key); err == nil {
		f.Add(der)
		f.Add(block("EC PRIVATE KEY", der))
	}
	f.Add(p.pem())
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := ReadKey(data)
		if (key == nil) == (err == nil) {
			t.Errorf("%v and %v", key, err)
		}
		if err != nil {
			sentence(t, err.Error())
			if len(data) > 60 && bytes.Contains([]byte(err.Error()), data[20:60]) {
				t.Error("a key is quoted")
			}
		}
	})
}

// sentence holds what can be told: bounded, and of valid characters.
func sentence(t *testing.T, s string) {
	t.Helper()
	if len(s) > 3*finding.MaxQuote+500 || !utf8.ValidString(s) {
		t.Errorf("%d bytes: %.100q", len(s), s)
	}
}
