package chain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
)

// A built row is a chain of certs.Authority: the faults it is given, and what must be found.
type built struct {
	name   string
	codes  string
	host   string // "" is the usual one
	alone  bool   // no intermediate is known
	faults []certs.Fault
}

// anyHost stands for no host at all, with which no name is checked.
const anyHost = "(none)"

func with(all ...certs.Fault) []certs.Fault { return all }

func singleRows() []built {
	return []built{
		{"healthy", "", "", false, nil},
		{"healthy, intermediates unknown", "", "", true, nil},
		{"issued by the root", "", "", true, with(certs.IssuedByRoot())},

		{"expired", "expired", "", false, with(certs.Expired(certs.Leaf, 3))},
		{"not yet valid", "not-yet-valid", "", false, with(certs.NotYetValid(certs.Leaf, 3))},
		{"expires soon", "expires-soon", "", false, with(certs.ExpiresIn(6))},
		{"expires in eight days", "", "", false, with(certs.ExpiresIn(8))},
		{"intermediate expired", "intermediate-expired", "", false, with(certs.Expired(certs.Intermediate, 3))},
		{"intermediate not yet valid", "intermediate-not-yet-valid", "", false, with(certs.NotYetValid(certs.Intermediate, 3))},
		{"root expired", "root-expired", "", false, with(certs.Expired(certs.Root, 3))},
		{"root not yet valid", "root-not-yet-valid", "", false, with(certs.NotYetValid(certs.Root, 3))},

		{"self-signed", "self-signed", "", false, with(certs.SelfSigned())},
		{"default installation", "default-installation-certificate", "", false, with(certs.DefaultInstallation())},
		{"private ca", "issuer-not-trusted", "", false, with(certs.PrivateCA())},
		{"private ca with its root", "issuer-not-trusted", "", false, with(certs.PrivateCA(), certs.RootAlsoSent())},
		{"private root only", "issuer-unknown", "", false, with(certs.PrivateRootOnly())},
		{"intermediate not sent", "missing-intermediate", "", false, with(certs.OmitIntermediate())},
		{"intermediate not sent and unknown", "issuer-unknown", "", true, with(certs.OmitIntermediate())},
		{"wrong intermediate", "missing-intermediate unrelated-certificate", "", false, with(certs.WrongIntermediate())},
		{"reversed", "chain-order unrelated-certificate", "", false, with(certs.Reversed())},
		{"root also sent", "root-also-sent", "", false, with(certs.RootAlsoSent())},
		{"issuer of the same name", "issuer-key-mismatch", "", false, with(certs.SameNameIssuer())},
		{"root with a trusted namesake", "issuer-key-mismatch", "", false, with(certs.SameNameIssuer(), certs.RootAlsoSent())},
		{"issuer is no ca", "issuer-not-a-ca", "", false, with(certs.NotCA())},
		{"ca as server", "ca-used-as-server", "", false, with(certs.CALeaf())},
		{"rsa 1024", "weak-key", "", false, with(certs.SmallRSA(1024))},
		{"sha-1", "weak-signature", "", false, with(certs.SHA1())},
		{"signature damaged", "bad-signature", "", false, with(certs.CorruptSignature())},
		{"for clients", "wrong-purpose", "", false, with(certs.ExtKeyUsage("clientAuth"))},
		{"for s/mime", "wrong-purpose", "", false, with(certs.ExtKeyUsage("emailProtection"))},
		{"another key in the handshake", "", "", false, with(certs.WrongKey())}, // no fault of the chain
	}
}

