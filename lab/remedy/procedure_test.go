package remedy

import (
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// What is printed is what is carried out, line by line.
func TestConfigIsTheProcedure(t *testing.T) {
	n := 0
	everySteps(t, func(c finding.Code, _ string, s Steps) {
		if s.Procedure.IsZero() {
			return
		}
		n++
		rest := s.Config
		for _, f := range s.Procedure.Files {
			head := "# " + f.Path + "\n" + f.Lines
			if !strings.HasPrefix(rest, head) {
				t.Errorf("%s, %s: %s is not printed first: %q", c, s.For, f.Path, rest)
			}
			rest = strings.TrimPrefix(strings.TrimPrefix(rest, head), "\n\n")
		}
		if head, commands, _ := strings.Cut(rest, "\n"); commands != s.Procedure.Script() || commands != "" && !strings.HasPrefix(head, "# as root") {
			t.Errorf("%s, %s: prints %q and runs %q", c, s.For, rest, s.Procedure.Script())
		}
	})
	if n == 0 {
		t.Error("nothing in the book can be carried out")
	}
}

// Whoever is offered a deed finds beside it how it is done on each mail server.
func TestEveryDeedHasItsProcedure(t *testing.T) {
	b := open(t)
	for _, info := range finding.All() {
		a, _ := b.For(info.Code)
		f := finding.New(info.Code, "")
		for _, act := range Actions(f, account.For(account.IMAPS, "mail.lab.test")) {
			task, ok := TaskOf(act.Kind)
			if !ok {
				continue
			}
			for _, p := range []Product{Postfix, Dovecot23, Dovecot24, Exim} {
				if task == OpenKey && p != Exim {
					continue // the others open the key as root
				}
				if _, ok := a.Procedure(task, p); !ok {
					t.Errorf("%s offers %s, and does not tell how to %s on %s", info.Code, act.Kind, task, p)
				}
			}
		}
	}
}

// An action that an admin carries out on one of these servers is a task, or is named here with
// the reason.
func TestEveryAdminActionIsATaskOrNot(t *testing.T) {
	elsewhere := map[action.Kind]string{
		action.RaiseVersion:   "texts for each product, not run",
		action.NoClientCert:   "texts for each product, not run",
		action.EnableCiphers:  "texts for each product, not run",
		action.DenyPlaintext:  "texts for each product, not run",
		action.StopPreauth:    "a proxy's setting",
		action.SpeedUp:        "whatever delays the server",
		action.RestartService: "whatever is wrong with the service",
		action.FixStapling:    "a web server's setting",
		action.FixRevocation:  "the CA's",
		action.ReissueClient:  "the CA's, and on the client",
		action.FixAddresses:   "DNS",
		action.FixName:        "DNS",
		action.FixPublished:   "DNS and documents",
		action.RepairBackends: "the same on several machines",
		action.ExemptMail:     "a proxy's setting",
	}
	for _, k := range action.Kinds() {
		_, task := TaskOf(k)
		_, other := elsewhere[k]
		if admin := (action.Action{Kind: k}).Party() == action.Admin; task && !admin || admin && task == other {
			t.Errorf("%s: party %s, task %v, excused %v", k, action.Action{Kind: k}.Party(), task, other)
		}
	}
}

func TestParseRefusesProcedures(t *testing.T) {
	good := strings.Replace(good, "  admin:\n    - use: look\n", `  admin:
    - use: look
    - for: Dovecot 2.3
      steps: ["Reload."]
      task: reload
      product: dovecot-2.3
      files:
        - path: /etc/dovecot/x.conf
          lines: |
            a = {host}
      run: |
        doveadm reload
      known: {how: inference}
`, 1)
	advice, err := parse(good, goodShared)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := advice[0].Procedure(Reload, Dovecot23)
	want := "# /etc/dovecot/x.conf\na = {host}\n\n# as root\n(set -e\ndoveadm reload\n)"
	if !ok || s.Config != want {
		t.Errorf("config = %q, want %q", s.Config, want)
	}
	if _, ok := advice[0].Procedure(InstallPair, Dovecot23); ok {
		t.Error("a procedure for another task was returned")
	}
	filled, _ := advice[0].Fill(finding.Facts{Host: "mail.lab.test"}).Procedure(Reload, Dovecot23)
	if filled.Procedure.Files[0].Lines != "a = mail.lab.test" || !strings.Contains(filled.Config, "a = mail.lab.test") {
		t.Errorf("filled: %+v", filled)
	}
	if s, _ := advice[0].Procedure(Reload, Dovecot23); s.Procedure.Files[0].Lines != "a = {host}" {
		t.Error("Fill changed what it was called on")
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"an unknown task", "task: reload", "task: pray", `no task "pray"`},
		{"an unknown product", "product: dovecot-2.3", "product: sendmail", `no product "sendmail"`},
		{"no task", "      task: reload\n", "", `no task ""`},
		{"a path that is not whole", "/etc/dovecot/x.conf", "x.conf", "no whole path"},
		{"a file without lines", "            a = {host}\n", "", "no lines"},
		{"config beside it", "      run: |", "      config: x\n      run: |", "config beside files or run"},
		{"a placeholder that the server fills", "a = {host}", "a = {issuer}", "only {host}"},
		{"nothing to do", "      files:\n        - path: /etc/dovecot/x.conf\n          lines: |\n            a = {host}\n      run: |\n        doveadm reload\n", "", "nothing to do"},
	} {
		if !strings.Contains(good, tt.old) {
			t.Fatalf("%s: the good file has no %q", tt.name, tt.old)
		}
		if _, err := parse(strings.Replace(good, tt.old, tt.new, 1), goodShared); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

// A deed is proven once for all places that print it, so they all print the same.
func TestOneDeedHasOneProcedure(t *testing.T) {
	seen := map[string]string{}
	everySteps(t, func(c finding.Code, _ string, s Steps) {
		key := string(s.Procedure.Product) + " " + string(s.Procedure.Task)
		if s.Procedure.IsZero() {
			return
		}
		if other, ok := seen[key]; ok && other != s.Config {
			t.Errorf("%s: %s is done in two ways:\n%s\n%s", c, key, other, s.Config)
		}
		seen[key] = s.Config
	})
}

func TestTasksAndProductsAreAllUsed(t *testing.T) {
	tasks, products := Tasks(), Products()
	everySteps(t, func(_ finding.Code, _ string, s Steps) {
		tasks = slices.DeleteFunc(tasks, func(x Task) bool { return x == s.Procedure.Task })
		products = slices.DeleteFunc(products, func(x Product) bool { return x == s.Procedure.Product })
	})
	if len(tasks) > 0 || len(products) > 0 {
		t.Errorf("nothing in the book is for %v, %v", tasks, products)
	}
}
