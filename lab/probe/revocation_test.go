package probe

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestFetchRevocation(t *testing.T) {
	var requests atomic.Int32
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		switch r.URL.Path {
		case "/ocsp":
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write([]byte(r.Method + " " + r.Header.Get("Content-Type") + " " + string(body)))
		case "/crl":
			_, _ = w.Write([]byte(r.Method))
		case "/most":
			_, _ = w.Write(make([]byte, maxOCSP))
		case "/large":
			_, _ = w.Write(make([]byte, 1<<20))
		case "/larger":
			_, _ = w.Write(make([]byte, maxCRL+1))
		case "/hang":
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/away":
			http.Redirect(w, r, "https://127.0.0.1:1/", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer web.Close()
	p := &Prober{Timeout: brief}
	for _, c := range []struct {
		kind AskKind
		url  string
		want string // of the response
		err  string
	}{
		{FetchOCSP, web.URL + "/ocsp", "POST application/ocsp-request question", ""},
		{FetchCRL, web.URL + "/crl", "GET", ""},
		{FetchOCSP, web.URL + "/most", string(make([]byte, maxOCSP)), ""},
		{FetchOCSP, web.URL + "/large", "", "larger than 64 KiB"},
		{FetchCRL, web.URL + "/large", string(make([]byte, 1<<20)), ""},
		{FetchCRL, web.URL + "/larger", "", "larger than 4096 KiB"},
		{FetchCRL, web.URL + "/hang", "", "deadline"},
		{FetchCRL, web.URL + "/away", "", "only plain http"},
		{FetchCRL, web.URL + "/none", "", "404"},
		{FetchCRL, "ldap://x/y", "", "only plain http"},
		{FetchCRL, "file:///etc/passwd", "", "only plain http"},
		{FetchOCSP, "http://user:secret@" + strings.TrimPrefix(web.URL, "http://"), "", "only plain http"},
		{FetchOCSP, "http://127.0.0.1:1/", "", "refused"},
		{FetchOCSP, "::", "", "not an address"},
	} {
		patient := p
		if c.err == "" {
			patient = &Prober{Timeout: 10 * time.Second}
		}
		f := patient.Answer(t.Context(), []Ask{{Kind: c.kind, URL: c.url, From: []string{"127.0.0.1:993"}, Request: []byte("question")}})[0]
		if string(f.Response) != c.want || f.NotTried || (c.err == "") != (f.Error == "") || !strings.Contains(f.Error, c.err) {
			t.Errorf("%s %s: %.80q, error %q, want %.80q, %q", c.kind, c.url, f.Response, f.Error, c.want, c.err)
		}
		if strings.Contains(f.Error, "secret") || len(f.Error) > maxError+8 || !bytes.Equal(f.Ask.Request, []byte("question")) {
			t.Errorf("%s: %q", c.url, f.Error)
		}
	}
	before := requests.Load()
	for _, f := range (&Prober{NoFetch: true}).Answer(t.Context(), []Ask{{Kind: FetchOCSP, URL: web.URL + "/ocsp"}, {Kind: FetchCRL, URL: web.URL + "/crl"}}) {
		if f.Error == "" || !f.NotTried || f.Response != nil {
			t.Errorf("%+v", f)
		}
	}
	if requests.Load() != before {
		t.Error("something was fetched against the wish")
	}
}
