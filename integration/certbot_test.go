package integration

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

const (
	acmeFiles = "/root/acme"
	renewal   = "certbot renew --force-renewal --no-random-sleep-on-renew --cert-name " + Host
	liveChain = "/etc/letsencrypt/live/" + Host + "/fullchain.pem"
)

// TestCertbotRenewsAndTheHookLoads has a real ACME server issue to certbot beside Dovecot and
// Postfix. Without a hook a renewal reaches the disk and nothing else; the hook that the remedy
// prints brings it to both servers.
func TestCertbotRenewsAndTheHookLoads(t *testing.T) {
	needDocker(t)
	if testing.Short() {
		t.Skip("not in the short run")
	}
	t.Parallel()
	start := time.Now()
	dovecot, postfix := productNamed(t, "Dovecot 2.3"), productNamed(t, "Postfix 3.7")
	m := newMachine(t, "bookworm")
	imap, smtp := prepare(t, m, dovecot), prepare(t, m, postfix)
	c := startACME(t, m)

	order := imap.request(t)
	must(t, imap.run(t.Context(), order))
	must(t, imap.edit(t.Context(), "/etc/dovecot/conf.d/10-ssl.conf",
		"ssl_cert = <"+liveChain+"\nssl_key = </etc/letsencrypt/live/"+Host+"/privkey.pem\n", dovecot.Reload))
	must(t, imap.run(t.Context(), "cat /etc/letsencrypt/live/"+Host+"/privkey.pem "+liveChain+" > "+postfix.Cert+"\npostfix reload"))
	expectServed(t, c, imap, live(t, imap))
	expectServed(t, c, smtp, live(t, imap))

	t.Run("no hook", func(t *testing.T) {
		old := live(t, imap)
		must(t, imap.run(t.Context(), renewal))
		expectNotLoaded(t, c, imap, old)
	})
	hook := imap.hook(t)
	t.Run("a hook that is not executable is passed over", func(t *testing.T) {
		must(t, imap.run(t.Context(), dovecot.Reload))
		old := live(t, imap)
		expectServed(t, c, imap, old)
		written, _, ok := strings.Cut(hook.Run, "chmod 755")
		if !ok {
			t.Fatal("the remedy does not make the hook executable")
		}
		must(t, imap.run(t.Context(), written+"chmod 644 /etc/letsencrypt/renewal-hooks/deploy/mail"))
		must(t, imap.run(t.Context(), renewal))
		expectNotLoaded(t, c, imap, old)
	})
	t.Run("the hook, by hand", func(t *testing.T) {
		must(t, imap.run(t.Context(), hook.Script()))
		proven.add(remedy.Certbot, remedy.Hook)
		expectServed(t, c, imap, live(t, imap))
		expectServed(t, c, smtp, live(t, imap))
	})
	t.Run("the hook, by certbot", func(t *testing.T) {
		old := live(t, imap)
		must(t, imap.run(t.Context(), renewal))
		if finding.Fingerprint(live(t, imap)[0]) == finding.Fingerprint(old[0]) {
			t.Fatal("certbot has renewed nothing")
		}
		expectServed(t, c, imap, live(t, imap))
		expectServed(t, c, smtp, live(t, imap))
	})
	t.Run("the hook, for another certificate", func(t *testing.T) {
		must(t, imap.run(t.Context(), "mv "+liveChain+" "+liveChain+".away\n"+
			"RENEWED_LINEAGE=/etc/letsencrypt/live/www.lab.test /etc/letsencrypt/renewal-hooks/deploy/mail\n"+
			"mv "+liveChain+".away "+liveChain))
		expectServed(t, c, smtp, live(t, imap))
	})
	one := row{server: "certbot 2.1", fault: "renewed without a hook", before: "clean, by the old pair", action: "the hook of the remedy", after: "clean", took: time.Since(start)}
	report.addPorts(smtp.accounts, one)
	one.before += "; beside the file: " + string(finding.RenewedNotLoaded)
	report.addPorts(imap.accounts, one)
}

func productNamed(t *testing.T, name string) Product {
	t.Helper()
	all := Products()
	i := slices.IndexFunc(all, func(p Product) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("there is no product %s", name)
	}
	return all[i]
}

// request returns the command by which the remedy orders a certificate from certbot.
func (s *subject) request(t *testing.T) string {
	t.Helper()
	const whom = "Let's Encrypt with certbot"
	advice, _ := s.book.For(finding.SelfSigned)
	all := advice.Fill(finding.Facts{Host: Host}).Admin
	i := slices.IndexFunc(all, func(steps remedy.Steps) bool { return steps.For == whom })
	if i < 0 {
		t.Fatalf("no steps for %q", whom)
	}
	return all[i].Config
}

