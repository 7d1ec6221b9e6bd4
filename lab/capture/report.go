package capture

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// report reads a TLS report, the JSON that one provider sends to another: RFC 8460 section 4.
type report struct {
	text  strings.Builder
	is    bool // what was seen so far may be one
	begun bool
}

// maxReport bounds a report, in bytes.
const maxReport = 4 << 20

func (r *report) take(text string) {
	if !r.begun && (text == "{" || strings.HasPrefix(text, `{"`) || strings.HasPrefix(text, `{ "`)) {
		r.begun, r.is = true, true
	}
	if r.is && r.text.Len()+len(text) < maxReport {
		r.text.WriteString(text)
		r.text.WriteByte('\n')
	} else {
		r.is = false
	}
}

// tlsReport is what is read of one. https://www.rfc-editor.org/rfc/rfc8460#section-4.4
type tlsReport struct {
	Organization string `json:"organization-name"`
	Policies     []struct {
		Policy struct {
			Type   string   `json:"policy-type"`
			Domain string   `json:"policy-domain"`
			Lines  []string `json:"policy-string"`
		} `json:"policy"`
		Summary struct {
			Good int64 `json:"total-successful-session-count"`
			Bad  int64 `json:"total-failure-session-count"`
		} `json:"summary"`
		Failures []struct {
			Result  string `json:"result-type"`
			MX      string `json:"receiving-mx-hostname"`
			Sending string `json:"sending-mta-ip"`
			Count   int64  `json:"failed-session-count"`
			Reason  string `json:"failure-reason-code"`
			More    string `json:"additional-information"`
		} `json:"failure-details"`
	} `json:"policies"`
}

// results are the result types of RFC 8460 section 4.3.
var results = map[string][]finding.Code{
	"starttls-not-supported":       {finding.StartTLSNotOffered, finding.CapabilityStripped},
	"certificate-host-mismatch":    {finding.NameMismatch},
	"certificate-expired":          {finding.Expired, finding.IntermediateExpired},
	"certificate-not-trusted":      {finding.IssuerNotTrusted, finding.MissingIntermediate, finding.SelfSigned, finding.IssuerUnknown},
	"tlsa-invalid":                 {finding.DANEMismatch},
	"dnssec-invalid":               {finding.DANEMismatch},
	"dane-required":                {finding.DANEMismatch},
	"sts-policy-fetch-error":       {finding.MTASTSMismatch},
	"sts-policy-invalid":           {finding.MTASTSMismatch},
	"sts-webpki-invalid":           {finding.MTASTSMismatch},
	"validation-failure":           {finding.Unexplained},
	"starttls-not-offered":         {finding.StartTLSNotOffered},
	"certificate-name-mismatch":    {finding.NameMismatch},
	"certificate-not-yet-valid":    {finding.NotYetValid},
	"certificate-revoked":          {finding.Revoked},
	"unsupported-protocol":         {finding.ProtocolTooOld},
	"starttls-refused":             {finding.StartTLSRefused},
	"tls-handshake-failure":        {finding.HandshakeRefused},
	"sts-policy-mx-mismatch":       {finding.MTASTSMismatch},
	"certificate-chain-incomplete": {finding.MissingIntermediate},
}

// reportShape is far more than any report has.
func reportShape() bound.Shape {
	return bound.Shape{Bytes: maxReport, Depth: 16, Objects: 10_000, Values: 100_000}
}

// end reads the whole, if it is a report.
func (r *report) end(g *gathering) {
	if !r.is || !strings.Contains(r.text.String(), `"policies"`) {
		return
	}
	var whole json.RawMessage // what stands behind it is something else
	if json.NewDecoder(strings.NewReader(r.text.String())).Decode(&whole) != nil || reportShape().JSON(whole) != nil {
		return
	}
	var doc tlsReport
	if json.Unmarshal(whole, &doc) != nil || len(doc.Policies) == 0 {
		return
	}
	g.claims, g.quoted, g.pending = nil, "", "" // of its lines, read one by one
	good := int64(0)
	for _, p := range doc.Policies[:min(len(doc.Policies), 100)] {
		good += p.Summary.Good
		for _, f := range p.Failures[:min(len(p.Failures), 100)] {
			codes, ok := results[strings.ToLower(f.Result)]
			if !ok {
				codes = []finding.Code{finding.Unexplained}
			}
			if codes[0] == finding.Unexplained && p.Policy.Type == "sts" && f.MX != "" && !listed(f.MX, p.Policy.Lines) {
				codes = []finding.Code{finding.MTASTSMismatch}
			}
			c := Claim{Codes: codes, Text: fmt.Sprintf("%s, %d sessions to %s %s %s", f.Result, f.Count, f.MX, f.Reason, f.More), By: "the TLS report of " + clip(doc.Organization), Depth: -1}
			g.tally(c, "", f.Sending)
			g.doc.Host = clip(f.MX)
		}
		if p.Summary.Bad > 0 && len(p.Failures) == 0 {
			g.tally(Claim{Codes: []finding.Code{finding.Unexplained}, Text: fmt.Sprintf("%d sessions failed, and why is not said", p.Summary.Bad), By: "the TLS report of " + clip(doc.Organization), Depth: -1}, "", "")
		}
	}
	g.doc.Encrypted += int(min(good, 1<<31-1))
	g.doc.Read = append(g.doc.Read, fmt.Sprintf("a TLS report of %s: %d sessions that came about", clip(doc.Organization), good))
}

// listed reports whether an MTA-STS policy names a mail server: RFC 8461 section 4.1.
func listed(mx string, policy []string) bool {
	for _, line := range policy {
		name, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(line)), "mx:")
		if !ok {
			continue
		}
		name = strings.TrimSpace(name)
		mx := strings.ToLower(strings.TrimSuffix(mx, "."))
		if rest, wild := strings.CutPrefix(name, "*."); wild {
			if _, above, _ := strings.Cut(mx, "."); above == rest {
				return true
			}
		} else if name == mx {
			return true
		}
	}
	return false
}
