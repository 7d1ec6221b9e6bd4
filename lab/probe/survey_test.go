package probe

import (
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

func TestSurveyAndAnswer(t *testing.T) {
	cfg := goodTLS(t)
	var all []account.Settings
	for _, e := range account.Endpoints() {
		all = append(all, settings(e, serve(t, healthy(e, cfg))))
	}
	survey := (&Prober{}).Survey(t.Context(), all, true)
	for i, o := range survey.Observations {
		expect(t, o, Done, Fine)
		if !o.Listed || o.Settings.Endpoint != all[i].Endpoint {
			t.Errorf("%d: listed %v, %s", i, o.Listed, o.Settings.Endpoint)
		}
	}
	der := cfg.Certificates[0].Certificate[1]
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ok":
			_, _ = w.Write(der)
		case "/big":
			_, _ = w.Write(make([]byte, maxIssuer+1))
		case "/away":
			http.Redirect(w, r, "https://127.0.0.1:1/", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer web.Close()
	asks := []Ask{{Kind: Look, Settings: all[0]}, {Kind: FetchIssuer, URL: web.URL + "/ok", From: []string{"127.0.0.1:993"}}}
	for _, bad := range []string{web.URL + "/big", web.URL + "/away", web.URL + "/none", "ldap://x/y", "file:///etc/passwd", "::"} {
		asks = append(asks, Ask{Kind: FetchIssuer, URL: bad, From: []string{"127.0.0.1:993"}})
	}
	asks = append(asks, Ask{Kind: "dance"})
	got := (&Prober{}).Answer(t.Context(), asks)
	if got[0].Observation == nil || got[0].Observation.Outcome != Fine || got[0].Observation.Listed {
		t.Errorf("look: %+v", got[0])
	}
	if !reflect.DeepEqual(got[1].Certificate, der) {
		t.Errorf("fetch: %s", got[1].Error)
	}
	for _, f := range got[2:] {
		if f.Error == "" || f.Certificate != nil {
			t.Errorf("%s %s: %+v", f.Ask.Kind, f.Ask.URL, f)
		}
	}
	if f := (&Prober{NoFetch: true}).Answer(t.Context(), asks[1:2]); f[0].Error == "" || f[0].Certificate != nil {
		t.Errorf("fetched: %+v", f)
	}
}

func TestFindOut(t *testing.T) {
	cfg := goodTLS(t)
	for _, e := range account.Endpoints() {
		script := healthy(e, cfg)
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			address := serve(t, script)
			got, err := (&Prober{Timeout: 2 * time.Second}).FindOut(t.Context(), host, 4711, map[string]string{host + ":4711": address})
			if err != nil || got != e {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	for name, script := range map[string]func(net.Conn){
		"ssh": talking("SSH-2.0-x\r\n"), "closes": func(net.Conn) {}, "silent": silence, "http": talking("", "HTTP/1.1 400 Bad\r\n\r\n"),
	} {
		got, err := (&Prober{Timeout: brief}).FindOut(t.Context(), host, 4711, map[string]string{host + ":4711": serve(t, script)})
		if err == nil || got != "" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}