func nameRows() []built {
	return []built{
		{"no host", "", anyHost, false, with(certs.Names("other.lab.test"))},
		{"no host, expired", "expired", anyHost, false, with(certs.Expired(certs.Leaf, 3))},
		{"another name", "name-mismatch", "", false, with(certs.Names("other.lab.test"))},
		{"another domain", "name-mismatch", "mail.example.com", false, nil},
		{"another domain, expired", "name-mismatch expired", "mail.example.com", false, with(certs.Expired(certs.Leaf, 3))},
		{"a name the ca may not certify", "ca-not-allowed-for-name", "mail.example.com", false, with(certs.Names("mail.example.com"))},
		{"a name the ca may not certify, expired", "ca-not-allowed-for-name expired", "mail.example.com", false, with(certs.Names("mail.example.com"), certs.Expired(certs.Leaf, 3))},
		{"another name, and the ca may not certify it", "ca-not-allowed-for-name name-mismatch", "", false, with(certs.Names("mail.example.com"))},
		{"common name only", "no-san", "", false, with(certs.NoSAN())},
		{"common name only, trailing dot", "no-san", host + ".", false, with(certs.NoSAN())},
		{"common name only, mixed case", "no-san", "Mail.LAB.test", false, with(certs.NoSAN())},
		{"common name besides others", "name-mismatch", "", false, with(certs.Names("other.lab.test"), certs.CommonName(host))},
		{"no names", "name-mismatch", "a.test", false, with(certs.NoSAN())},
		{"wildcard", "", "", false, with(certs.Names("*.lab.test"))},
		{"wildcard too deep", "wildcard-depth", "a.b.lab.test", false, with(certs.Names("*.lab.test"))},
		{"wildcard too deep, trailing dot", "wildcard-depth", "A.b.lab.test.", false, with(certs.Names("*.lab.test"))},
		{"wildcard at its apex", "name-mismatch", "lab.test", false, with(certs.Names("*.lab.test"))},
		{"address", "connect-by-ip", "192.0.2.1", false, nil},
		{"address, expired", "connect-by-ip expired", "2001:db8::1", false, with(certs.Expired(certs.Leaf, 3))},
		{"address that is named", "", "127.0.0.1", false, nil},
		{"address that is named, v6", "", "0:0::1", false, nil},
		{"another address", "name-mismatch", "127.0.0.2", false, with(certs.Names("127.0.0.1"))},
		{"trailing dot", "", host + ".", false, nil},
		{"trailing dot, another name", "name-mismatch expired", host + ".", false, with(certs.Names("other.lab.test"), certs.Expired(certs.Leaf, 3))},
		{"mixed case", "", "MAIL.Lab.Test", false, with(certs.Names(host))},
		{"mixed case, expired", "expired", "MAIL.Lab.Test", false, with(certs.Expired(certs.Leaf, 3))},
		{"idn", "", "xn--mnchen-3ya.lab.test", false, with(certs.Names("xn--mnchen-3ya.lab.test"))},
		{"idn under a wildcard", "", "xn--mnchen-3ya.lab.test", false, nil},
		{"idn, another name", "name-mismatch expired", "xn--mnchen-3ya.lab.test", false, with(certs.Names(host), certs.Expired(certs.Leaf, 3))},
		{"no host name at all", "name-mismatch expired", "münchen lab..", false, with(certs.Expired(certs.Leaf, 3))},
	}
}

