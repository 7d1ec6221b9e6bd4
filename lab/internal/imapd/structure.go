package imapd

import (
	"bytes"
	"mime"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

// structure describes a message as BODYSTRUCTURE does.
func structure(p *part) imap.BodyStructure {
	disposition := disposition(p.header)
	var languages []string
	if text := mailbox.Field(p.header, "Content-Language"); text != "" {
		for l := range strings.SplitSeq(text, ",") {
			languages = append(languages, strings.TrimSpace(l))
		}
	}
	location := mailbox.Field(p.header, "Content-Location")
	if len(p.children) > 0 {
		out := &imap.BodyStructureMultiPart{Subtype: p.sub}
		for _, c := range p.children {
			out.Children = append(out.Children, structure(c))
		}
		out.Extended = &imap.BodyStructureMultiPartExt{Params: p.params, Disposition: disposition, Language: languages, Location: location}
		return out
	}
	out := &imap.BodyStructureSinglePart{
		Type: p.kind, Subtype: p.sub, Params: p.params, ID: mailbox.Field(p.header, "Content-Id"),
		Description: mailbox.Field(p.header, "Content-Description"), Encoding: mailbox.Field(p.header, "Content-Transfer-Encoding"),
		Size:     uint32(len(p.body)),
		Extended: &imap.BodyStructureSinglePartExt{Disposition: disposition, Language: languages, Location: location},
	}
	lines := int64(bytes.Count(p.body, []byte("\n")))
	switch {
	case p.message != nil:
		out.MessageRFC822 = &imap.BodyStructureMessageRFC822{
			Envelope: envelope(p.body), BodyStructure: structure(p.message), NumLines: lines,
		}
	case p.kind == "text":
		out.Text = &imap.BodyStructureText{NumLines: lines}
	}
	return out
}

func disposition(header []byte) *imap.BodyStructureDisposition {
	value, params, _ := mime.ParseMediaType(mailbox.Field(header, "Content-Disposition"))
	if value == "" { // an error of a parameter leaves the value
		return nil
	}
	return &imap.BodyStructureDisposition{Value: value, Params: params}
}
