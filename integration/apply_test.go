package integration

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// rollsBack gives the server a pair that does not match. The check refuses it; past the check the
// server gets it, does worse, and has the old pair again, file by file.
func (s *subject) rollsBack(t *testing.T) {
	start := time.Now()
	s.heal(t)
	fresh, err := s.issue(Host)
	must(t, err)
	stranger, err := s.issue(Host)
	must(t, err)
	cure := Cure{Action: action.Action{Kind: action.Renew}, Procedure: s.procedure(remedy.InstallPair), Pair: Pair{Chain: fresh.Chain, Key: stranger.Key}}

	before := s.configured(t)
	_, err = s.Apply(t.Context(), s.client, s.accounts, cure)
	var refused *Refused
	if !errors.As(err, &refused) || sorted(finding.Codes(refused.Findings)) != string(finding.KeyDoesNotMatch) {
		t.Fatalf("the check says %v, want a refusal for %s", err, finding.KeyDoesNotMatch)
	}
	if s.configured(t) != before {
		t.Fatal("a refused pair left something in the configuration")
	}

	s.Patience = 3 * time.Second // it will not show, however long one waits
	_, err = s.exchange(t.Context(), s.client, s.accounts, cure)
	s.Patience = patience
	var back *RolledBack
	if !errors.As(err, &back) || back.Err != nil {
		t.Fatalf("past the check: %v, want the old state back", err)
	}
	if s.configured(t) != before {
		t.Error("the configuration is not what it was")
	}
	s.expectHealthy(t)
	report.addPorts(s.accounts, row{
		server: s.Name, fault: "a pair that does not match, as a cure", before: "clean",
		action: "refused; installed all the same, and rolled back", after: "clean", took: time.Since(start),
	})
}

// configured returns a digest of every file of the configuration, with owner and mode.
func (s *subject) configured(t *testing.T) string {
	t.Helper()
	out, err := s.Machine.Run(t.Context(), s.Config, "find . -type f -exec stat -c '%n %U %G %a' {} + -exec sha256sum {} + | sort")
	must(t, err)
	return out
}

// loadsBySelf puts a renewed pair into the server's files and tells it nothing.
func (s *subject) loadsBySelf(t *testing.T) {
	start := time.Now()
	s.heal(t)
	fresh, err := s.issue(Host)
	must(t, err)
	must(t, s.replaceFiles(t.Context(), fresh))
	shown := func(v View) bool { return v.presents(fresh.Fingerprint()) && v.clean() }
	if v := s.await(t.Context(), s.client, s.accounts, shown); !shown(v) {
		t.Fatalf("%s does not load a changed pair by itself: %s", s.Name, v.words())
	}
	report.addPorts(s.accounts, row{
		server: s.Name, fault: "renewed, not loaded", before: "clean, by the old pair",
		action: "none: it watches its files", after: "clean", took: time.Since(start),
	})
	// Told at once, it need not look by itself.
	must(t, s.replaceFiles(t.Context(), s.healthy))
	must(t, s.carryOut(t.Context(), s.procedure(remedy.Reload)))
	s.expectHealthy(t)
	proven.add(s.Procedures, remedy.Reload)
}

// legacy installs a pair in the way of Postfix before 3.4, which newer ones still take.
func (s *subject) legacy(t *testing.T) {
	s.heal(t)
	fresh, err := s.issue(Host)
	must(t, err)
	s.Procedures = remedy.PostfixLegacy
	defer func() { s.Procedures = remedy.Postfix }()
	must(t, s.run(t.Context(), "postconf -X smtpd_tls_chain_files"))
	cure := Cure{Action: action.Action{Kind: action.Renew}, Procedure: s.procedure(remedy.InstallPair), Pair: fresh}
	if _, err := s.Apply(t.Context(), s.client, s.accounts, cure); err != nil {
		t.Fatal(err)
	}
	proven.add(remedy.PostfixLegacy, remedy.InstallPair)
}

// decrypted runs what the remedy of an encrypted key prints, typing the password, and returns the
// key that comes of it.
func (s *subject) decrypted(t *testing.T, f finding.Finding) []byte {
	t.Helper()
	advice, _ := s.book.For(f.Code)
	i := slices.IndexFunc(advice.Admin, func(st remedy.Steps) bool { return strings.Contains(st.Config, "encrypted.key") })
	if i < 0 {
		t.Fatalf("the advice about %s does not say how to take the password off", f.Code)
	}
	_, err := s.Machine.Run(t.Context(), newFiles, "cp "+s.Key+" encrypted.key\nrm privkey.pem\nprintf 'lab\\n' | "+advice.Admin[i].Config)
	must(t, err)
	key, err := s.Machine.Read(t.Context(), "root", newFiles+"/privkey.pem")
	must(t, err)
	return key
}

// hooked has the remedy's deploy hook bring a renewed pair from certbot's folder to the server.
func (s *subject) hooked(t *testing.T) {
	s.heal(t)
	fresh, err := s.issue(Host)
	must(t, err)
	lineage := "/etc/letsencrypt/live/" + Host
	must(t, s.Machine.Write(t.Context(), lineage+"/fullchain.pem", fresh.Chain))
	must(t, s.Machine.Write(t.Context(), lineage+"/privkey.pem", fresh.Key))
	must(t, s.run(t.Context(), s.hook(t).Script()))
	shown := func(v View) bool { return v.presents(fresh.Fingerprint()) && v.clean() }
	if v := s.await(t.Context(), s.client, s.accounts, shown); !shown(v) {
		t.Fatalf("the hook does not bring a new pair to %s: %s", s.Name, v.words())
	}
}

// keepsOptions looks whether an option that stood in master.cf before the remedies did is there.
func (s *subject) keepsOptions(t *testing.T) {
	s.heal(t)
	must(t, s.carryOut(t.Context(), s.procedure(remedy.OpenPorts)))
	out, err := s.Machine.Run(t.Context(), "/", "postconf -P submission/inet/smtpd_helo_required")
	must(t, err)
	if !strings.Contains(out, "smtpd_helo_required = yes") {
		t.Errorf("the option is gone: %q", out)
	}
}
