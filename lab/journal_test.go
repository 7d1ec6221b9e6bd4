package lab_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

// refuse connects with a client that refuses the certificate.
func refuse(t *testing.T, srv *lab.Server, e account.Endpoint) {
	t.Helper()
	config := srv.ClientConfig()
	config.NextProtos = []string{"imap"}
	if conn, err := tls.Dial("tcp", srv.Addr(e), config); err == nil {
		conn.Close()
		t.Fatal("it was not refused")
	}
}

func TestEntryHasNumberAndTimes(t *testing.T) {
	before := time.Now()
	srv := lab.Start(t, "expired-leaf", nil)
	for range 2 {
		refuse(t, srv, account.IMAPS)
	}
	second := wait(t, srv, func(e lab.Entry) bool { return e.ID == 2 })
	if second.Open || second.Began.Before(before) || second.Ended.Before(second.Began) {
		t.Errorf("open, or at odd times: %+v", second)
	}
	var stages []lab.Stage
	last := second.Began
	for _, m := range second.Reached {
		stages = append(stages, m.Stage)
		if m.At.Before(last) || m.At.After(second.Ended) {
			t.Errorf("%s was reached at %s, out of order: %+v", m.Stage, m.At, second)
		}
		last = m.At
	}
	if want := []lab.Stage{lab.StageConnected, lab.StageHello}; !slices.Equal(stages, want) || second.Stage != lab.StageHello {
		t.Errorf("stages %v, the last %s; want %v", stages, second.Stage, want)
	}
	if !slices.Contains(second.Suites, tls.TLS_AES_128_GCM_SHA256) || !slices.Contains(second.Groups, uint16(tls.X25519)) || !slices.Equal(second.ALPN, []string{"imap"}) {
		t.Errorf("what Go's ClientHello offers is not told: %+v", second)
	}
	data, err := json.Marshal(second)
	if err != nil || !strings.Contains(string(data), `"id":2`) || strings.Contains(string(data), `"open"`) {
		t.Errorf("%s %v", data, err)
	}
}

// TestOpenConnectionsAreTold: one that has begun to speak, and has not ended.
func TestOpenConnectionsAreTold(t *testing.T) {
	srv := lab.Start(t, "ok-full-chain", nil)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	events := srv.Journal().Subscribe(ctx)
	conn, err := net.Dial("tcp", srv.Addr(account.IMAPStartTLS))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	open := srv.Journal().Open()
	if len(open) != 1 || !open[0].Open || open[0].ID != 1 || open[0].Stage != lab.StageGreeted || !open[0].Ended.IsZero() {
		t.Errorf("one connection is open and greeted: %+v", open)
	}
	if len(srv.Journal().Entries()) != 0 {
		t.Errorf("none has ended: %+v", srv.Journal().Entries())
	}
	conn.Close()
	var got []bool
	for e := range events {
		got = append(got, e.Open)
		if !e.Open {
			break
		}
	}
	if !slices.Equal(got, []bool{true, false}) {
		t.Errorf("a subscriber was told of it as open %v, want once open and once not", got)
	}
	if len(srv.Journal().Open()) != 0 {
		t.Errorf("it is over: %+v", srv.Journal().Open())
	}
}

// TestSubscriptionEnds: with its context, and with the server.
func TestSubscriptionEnds(t *testing.T) {
	srv := lab.Start(t, "expired-leaf", nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events := srv.Journal().Subscribe(ctx)
	refuse(t, srv, account.IMAPS)
	n := 0
	for range events {
		n++
		cancel()
	}
	if n != 1 {
		t.Errorf("%d events came after the context had ended", n-1)
	}
	rest := srv.Journal().Subscribe(context.Background())
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}
	for e := range rest {
		if e.Open {
			t.Errorf("a connection began: %+v", e)
		}
	}
	if _, err := srv.Journal().Wait(context.Background(), func(e lab.Entry) bool { return e.ID == 7 }); !errors.Is(err, lab.ErrClosed) {
		t.Errorf("nothing comes any more, and Wait says %v", err)
	}
}

// TestStagesAreThoseOfTheWire: each stage the wire knows has a constant here, spelt the same.
func TestStagesAreThoseOfTheWire(t *testing.T) {
	for stage, want := range map[lab.Stage]wire.Stage{
		lab.StageConnected: wire.Connected, lab.StageGreeted: wire.Greeted, lab.StageSTARTTLS: wire.Asked, lab.StageHello: wire.Hello,
		lab.StageHandshake: wire.Handshake, lab.StageCommand: wire.Command, lab.StageLogin: wire.Login,
	} {
		if string(stage) != string(want) {
			t.Errorf("%q here, %q there", stage, want)
		}
	}
	for state, want := range map[lab.PasswordState]string{
		lab.NoPassword: wire.NoPassword, lab.EncryptedPassword: wire.PasswordTLS, lab.ClearPassword: wire.PasswordClear,
	} {
		if string(state) != want {
			t.Errorf("%q here, %q there", state, want)
		}
	}
}

func TestDidTellsWhatTheClientDid(t *testing.T) {
	alert := uint8(45)
	for want, e := range map[string]lab.Entry{
		"anna's phone (asked for mail.lab.test) refused: alert 45, expired certificate": {SNI: "mail.lab.test", Alert: &alert, Stage: lab.StageHello},
		"anna's phone accepted the certificate and logged in":                           {LoggedIn: true, Password: lab.EncryptedPassword, Stage: lab.StageLogin},
		"anna's phone logged in WITHOUT encryption":                                     {LoggedIn: true, Password: lab.ClearPassword, Stage: lab.StageLogin},
		"anna's phone sent a password WITHOUT encryption":                               {Password: lab.ClearPassword, Stage: lab.StageCommand},
		"anna's phone accepted the certificate and sent a password that is wrong":       {Password: lab.EncryptedPassword, Stage: lab.StageCommand},
		"anna's phone accepted the certificate and did not log in":                      {Stage: lab.StageCommand, Password: lab.NoPassword, Versions: []uint16{tls.VersionTLS13}},
		"anna's phone spoke without encryption and did not log in":                      {Stage: lab.StageCommand, Password: lab.NoPassword},
		"anna's phone completed the handshake and left without a command":               {Stage: lab.StageHandshake},
		"anna's phone broke off the handshake: EOF":                                     {Stage: lab.StageHello, Error: "EOF"},
		"anna's phone left after connected":                                             {Stage: lab.StageConnected},
	} {
		e.Client = "anna's phone"
		if got := e.Did(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
