package lab_test

import (
	"crypto/tls"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
)

// valid says which of n connections in a row met a certificate that a client accepts.
func valid(t *testing.T, srv *lab.Server, e account.Endpoint, n int) string {
	t.Helper()
	var out []byte
	for range n {
		conn, err := tls.Dial("tcp", srv.Addr(e), srv.ClientConfig())
		if err != nil {
			out = append(out, '-')
			continue
		}
		out = append(out, '+')
		conn.Close()
	}
	return string(out)
}

// Machines are met in turn, from the same one after every change.
func TestBackendsTakeTurns(t *testing.T) {
	srv := lab.Start(t, "one-of-two-backends-expired", nil)
	for e, want := range map[account.Endpoint]string{account.IMAPS: "+-+-", account.POP3S: "-+-+"} {
		if got := valid(t, srv, e, 4); got != want {
			t.Errorf("%s: %s, want %s", e, got, want)
		}
		if _, err := srv.Apply(e, action.Action{Kind: action.RepairBackends, Fingerprint: srv.Fingerprint(e)}, srv.Device(e)); err != nil {
			t.Fatal(err)
		}
		if got := valid(t, srv, e, 4); got != "++++" {
			t.Errorf("%s: repaired, %s", e, got)
		}
		if err := srv.Restore(e); err != nil {
			t.Fatal(err)
		}
		if got := valid(t, srv, e, 4); got != want {
			t.Errorf("%s: restored, %s, want %s", e, got, want)
		}
	}
	if _, err := srv.Apply(account.IMAPS, action.Action{Kind: action.RepairBackends, Fingerprint: "ab"}, srv.Device(account.IMAPS)); err == nil {
		t.Error("no machine has that certificate")
	}
}

// Each action on the path takes away what its words say, and nothing else.
func TestActionsOnThePath(t *testing.T) {
	for id, want := range map[string]string{
		"mail-antivirus-proxy": "stop-mail-scanning", "corporate-proxy-untrusted": "leave-network exempt-mail-from-inspection",
		"selective-interception": "leave-network exempt-mail-from-inspection",
	} {
		srv := lab.Start(t, id, nil)
		var got string
		for _, kind := range []action.Kind{action.StopScanning, action.LeaveNetwork, action.ExemptMail} {
			if _, err := srv.Apply(account.IMAPS, action.Action{Kind: kind}, srv.Device(account.IMAPS)); err != nil {
				t.Fatal(err)
			}
			if valid(t, srv, account.IMAPS, 1) == "+" {
				got += " " + string(kind)
			}
			if err := srv.Restore(account.IMAPS); err != nil {
				t.Fatal(err)
			}
		}
		if got != " "+want {
			t.Errorf("%s: the server itself is reached after%s, want %s", id, got, want)
		}
	}
}

// To trust again is to renew an exception. Where there is none, nothing is trusted.
func TestTrustAgainNeedsAnException(t *testing.T) {
	a := action.Action{Kind: action.TrustAgain, Fingerprint: "ab"}
	for id, want := range map[string]int{"cert-changed-after-exception": 1, "self-signed-leaf": 0} {
		srv := lab.Start(t, id, nil)
		before := srv.Device(account.IMAPS)
		after, err := srv.Apply(account.IMAPS, a, before)
		if err != nil {
			t.Fatal(err)
		}
		if got := after.Settings.Exceptions; len(got) != want || want == 1 && (got[0].Fingerprint != "ab" || before.Settings.Exceptions[0].Fingerprint == "ab") {
			t.Errorf("%s: %+v", id, got)
		}
	}
}
