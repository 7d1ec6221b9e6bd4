package integration

import "testing"

func TestSetLines(t *testing.T) {
	for _, tt := range []struct{ name, file, lines, want string }{
		{"an empty file", "", "ssl = yes\n", "ssl = yes\n"},
		{"no line feed at the end", "a = 1", "b = 2", "a = 1\nb = 2\n"},
		{"a setting is replaced", "# ssl = x\nssl = no\nother = 1\n", "ssl = yes\n", "# ssl = x\nother = 1\nssl = yes\n"},
		{"a longer name stays", "ssl_cert = </a\nssl = no\n", "ssl = yes\n", "ssl_cert = </a\nssl = yes\n"},
		{"nginx", "listen 443;\nssl_certificate /a;\n", "listen 443 ssl;\n", "ssl_certificate /a;\nlisten 443 ssl;\n"},
		{"no space around the sign", "A=1\n", "A = 2\n", "A = 2\n"},
		{"a block with blocks in it", "service a {\n  b {\n    port = 1\n  }\n}\nssl = no\n", "service a {\n  port = 2\n}\n", "ssl = no\nservice a {\n  port = 2\n}\n"},
		{"another block stays", "service a {\n}\nservice b {\n}\n", "service  a {\n  x = 1\n}\n", "service b {\n}\nservice  a {\n  x = 1\n}\n"},
		{"a setting inside a block stays", "local_name x {\n  ssl_cert = </a\n}\n", "ssl_cert = </b\n", "local_name x {\n  ssl_cert = </a\n}\nssl_cert = </b\n"},
		{"braces within a line", "M = ${if exists{/a}{/a}{/b}}\nN = 1\n", "M = /c\n", "N = 1\nM = /c\n"},
		{"a comment with a brace", "# service a {\nssl = no\n", "ssl = yes\n", "# service a {\nssl = yes\n"},
		{"a map", "mail.a.test /a.pem\nmail.b.test /b.pem\n", "mail.a.test /c.pem\n", "mail.b.test /b.pem\nmail.a.test /c.pem\n"},
	} {
		if got := setLines(tt.file, tt.lines); got != tt.want {
			t.Errorf("%s:\n%q, want\n%q", tt.name, got, tt.want)
		}
		if once := setLines(tt.file, tt.lines); setLines(once, tt.lines) != once {
			t.Errorf("%s: a second time changes something", tt.name)
		}
	}
}