func combinedRows() []built {
	return []built{
		{"expired, name, private", "issuer-not-trusted name-mismatch expired", "", false, with(certs.Expired(certs.Leaf, 3), certs.Names("other.lab.test"), certs.PrivateCA())},
		{"expired, not sent", "missing-intermediate expired", "", false, with(certs.Expired(certs.Leaf, 3), certs.OmitIntermediate())},
		{"expired, not sent, unknown", "issuer-unknown expired", "", true, with(certs.Expired(certs.Leaf, 3), certs.OmitIntermediate())},
		{"expired, both", "expired intermediate-expired", "", false, with(certs.Expired(certs.Intermediate, 3), certs.Expired(certs.Leaf, 2))},
		{"sha-1, expired, name", "name-mismatch expired weak-signature", "", false, with(certs.SHA1(), certs.Expired(certs.Leaf, 3), certs.Names("other.lab.test"))},
		{"self-signed, expired, name", "self-signed name-mismatch expired", "", false, with(certs.SelfSigned(), certs.Expired(certs.Leaf, 3), certs.Names("other.lab.test"))},
		{"self-signed, common name only", "self-signed no-san", "", false, with(certs.SelfSigned(), certs.NoSAN())},
		{"self-signed, by address", "self-signed connect-by-ip", "192.0.2.1", false, with(certs.SelfSigned())},
		{"default installation, expired", "default-installation-certificate expired", "", false, with(certs.DefaultInstallation(), certs.Expired(certs.Leaf, 3))},
		{"default installation, by address", "default-installation-certificate", "192.0.2.1", false, with(certs.DefaultInstallation())},
		{"no ca, expired", "issuer-not-a-ca expired", "", false, with(certs.NotCA(), certs.Expired(certs.Leaf, 3))},
		{"no ca, private", "issuer-not-trusted issuer-not-a-ca", "", false, with(certs.PrivateCA(), certs.NotCA())},
		{"damaged, not sent", "missing-intermediate bad-signature", "", false, with(certs.CorruptSignature(), certs.OmitIntermediate())},
		{"damaged, expired", "expired bad-signature", "", false, with(certs.CorruptSignature(), certs.Expired(certs.Leaf, 3))},
		{"purpose, name, early, private", "issuer-not-trusted name-mismatch not-yet-valid wrong-purpose", "", false,
			with(certs.ExtKeyUsage("clientAuth"), certs.Names("other.lab.test"), certs.NotYetValid(certs.Leaf, 3), certs.PrivateCA())},
		{"weak, expired", "expired weak-key", "", false, with(certs.SmallRSA(1024), certs.Expired(certs.Leaf, 3))},
		{"private, not sent", "issuer-not-trusted", "", false, with(certs.PrivateCA(), certs.OmitIntermediate())},
		{"same name, expired", "issuer-key-mismatch expired", "", false, with(certs.SameNameIssuer(), certs.Expired(certs.Leaf, 3))},
		{"reversed, expired", "chain-order unrelated-certificate expired", "", false, with(certs.Reversed(), certs.Expired(certs.Leaf, 3))},
		{"ca as server, expired, root sent", "root-also-sent expired ca-used-as-server", "", false, with(certs.CALeaf(), certs.Expired(certs.Leaf, 3), certs.RootAlsoSent())},
		{"root expired, wrong purpose", "root-expired wrong-purpose", "", false, with(certs.Expired(certs.Root, 3), certs.ExtKeyUsage("clientAuth"))},
	}
}

// builtChains makes the chains of the tables by one authority.
func builtChains(t testing.TB) []row {
	t.Helper()
	a := newAuthority(t)
	var out []row
	table := slices.Concat(singleRows(), nameRows(), combinedRows(), rareStoreRows())
	for _, b := range table {
		name := b.host
		switch name {
		case "":
			name = host
		case anyHost:
			name = ""
		}
		out = append(out, row{name: b.name, codes: b.codes, evidence: served(a.Chain(t, b.faults...), name, now())})
	}
	for i, b := range table { // the authority knows all of them only now
		out[i].know, out[i].roots = a.Knowledge(b.alone), a.Roots()
	}
	return out
}

func TestChains(t *testing.T) {
	for _, r := range builtChains(t) {
		t.Run(strings.ReplaceAll(r.name, " ", "-"), func(t *testing.T) { r.check(t) })
	}
}

// TestUnreadable: a leaf that ends too early is no crash, and nothing else is said of it.
func TestUnreadable(t *testing.T) {
	a := newAuthority(t)
	sent := a.Chain(t, certs.Expired(certs.Leaf, 3))
	for _, cut := range []int{0, 1, 4, len(sent[0]) / 2, len(sent[0]) - 1} {
		row{name: "cut", evidence: served([][]byte{sent[0][:cut], sent[1]}, host, now()), know: a.Knowledge(false), codes: "malformed-certificate"}.check(t)
	}
}
