package probe

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// TestOldServerHello: the version of a ServerHello that crypto/tls refuses is kept.
func TestOldServerHello(t *testing.T) {
	hello := append([]byte{22, 3, 0, 0, 42, 2, 0, 0, 38, 3, 0}, make([]byte, 36)...)
	o := look(t, account.IMAPS, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_, _ = c.Write(hello)
		wait(c)
	})
	expect(t, o, Handshaking, BadTLS)
	if o.TLS == nil || o.TLS.Chosen != 0x0300 || o.TLS.Version != 0 {
		t.Errorf("tls: %+v", o.TLS)
	}
	roundTrip(t, o)
	for _, tape := range [][]byte{nil, hello[:7], hello[:12], {22, 3, 0, 0, 1, 2}, {21, 3, 0, 0, 2, 2, 40}} {
		if v := versionInRecords(tape); v != 0 {
			t.Errorf("version %x in %x", v, tape)
		}
	}
}

// TestSmallHello: the setting keeps the ClientHello within one packet, and nothing else does.
func TestSmallHello(t *testing.T) {
	for small, fits := range map[bool]func(int) bool{false: func(n int) bool { return n > 1400 }, true: func(n int) bool { return n < 700 }} {
		size := make(chan int, 1)
		address := serve(t, func(c net.Conn) {
			var header [5]byte
			_, _ = io.ReadFull(c, header[:])
			size <- int(header[3])<<8 | int(header[4])
		})
		set := settings(account.IMAPS, address)
		set.SmallHello = small
		(&Prober{}).Look(t.Context(), set)
		if n := <-size; !fits(n) {
			t.Errorf("small %v: %d bytes", small, n)
		}
	}
}

// TestWaited: the wait for the first byte is written down, in both modes, and none for silence.
func TestWaited(t *testing.T) {
	cfg := goodTLS(t)
	for _, e := range []account.Endpoint{account.IMAPS, account.IMAPStartTLS, account.Web} {
		began := time.Now()
		o := look(t, e, healthy(e, cfg))
		if o.Waited <= 0 || o.Waited > time.Since(began) {
			t.Errorf("%s: waited %v", e, o.Waited)
		}
	}
	o := (&Prober{Timeout: brief}).Look(t.Context(), settings(account.IMAPS, serve(t, silence)))
	if o.Waited != 0 {
		t.Errorf("silence: waited %v", o.Waited)
	}
}

// TestLookAgain makes one more connection with the same settings.
func TestLookAgain(t *testing.T) {
	set := settings(account.IMAPS, serve(t, healthy(account.IMAPS, goodTLS(t))))
	got := (&Prober{}).Answer(t.Context(), []Ask{{Kind: LookAgain, Settings: set}})
	if got[0].Observation == nil || got[0].Observation.Listed || got[0].Observation.TLS.Version != tls.VersionTLS13 {
		t.Errorf("%+v", got[0])
	}
}
