package guard

import (
	"net/netip"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRankOf(t *testing.T) {
	for rank, addresses := range map[Rank]string{
		Never: `0.0.0.0 0.1.2.3 169.254.169.254 169.254.0.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 192.0.0.192 192.88.99.1 168.63.129.16
			:: ff02::1 fe80::1 fe80::1%eth0 fec0::1 100::1 ::2 ::7f00:1 ::a9fe:a9fe 4000::1 5f00::1 2001:10::1 64:ff9b:1::1
			::ffff:169.254.169.254 ::ffff:a9fe:a9fe ::ffff:0.0.0.0 64:ff9b::169.254.169.254 64:ff9b::a9fe:a9fe ::ffff:0:169.254.169.254
			2002:a9fe:a9fe::1 2002:e000:1::1 2001:0:cb00:7107:0:0:5601:5601 2001:0:a9fe:a9fe:0:0:34ff:8ef8 2001:db8::5efe:169.254.169.254 2001:db8::200:5efe:169.254.169.254`,
		Loopback: `127.0.0.1 127.255.255.254 ::1 ::1%lo ::ffff:127.0.0.1 ::ffff:7f00:1 64:ff9b::127.0.0.1 2002:7f00:1::1 ::ffff:0:127.0.0.1 2001:0:cb00:7107:0:0:80ff:fffe fc00::5efe:127.0.0.1`,
		Private: `10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 100.64.0.1 100.127.255.255 100.100.100.200 198.18.0.1 198.19.255.255
			fc00::1 fd00:ec2::254 fdff::1 ::ffff:10.1.2.3 64:ff9b::10.1.2.3 2002:a01:203::1 2002:c0a8:1::1 2001:0:a00:1:0:0:34ff:8ef8 2001:2::1 fd00::5efe:203.0.113.7`,
		Public: `1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0
			192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.113.7 192.0.2.1 198.51.100.1 223.255.255.255 168.63.129.17
			2606:4700::1111 2001:db8::1 2a00::1 ::ffff:203.0.113.7 64:ff9b::203.0.113.7 2002:cb00:7107::1 2001:0:cb00:7107:0:0:34ff:8ef8 2001:db8::5efe:203.0.113.7`,
	} {
		for _, text := range strings.Fields(addresses) {
			if got := RankOf(netip.MustParseAddr(text)); got != rank {
				t.Errorf("%s is of rank %d, want %d", text, got, rank)
			}
		}
	}
	if RankOf(netip.Addr{}) != Never {
		t.Error("no address has a rank")
	}
}

func TestMost(t *testing.T) {
	for text, want := range map[string]Rank{
		"": Public, "127.0.0.1": Loopback, "127.0.0.1:993 127.0.0.1:143": Loopback, "[::1]:993": Loopback, "127.0.0.1 10.0.0.1": Private,
		"10.0.0.1:1 203.0.113.7:1 127.0.0.1:1": Public, "127.0.0.1:993 mail.example.com:993": Public, "169.254.1.1:993": Public, "[fe80::1%lo]:993": Public,
	} {
		if got := Most(strings.Fields(text)...); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	allow := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("169.254.169.254/32")}
	for _, c := range []struct {
		g       Guard
		yes, no string
	}{
		{Guard{From: Loopback}, "127.0.0.1:1 127.0.0.1:80 [::1]:31000 10.0.0.1:8080 203.0.113.7:80 203.0.113.7:443", "169.254.169.254:80 0.0.0.0:80 [::]:80 127.0.0.1:25 10.0.0.1:993 203.0.113.7:8080"},
		{Guard{From: Private}, "10.0.0.1:8080 [fd00::1]:80 100.64.0.1:80 203.0.113.7:80", "127.0.0.1:80 [::1]:80 [::ffff:127.0.0.1]:80 169.254.169.254:80 203.0.113.7:22 10.0.0.1:25"},
		{Guard{From: Public}, "203.0.113.7:80 203.0.113.7:443 [64:ff9b::203.0.113.7]:80", "127.0.0.1:80 10.0.0.1:80 192.168.1.1:443 100.100.100.200:80 [fd00:ec2::254]:80 203.0.113.7:25 203.0.113.7:8080 [64:ff9b::a9fe:a9fe]:80 [2002:7f00:1::1]:80"},
		{Guard{}, "203.0.113.7:80", "127.0.0.1:80 10.0.0.1:80"},
		{Guard{Allow: allow}, "10.1.2.3:80 10.1.2.3:25 169.254.169.254:80 [::ffff:10.1.2.3]:80 [64:ff9b::10.1.2.3]:80", "10.2.0.1:80 169.254.169.253:80"},
		{Guard{From: Public, Mail: true}, "203.0.113.7:993 203.0.113.7:25 203.0.113.7:587 203.0.113.7:2525", "203.0.113.7:80 203.0.113.7:6379 127.0.0.1:993 10.0.0.1:993"},
		{Guard{From: Loopback, Mail: true}, "127.0.0.1:31310 10.0.0.1:993 203.0.113.7:993", "203.0.113.7:22 169.254.169.254:993"},
	} {
		for _, text := range strings.Fields(c.yes) {
			if err := c.g.Control("tcp", text, nil); err != nil {
				t.Errorf("%+v refuses %s: %v", c.g, text, err)
			}
		}
		for _, text := range strings.Fields(c.no) {
			err := c.g.Control("tcp", text, nil)
			if _, ok := err.(*Refusal); !ok {
				t.Errorf("%+v does not refuse %s: %v", c.g, text, err)
			}
		}
	}
	if (Guard{}).Control("tcp", "localhost:80", nil) == nil {
		t.Error("a name is dialled")
	}
}

// An address within another is never more public for it, and what cannot be public never is.
func FuzzRank(f *testing.F) {
	for _, seed := range []string{"127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:a9fe:a9fe::", "2001::1", "fe80::1%x", "::"} {
		b := netip.MustParseAddr(seed).As16()
		f.Add(b[:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		rank := RankOf(a)
		if rank == Public && (a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || a.Unmap().IsPrivate()) {
			t.Errorf("%s is public", a)
		}
		if a.Is4() {
			for _, form := range []string{"::ffff:" + a.String(), "64:ff9b::" + a.String()} {
				if got := RankOf(netip.MustParseAddr(form)); got != rank {
					t.Errorf("%s is of rank %d, and %s of %d", a, rank, form, got)
				}
			}
		}
		for port := range uint16(3) {
			if err := (Guard{}).Check(netip.AddrPortFrom(a, port)); err == nil {
				t.Errorf("port %d of %s may be asked", port, a)
			}
		}
	})
}
