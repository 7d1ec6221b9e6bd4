package imapd

import (
	"bufio"
	"bytes"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-message/textproto"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

// Bounds of what one FETCH may ask for of each message.
const (
	maxSections = 64
	maxNames    = 256 // of header fields, in all sections
)

// Fetch answers with messages. Nothing is locked meanwhile but this client's own answer: each
// message is opened for itself, and given back when it was written or the client left.
func (s *session) Fetch(w *imapserver.FetchWriter, set imap.NumSet, options *imap.FetchOptions) error {
	if err := checkFetch(options); err != nil {
		return err
	}
	chosen := s.pick(set)
	flags := options.Flags
	for _, b := range options.BodySection {
		if !b.Peek && !s.view.readOnly {
			s.store.SetFlags(s.view.folder, uids(chosen), func(old mailbox.Flags) mailbox.Flags { return old | mailbox.Seen })
			flags = true // they may have changed, so they are part of the answer
			break
		}
	}
	found := 0
	for _, p := range chosen {
		m, release, err := s.store.Open(s.view.folder, p.uid)
		if err != nil {
			continue
		}
		found++
		a := s.answer(m, options, flags)
		err = errEnded
		if a != nil {
			err = a.write(w.CreateMessage(p.number))
		}
		release()
		if err != nil {
			return err
		}
		if flags {
			s.tell([]mailbox.Flagged{{UID: m.UID, Flags: m.Flags, Change: m.Change}})
		}
	}
	return missed(chosen, found)
}

func checkFetch(o *imap.FetchOptions) error {
	if len(o.BinarySection)+len(o.BinarySectionSize) > 0 {
		return &imap.Error{Type: imap.StatusResponseTypeBad, Text: "BINARY is not supported"}
	}
	names := 0
	for _, b := range o.BodySection {
		names += len(b.HeaderFields) + len(b.HeaderFieldsNot)
		if len(b.Part) > maxDepth {
			return no(imap.ResponseCodeLimit, "The number of a part is too long")
		}
	}
	if len(o.BodySection) > maxSections || names > maxNames {
		return no(imap.ResponseCodeLimit, "Too much was asked for at once")
	}
	return nil
}

// An answer is what is said of one message, all of it known before the first byte is written: while
// the library writes, nothing may fail but the connection.
type answer struct {
	uid       imap.UID
	flags     []imap.Flag
	saysFlags bool
	message   mailbox.Message
	options   *imap.FetchOptions
	envelope  *imap.Envelope
	structure imap.BodyStructure
	sections  [][]byte
}

// answer returns nil when the server is closing.
func (s *session) answer(m mailbox.Message, options *imap.FetchOptions, flags bool) *answer {
	a := &answer{uid: imap.UID(m.UID), saysFlags: flags, message: m, options: options}
	if flags {
		a.flags = s.names(m.Flags)
	}
	if options.Envelope {
		a.envelope = envelope(m.Raw)
	}
	var root *part
	tree := func() *part {
		if root == nil {
			root = parse(m.Raw)
		}
		return root
	}
	if options.BodyStructure != nil {
		a.structure = structure(tree())
	}
	for _, b := range options.BodySection {
		if s.ended() {
			return nil
		}
		a.sections = append(a.sections, section(m.Raw, b, tree))
	}
	if s.ended() {
		return nil
	}
	return a
}

// write writes the answer. The library holds a lock from CreateMessage to Close, so Close is called
// whatever happens; a client that left would else be waited for until the end of the program.
func (a *answer) write(w *imapserver.FetchResponseWriter) (err error) {
	defer func() {
		if closed := w.Close(); err == nil {
			err = closed
		}
	}()
	w.WriteUID(a.uid)
	if a.saysFlags {
		w.WriteFlags(a.flags)
	}
	if a.options.InternalDate {
		w.WriteInternalDate(a.message.Date)
	}
	if a.options.RFC822Size {
		w.WriteRFC822Size(int64(len(a.message.Raw)))
	}
	if a.options.Envelope {
		w.WriteEnvelope(a.envelope)
	}
	if a.structure != nil {
		w.WriteBodyStructure(a.structure)
	}
	for i, b := range a.options.BodySection {
		literal := w.WriteBodySection(b, int64(len(a.sections[i])))
		_, err := literal.Write(a.sections[i])
		if closed := literal.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// section returns a body section, byte for byte as it arrived. One that is not there is empty.
func section(raw []byte, b *imap.FetchItemBodySection, tree func() *part) []byte {
	p := &part{}
	if len(b.Part) == 0 {
		p.header, p.body = cutHeader(raw)
	} else {
		if p = tree().at(b.Part); p == nil {
			return nil
		}
		if b.Specifier == imap.PartSpecifierHeader || b.Specifier == imap.PartSpecifierText {
			if p = p.message; p == nil {
				return nil // only a message inside has them
			}
		}
	}
	var out []byte
	switch {
	case b.Specifier == imap.PartSpecifierHeader && len(b.HeaderFields) > 0:
		out = fields(p.header, b.HeaderFields, true)
	case b.Specifier == imap.PartSpecifierHeader && len(b.HeaderFieldsNot) > 0:
		out = fields(p.header, b.HeaderFieldsNot, false)
	case b.Specifier == imap.PartSpecifierHeader, b.Specifier == imap.PartSpecifierMIME:
		out = p.header
	case b.Specifier == imap.PartSpecifierText, len(b.Part) > 0:
		out = p.body
	default:
		out = raw
	}
	if b.Partial != nil {
		from := min(max(b.Partial.Offset, 0), int64(len(out)))
		out = out[from:]
		out = out[:min(max(b.Partial.Size, 0), int64(len(out)))]
	}
	return out
}

// maxEnvelope bounds the header that an envelope is made of: it is parsed as a whole.
const maxEnvelope = 64 << 10

func envelope(raw []byte) *imap.Envelope {
	header, _ := cutHeader(raw[:min(len(raw), maxEnvelope)])
	var kept []byte
	for len(header) > 0 { // the parser gives up at the first line that is no field
		var field []byte
		field, header = mailbox.NextField(header)
		if key, _, ok := bytes.Cut(field, []byte(":")); ok && len(key) > 0 && !bytes.ContainsAny(key, " \t\r\n") && bytes.HasSuffix(field, []byte("\n")) {
			kept = append(kept, field...)
		}
	}
	h, err := textproto.ReadHeader(bufio.NewReader(bytes.NewReader(append(kept, "\r\n"...))))
	if err != nil {
		return &imap.Envelope{}
	}
	return imapserver.ExtractEnvelope(h)
}
