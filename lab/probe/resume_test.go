package probe

import (
	"context"
	"crypto/tls"
	"net"
	"reflect"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// session returns a session with a server that has this configuration.
func session(t *testing.T, cfg *tls.Config) account.Session {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = tls.Server(far, cfg).Write([]byte{0})
		far.Close()
	}()
	kept := tls.NewLRUClientSessionCache(1)
	c := tls.Client(near, &tls.Config{InsecureSkipVerify: true, ServerName: host, ClientSessionCache: kept})
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	near.Close()
	<-done
	s, ok := kept.Get(host)
	if !ok {
		t.Fatal("no ticket came")
	}
	ticket, state, err := s.ResumptionState()
	if err != nil {
		t.Fatal(err)
	}
	data, err := state.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return account.Session{Ticket: ticket, State: data}
}

// A kept session is resumed and said to be, the chain is the one remembered, and the session
// does not get into the observation. What cannot be read, or is refused, resumes nothing.
func TestResume(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		before, after := goodTLS(t), goodTLS(t)
		for _, cfg := range []*tls.Config{before, after} {
			cfg.MaxVersion = version
			cfg.SetSessionTicketKeys([][32]byte{{1}})
		}
		kept := session(t, before)
		for _, e := range account.Endpoints() {
			set := settings(e, serve(t, healthy(e, after)))
			for _, c := range []struct {
				session account.Session
				resumed bool
				chain   [][]byte
			}{
				{kept, true, before.Certificates[0].Certificate},
				{account.Session{}, false, after.Certificates[0].Certificate},
				{account.Session{Ticket: kept.Ticket, State: []byte("noise")}, false, after.Certificates[0].Certificate},
				{account.Session{Ticket: []byte("noise"), State: kept.State}, false, after.Certificates[0].Certificate},
			} {
				set.Session = c.session
				o := (&Prober{}).Look(context.Background(), set)
				expect(t, o, Done, Fine)
				if o.TLS.Resumed != c.resumed || !reflect.DeepEqual(o.TLS.Chain, c.chain) || !o.Settings.Session.IsZero() {
					t.Errorf("%s: resumed %v, session kept %v", e, o.TLS.Resumed, !o.Settings.Session.IsZero())
				}
			}
		}
	}
}

func TestRepeatIsBounded(t *testing.T) {
	set := settings(account.IMAPS, serve(t, healthy(account.IMAPS, goodTLS(t))))
	for count, want := range map[int]int{-1: 0, 0: 0, 3: 3, 1000: maxRepeats} {
		got := (&Prober{}).Answer(t.Context(), []Ask{{Kind: Repeat, Settings: set, Count: count}})[0]
		if len(got.Repeats) != want || got.Error != "" {
			t.Errorf("%d: %d looks", count, len(got.Repeats))
		}
		for _, o := range got.Repeats {
			expect(t, o, Done, Fine)
		}
	}
}
