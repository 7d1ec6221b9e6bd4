package message

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/textproto"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A signed certificate has a key to go on with.
type signed struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

func noon() time.Time { return time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC) }

// sign makes a certificate; by nil signs itself.
func sign(t *testing.T, by *signed, change func(*x509.Certificate)) *signed {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "mail.example.com"}, DNSNames: []string{"mail.example.com"},
		NotBefore: noon().AddDate(0, -1, 0), NotAfter: noon().AddDate(0, 1, 0), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	change(c)
	parent, signer := c, key
	if by != nil {
		parent, signer = by.Certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return &signed{c, key}
}

func ca(c *x509.Certificate) {
	c.Subject.CommonName, c.DNSNames = "Test Root", nil
	c.IsCA, c.KeyUsage, c.ExtKeyUsage = true, x509.KeyUsageCertSign, nil
}

func same(*x509.Certificate) {}

func TestCausesOfCertificates(t *testing.T) {
	root := sign(t, nil, ca)
	pool := x509.NewCertPool()
	pool.AddCert(root.Certificate)
	verify := func(leaf *signed, host string, roots *x509.CertPool) error {
		_, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, CurrentTime: noon()})
		return fmt.Errorf("imap: %w", &tls.CertificateVerificationError{UnverifiedCertificates: []*x509.Certificate{leaf.Certificate}, Err: err})
	}
	const host = "mail.example.com"
	with := func(change func(*x509.Certificate)) *signed { return sign(t, root, change) }
	for _, tt := range []struct {
		name string
		err  error
		want finding.Code
	}{
		{"expired", verify(with(func(c *x509.Certificate) { c.NotAfter = noon().AddDate(0, 0, -1) }), host, pool), finding.Expired},
		{"not yet", verify(with(func(c *x509.Certificate) { c.NotBefore = noon().AddDate(0, 0, 1) }), host, pool), finding.NotYetValid},
		{"name", verify(with(same), "imap.example.com", pool), finding.NameMismatch},
		{"address", verify(with(same), "192.0.2.1", pool), finding.ConnectByIP},
		{"no san", verify(with(func(c *x509.Certificate) { c.DNSNames = nil }), host, pool), finding.NoSAN},
		{"purpose", verify(with(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), host, pool), finding.WrongPurpose},
		{"unknown", verify(with(same), host, x509.NewCertPool()), finding.IssuerNotTrusted},
		{"self-signed", verify(sign(t, nil, same), host, pool), finding.SelfSigned},
		{"another key", verify(sign(t, sign(t, nil, ca), same), host, pool), finding.IssuerKeyMismatch},
		{"critical", x509.UnhandledCriticalExtension{}, finding.UnknownCriticalExtension},
		{"weak", x509.InsecureAlgorithmError(x509.SHA1WithRSA), finding.WeakSignature},
		{"algorithm", fmt.Errorf("x: %w", x509.ErrUnsupportedAlgorithm), finding.UnsupportedAlgorithm},
		{"no store", x509.SystemRootsError{Err: os.ErrNotExist}, finding.RootMissingOnDevice},
		{"not a ca", x509.ConstraintViolationError{}, finding.IssuerNotACA},
		{"path", x509.CertificateInvalidError{Reason: x509.TooManyIntermediates}, finding.PathLengthExceeded},
		{"constraint", x509.CertificateInvalidError{Reason: x509.CANotAuthorizedForThisName}, finding.CANotAllowedForName},
		{"too complex", x509.CertificateInvalidError{Reason: x509.TooManyConstraints}, finding.TooComplex},
		{"names", x509.CertificateInvalidError{Reason: x509.NameMismatch}, finding.IssuerKeyMismatch},
		{"for mail", x509.CertificateInvalidError{Reason: x509.CANotAuthorizedForExtKeyUsage}, finding.IntermediateWrongPurpose},
	} {
		if got := Causes(tt.err); len(got) == 0 || got[0] != tt.want {
			t.Errorf("%s: %v means %v, want %s", tt.name, tt.err, got, tt.want)
		}
	}
}

// handshake returns what a client says of a server.
func handshake(t *testing.T, client *tls.Config, serve func(net.Conn)) error {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		if c, err := l.Accept(); err == nil {
			serve(c)
			_, _ = io.Copy(io.Discard, c) // so that what was said arrives before the end
			_ = c.Close()
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	session := tls.Client(c, client)
	if err := session.Handshake(); err != nil {
		return err
	}
	_, err = session.Read(make([]byte, 1))
	return err
}

func TestCausesOfConnections(t *testing.T) {
	leaf := sign(t, nil, same)
	pair := tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: leaf.key}
	server := func(c *tls.Config) func(net.Conn) {
		c.Certificates = append(c.Certificates, pair)
		return func(conn net.Conn) { _ = tls.Server(conn, c).Handshake() }
	}
	blind := func(highest uint16) *tls.Config { return &tls.Config{InsecureSkipVerify: true, MaxVersion: highest} }
	for _, tt := range []struct {
		name string
		err  error
		want finding.Code
	}{
		{"plain text", handshake(t, blind(0), func(c net.Conn) { _, _ = io.WriteString(c, "220 mail.example.com ESMTP\r\n") }), finding.WrongEncryptionType},
		{"too old", handshake(t, blind(tls.VersionTLS12), server(&tls.Config{MinVersion: tls.VersionTLS13})), finding.ClientTooOld},
		{"client certificate", handshake(t, blind(0), server(&tls.Config{ClientAuth: tls.RequireAnyClientCert})), finding.ClientCertificateRequired},
		{"refused", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, finding.PortClosed},
		{"no route", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}, finding.HostUnreachable},
		{"reset", &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, finding.ConnectionReset},
		{"pipe", &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, finding.HandshakeDropped},
		{"end", fmt.Errorf("tls: %w", io.EOF), finding.HandshakeDropped},
		{"dial timeout", &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, finding.ConnectTimeout},
		{"read timeout", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, finding.NoGreeting},
		{"deadline", context.DeadlineExceeded, finding.ConnectTimeout},
		{"no name", &net.DNSError{Err: "no such host", Name: "x.example", IsNotFound: true}, finding.HostNotFound},
		{"silent resolver", &net.DNSError{Err: "i/o timeout", Name: "x.example", IsTimeout: true}, finding.Unexplained},
		{"password", &textproto.Error{Code: 535, Msg: "5.7.8 Error: authentication failed: "}, finding.CredentialsRefused},
		{"anything", errors.New("the moon is in the seventh house"), finding.Unexplained},
	} {
		if got := Causes(tt.err); len(got) == 0 || got[0] != tt.want {
			t.Errorf("%s: %v means %v, want %s", tt.name, tt.err, got, tt.want)
		}
	}
	if got := Causes(nil); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// TestCausesAreCodes: whatever the reason, no unknown one panics.
func TestCausesAreCodes(t *testing.T) {
	for reason := x509.InvalidReason(0); reason < 40; reason++ {
		for _, c := range Causes(x509.CertificateInvalidError{Reason: reason}) {
			if _, ok := finding.Lookup(c); !ok {
				t.Errorf("%d: %s", reason, c)
			}
		}
	}
	if got := Causes(errors.Join(errors.New("x"), x509.HostnameError{Host: "192.0.2.1"})); !slices.Contains(got, finding.ConnectByIP) {
		t.Error(got)
	}
}
