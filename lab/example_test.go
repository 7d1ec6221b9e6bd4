package lab_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A test passes its *testing.T; an example has none, and ends what was started by itself.
func exampleT() (t *recordingTB, end func()) {
	t = &recordingTB{}
	return t, func() {
		for _, f := range t.cleanups {
			f()
		}
	}
}

// A client is held to refusing a certificate that has expired.
func ExampleStart() {
	t, end := exampleT()
	defer end()

	srv := lab.Start(t, "expired-leaf", nil)
	_, err := tls.Dial("tcp", srv.Addr(account.IMAPS), srv.ClientConfig())
	var invalid x509.CertificateInvalidError
	fmt.Println(errors.As(err, &invalid) && invalid.Reason == x509.Expired)
	// Output: true
}

// The journal tells what the server saw of the client: here that it asked for the right name, and
// refused before any password came.
func ExampleJournal_Wait() {
	t, end := exampleT()
	defer end()

	srv := lab.Start(t, "wrong-host-single", nil)
	_, _ = tls.Dial("tcp", srv.Addr(account.IMAPS), srv.ClientConfig()) // refused, as the journal tells

	entry, err := srv.Journal().Wait(context.Background(), func(e lab.Entry) bool { return e.Endpoint == account.IMAPS })
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("connection", entry.ID, "asked for", entry.SNI)
	fmt.Println("stage", entry.Stage, "with alert", *entry.Alert, "and password", entry.Password)
	// Output:
	// connection 1 asked for mail.lab.test
	// stage hello with alert 42 and password none
}

// A loop over a subscription sees each connection begin and end.
func ExampleJournal_Subscribe() {
	t, end := exampleT()
	defer end()

	srv := lab.Start(t, "self-signed-leaf", nil)
	events := srv.Journal().Subscribe(context.Background())
	_, _ = tls.Dial("tcp", srv.Addr(account.POP3S), srv.ClientConfig())
	for e := range events {
		fmt.Println(e.Endpoint, "open:", e.Open)
		if !e.Open {
			break
		}
	}
	// Output:
	// pop3s open: true
	// pop3s open: false
}

// A case of one's own says what is broken, and all else is healthy.
func ExampleStartCase() {
	t, end := exampleT()
	defer end()

	srv := lab.StartCase(t, scenarios.Case{
		Host:     "imap.shop.test",
		Services: []scenarios.Service{{Chain: []certs.Fault{certs.OmitIntermediate()}}},
	}, nil)
	_, err := tls.Dial("tcp", srv.Addr(account.IMAPS), srv.ClientConfig())
	var unknown x509.UnknownAuthorityError
	fmt.Println(errors.As(err, &unknown), unknown.Cert.DNSNames[0])
	// Output: true imap.shop.test
}
