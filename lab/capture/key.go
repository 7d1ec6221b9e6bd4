package capture

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// ErrEncrypted says that a private key wants a password.
var ErrEncrypted = errors.New("the private key is encrypted, and a server that starts by itself has nobody to ask for the password; " +
	"'openssl pkey -in FILE -out NEWFILE' writes one without")

// ErrNoKey says that there is no private key in a file at all.
var ErrNoKey = errors.New("there is no private key in it")

// ReadKey reads the private key of a server: PEM or DER, in PKCS #8 form or the older ones of RSA
// and EC. It is never part of an error or of anything that is printed.
func ReadKey(data []byte) (crypto.Signer, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("the file is larger than %d MB, and no key is", MaxFile>>20)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, fmt.Errorf("%w: the file is empty", ErrNoKey)
	}
	text := plain(data)
	if !bytes.Contains(text, []byte(beginMark)) {
		if classify(data) == encryptedKey {
			return nil, ErrEncrypted
		}
		return parseKey(data)
	}
	var a armour
	var found crypto.Signer
	others := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		b, _ := a.line(strings.TrimSpace(line))
		switch {
		case b == nil:
		case b.Type == "ENCRYPTED PRIVATE KEY", isEncrypted(b):
			return nil, ErrEncrypted
		case !strings.HasSuffix(b.Type, "PRIVATE KEY"):
			others[b.Type] = true
		case found != nil:
			return nil, errors.New("there is more than one private key in it; leave only the one that belongs to the certificate")
		default:
			key, err := parseKey(b.Bytes)
			if err != nil {
				return nil, err
			}
			found = key
		}
	}
	a.end()
	switch {
	case found != nil:
		return found, nil
	case len(a.damaged) > 0:
		// The name of a damaged block is not told: it may be anything, a part of the key too.
		return nil, fmt.Errorf("there is no private key in it that can be read: a block %s", a.how)
	case others["CERTIFICATE"]:
		return nil, fmt.Errorf("%w, only certificates: the two files may have been mixed up", ErrNoKey)
	}
	return nil, ErrNoKey
}

// isEncrypted knows the older form, with headers (RFC 1421).
func isEncrypted(b *pem.Block) bool { return strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED") }

// maxKey is the most bytes of a private key (DER) that is looked at: one of RSA with 16,384 bits has
// 9.3 kB. Whoever parses a key computes with it, to see whether it is one.
const maxKey = 12 << 10

func parseKey(der []byte) (crypto.Signer, error) {
	if len(der) > maxKey {
		return nil, fmt.Errorf("the private key has %d kB, and no server can work with one that large", len(der)>>10)
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("the private key cannot be read: it is damaged, or of a kind that this program does not know")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the private key cannot sign, and a tls server must")
	}
	return signer, nil
}

// Fits reports whether a certificate (DER) is for this key.
func Fits(der []byte, key crypto.Signer) bool {
	c, err := bound.Certificate(der)
	if err != nil {
		return false
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(c.PublicKey)
}
