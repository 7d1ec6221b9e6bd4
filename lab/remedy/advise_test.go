package remedy

import (
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

func TestAdviseFollowsTheActions(t *testing.T) {
	b := open(t)
	f := finding.New(finding.NameMismatch, "")
	f.Facts = finding.Facts{Host: "mail.lab.test", Names: []string{"mx.lab.test"}}
	texts := func(a Advice) string {
		var out []string
		for _, s := range a.User {
			out = append(out, s.Steps...)
		}
		return strings.Join(out, " ")
	}
	with, _ := b.Advise(f, Actions(f, account.For(account.IMAPS, "mail.lab.test")), "")
	if got := texts(with); !strings.Contains(got, "Set Host Name") || strings.Contains(got, "Change nothing on the device") {
		t.Errorf("with another name: %s", got)
	}
	f.Facts.Names = []string{"*.example.net"}
	without, _ := b.Advise(f, Actions(f, account.For(account.IMAPS, "mail.lab.test")), "")
	if got := texts(without); strings.Contains(got, "Set Host Name") || !strings.Contains(got, "Change nothing on the device") {
		t.Errorf("with a wildcard only: %s", got)
	}
	if _, ok := b.Advise(finding.Finding{Code: "no-such-code"}, nil, ""); ok {
		t.Error("advice about a word that is no code")
	}
}

// Who reads everything about a code reads when it holds, and the same thing once.
func TestForSaysWhenStepsHold(t *testing.T) {
	count := func(c finding.Code, with string) (n int) {
		a, _ := open(t).For(c)
		for _, s := range a.User {
			if strings.HasPrefix(s.For, with) {
				n++
			}
		}
		return n
	}
	for _, tt := range []struct {
		code finding.Code
		says string
		want int
	}{
		{finding.NameMismatch, "Thunderbird (where another server name works)", 1},
		{finding.NameMismatch, "any device, once the provider has confirmed another name (where", 1},
		{finding.NameMismatch, "a second look, on any device", 1},
		{finding.NameMismatch, "a second look, on any device (", 0},
		{finding.ConnectByIP, "Thunderbird", 1},
		{finding.ConnectByIP, "Thunderbird (", 0},
		{finding.Expired, "a second look, on any device", 1},
	} {
		if got := count(tt.code, tt.says); got != tt.want {
			t.Errorf("%s: %d steps for %q, want %d", tt.code, got, tt.says, tt.want)
		}
	}
}

func TestAdviseFillsFromTheActions(t *testing.T) {
	b := open(t)
	f := finding.New(finding.WrongEncryptionType, "")
	f.Facts = finding.Facts{Port: 587, Mode: "tls"} // as the account has it
	a, _ := b.Advise(f, []action.Action{{Kind: action.UseServer, Port: 465, Mode: account.ImplicitTLS}}, "")
	if want := "Set the account to port 465 with SSL/TLS, the two together."; a.Short.You != want {
		t.Errorf("%q, want %q", a.Short.You, want)
	}
	f = finding.New(finding.NameMismatch, "")
	a, _ = b.Advise(f, []action.Action{{Kind: action.UseHost, Host: "a.test"}, {Kind: action.UseHost, Host: "b.test"}}, "")
	if !strings.Contains(a.Short.You, "should be the one that the provider confirms;") {
		t.Errorf("two names, one of them chosen: %q", a.Short.You)
	}
}

// A log of Dovecot, a greeting of Postfix: that product's steps come first, and those of other
// products last.
func TestProductFirst(t *testing.T) {
	b := open(t)
	for _, code := range []finding.Code{finding.KeyDoesNotMatch, finding.Expired, finding.KeyEncrypted, finding.RenewedNotLoaded, finding.CertificateNotLoaded} {
		plain, _ := b.Advise(finding.New(code, ""), nil, "")
		for _, server := range []finding.Product{finding.Postfix, finding.Dovecot, finding.Exim, finding.Nginx} {
			a, _ := b.Advise(finding.New(code, ""), nil, server)
			if len(a.Admin) != len(plain.Admin) || !a.Admin[0].isFor(server) {
				t.Errorf("%s on %s: %d of %d steps, the first for %s", code, server, len(a.Admin), len(plain.Admin), a.Admin[0].For)
			}
			f := finding.New(code, "")
			f.Facts.Product = server // as the log has it
			if b, _ := b.Advise(f, nil, ""); b.Admin[0].For != a.Admin[0].For {
				t.Errorf("%s by the log of %s: first comes %s", code, server, b.Admin[0].For)
			}
			mine, others := -1, -1
			for i, s := range a.Admin {
				if s.isFor(server) {
					mine = i
				} else if others < 0 && slices.ContainsFunc(finding.Products(), s.isFor) {
					others = i
				}
			}
			if others >= 0 && others < mine {
				t.Errorf("%s on %s: %s stands before %s", code, server, a.Admin[others].For, a.Admin[mine].For)
			}
		}
	}
}

// The products that the steps were tried on, or are documented for, have their own. Of the others only
// the logs are read: they get the steps that hold for any server, and never those of another product.
func TestProductsHaveSteps(t *testing.T) {
	left := []finding.Product{finding.Postfix, finding.Dovecot, finding.Exim, finding.Nginx, finding.Apache, finding.Exchange}
	everySteps(t, func(_ finding.Code, _ string, s Steps) {
		left = slices.DeleteFunc(left, s.isFor)
	})
	if len(left) > 0 {
		t.Errorf("no steps for %v", left)
	}
}

func TestALogIsNotToldAnotherProductsSteps(t *testing.T) {
	b := open(t)
	for _, code := range []finding.Code{finding.Expired, finding.KeyDoesNotMatch, finding.MissingIntermediate} {
		f := finding.New(code, "x")
		f.Facts.Product = finding.Cyrus
		a, ok := b.Advise(f, nil, "")
		if !ok {
			t.Fatal(code)
		}
		for _, s := range a.Admin {
			if slices.ContainsFunc(finding.Products(), s.isFor) {
				t.Errorf("%s in a log of Cyrus: steps for %s", code, s.For)
			}
		}
	}
}

func TestProductIn(t *testing.T) {
	for _, tt := range []struct {
		words string
		want  finding.Product
	}{
		{"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot (Debian) ready.", finding.Dovecot},
		{"+OK Dovecot ready.", finding.Dovecot},
		{"220 mx.example.com ESMTP Postfix (Debian/GNU)", finding.Postfix},
		{"220 mx.example.com ESMTP Exim 4.96 Sat, 28 Nov 2026 00:00:00 +0000", finding.Exim},
		{"220 dovecot.example.com ESMTP Exim 4.96", finding.Exim},
		{"* OK The Microsoft Exchange IMAP4 service is ready.", finding.Exchange},
		{"nginx/1.22.1", finding.Nginx},
		{"dovecot", finding.Dovecot},
		{"220 postfix.example.com ESMTP", ""},
		{"220 Postfix behind Exim", ""},
		{"* OK IMAP4rev1 ready", ""},
		{"", ""},
	} {
		if got := ProductIn(tt.words); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.words, got, tt.want)
		}
	}
}