// hook returns the remedy's deploy hook.
func (s *subject) hook(t *testing.T) remedy.Procedure {
	t.Helper()
	advice, _ := s.book.For(finding.RenewedNotLoaded)
	steps, ok := advice.Fill(finding.Facts{Host: Host}).Procedure(remedy.Hook, remedy.Certbot)
	if !ok {
		t.Fatal("the advice about a renewal that was not loaded has no hook")
	}
	return steps.Procedure
}

// live returns the certificates that certbot has last put on the disk.
func live(t *testing.T, s *subject) [][]byte {
	t.Helper()
	data, err := s.Machine.Read(t.Context(), "root", liveChain)
	must(t, err)
	contents, err := capture.Read(data, "")
	must(t, err)
	return contents.Certificates
}

func expectServed(t *testing.T, c *Client, s *subject, chain [][]byte) {
	t.Helper()
	good := func(v View) bool { return v.clean() && v.presents(finding.Fingerprint(chain[0])) }
	if v := s.await(t.Context(), c, s.accounts, good); !good(v) {
		t.Fatalf("%s should present what is on the disk, and be clean: %s", s.Name, v.words())
	}
}

// expectNotLoaded wants the old certificate on every port, in order as it is, and the diagnosis
// that a newer one lies on the disk.
func expectNotLoaded(t *testing.T, c *Client, s *subject, old [][]byte) {
	t.Helper()
	if fresh := live(t, s); finding.Fingerprint(fresh[0]) == finding.Fingerprint(old[0]) {
		t.Fatal("certbot has renewed nothing")
	}
	if v := c.Look(t.Context(), s.accounts, nil); !v.clean() || !v.presents(finding.Fingerprint(old[0])) {
		t.Fatalf("%s should go on with the old certificate: %s", s.Name, v.words())
	}
	v := c.Look(t.Context(), s.accounts, live(t, s))
	for _, e := range v.Report.Endpoints {
		if got := sorted(finding.Codes(e.Findings)); got != string(finding.RenewedNotLoaded) {
			t.Errorf("%s beside the file: found %s, want %s", e.Endpoint, got, finding.RenewedNotLoaded)
		}
	}
}

// startACME starts Pebble, the ACME server that Let's Encrypt tests clients with, on the machine,
// and sets certbot up for it. It returns a client that trusts what Pebble issues.
func startACME(t *testing.T, m *Machine) *Client {
	t.Helper()
	ctx := t.Context()
	must(t, m.c.CopyToContainer(ctx, program(t, m, "github.com/letsencrypt/pebble/v2/cmd/pebble"), acmeFiles+"/pebble", 0o755))
	own, err := certs.NewAuthority(certs.Options{})
	must(t, err)
	b, err := own.Build(certs.Spec{})
	must(t, err)
	door, err := PairOf(b) // of Pebble's own https
	must(t, err)
	for name, data := range map[string][]byte{
		"door.pem": door.Chain, "door.key": door.Key, "door-root.pem": pemChain([][]byte{own.Root().Raw}),
		"pebble.json": []byte(pebbleConfig), "roots.py": []byte(pebbleRoots),
	} {
		must(t, m.Write(ctx, acmeFiles+"/"+name, data))
	}
	must(t, m.Write(ctx, "/etc/letsencrypt/cli.ini", []byte(certbotConfig)))
	_, err = m.Run(ctx, acmeFiles, "cat door-root.pem >> /etc/ssl/certs/ca-certificates.crt\n"+
		"PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 setsid ./pebble -config pebble.json >pebble.log 2>&1 &\n"+
		"timeout 30 sh -c 'until grep -q \"ACME directory available\" pebble.log; do :; done' || { cat pebble.log; exit 1; }")
	must(t, err)
	out, err := m.Run(ctx, acmeFiles, "python3 roots.py")
	must(t, err)
	block, _ := pem.Decode([]byte(out))
	if block == nil {
		t.Fatalf("Pebble's root cannot be read: %s", out)
	}
	root, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	return newClient([]*x509.Certificate{root}, nil)
}

// pebbleConfig has Pebble answer on the machine itself only, and ask certbot back on port 80.
var pebbleConfig = fmt.Sprintf(`{"pebble": {
  "listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
  "certificate": "%[1]s/door.pem", "privateKey": "%[1]s/door.key", "httpPort": 80, "tlsPort": 443, "keyAlgorithm": "ecdsa",
  "profiles": {"default": {"description": "ninety days", "validityPeriod": 7776000}}
}}`, acmeFiles)

// pebbleRoots prints the root of what Pebble issues, which it makes at each start.
const pebbleRoots = `import ssl, urllib.request
door = ssl.create_default_context(cafile="door-root.pem")
print(urllib.request.urlopen("https://localhost:15000/roots/0", context=door).read().decode())
`

// certbotConfig says once what an admin of Let's Encrypt need not say, so that the remedies'
// commands run word for word.
const certbotConfig = `server = https://localhost:14000/dir
agree-tos = true
register-unsafely-without-email = true
non-interactive = true
`
