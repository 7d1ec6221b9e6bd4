package imapd

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

// Bounds of one SEARCH: of its keys in all, of those that are sets of messages, and of those that read
// the text of messages.
const (
	maxKeys  = 1000
	maxSets  = 20
	maxTexts = 32
)

// Search finds messages. It stops when the server is closing, for it may take its time.
func (s *session) Search(kind imapserver.NumKind, c *imap.SearchCriteria, options *imap.SearchOptions) (*imap.SearchData, error) {
	keys, sets, texts := cost(c)
	if keys > maxKeys || sets > maxSets || texts > maxTexts {
		return nil, no(imap.ResponseCodeLimit, "Too much was asked for at once")
	}
	fits := s.compile(c)
	data := &imap.SearchData{}
	var numbers imap.SeqSet
	var found imap.UIDSet
	for _, p := range s.pick(imap.SeqSet{{Start: 1}}) {
		ok, err := s.look(p, fits, texts > 0)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		found.AddNum(imap.UID(p.uid))
		numbers.AddNum(p.number)
		n := p.number
		if kind == imapserver.NumKindUID {
			n = p.uid
		}
		if data.Min == 0 {
			data.Min = n
		}
		data.Max = n
		data.Count++
	}
	data.All = numbers
	if kind == imapserver.NumKindUID {
		data.All = found
	}
	if options.ReturnSave {
		s.mu.Lock()
		s.saved = found
		s.mu.Unlock()
	}
	return data, nil
}

// look reports whether a message fits. To read its text takes a place among a few.
func (s *session) look(p picked, fits condition, reads bool) (bool, error) {
	if s.ended() {
		return false, errEnded
	}
	if reads {
		select {
		case s.readers <- struct{}{}:
			defer func() { <-s.readers }()
		case <-s.conn.Closing():
			return false, errEnded
		}
	}
	m, release, err := s.store.Open(s.view.folder, p.uid)
	if err != nil {
		return false, nil // it is gone
	}
	defer release()
	return fits(&candidate{picked: p, m: m}), nil
}

// cost counts the keys of a search, those that are sets, and those that read the text of messages.
func cost(c *imap.SearchCriteria) (keys, sets, texts int) {
	keys = 1 + len(c.Flag) + len(c.NotFlag)
	sets = len(c.SeqNum) + len(c.UID)
	texts = len(c.Body) + len(c.Text) + len(c.Header)
	add := func(c *imap.SearchCriteria) {
		k, s, t := cost(c)
		keys, sets, texts = keys+k, sets+s, texts+t
	}
	for i := range c.Not {
		add(&c.Not[i])
	}
	for i := range c.Or {
		add(&c.Or[i][0])
		add(&c.Or[i][1])
	}
	return keys, sets, texts
}

// A candidate is a message that is looked at, with what was found out of it.
type candidate struct {
	picked
	m    mailbox.Message
	head string // lower case, decoded
	text []byte // of the parts, lower case
	read bool
}

type condition func(*candidate) bool

// compile turns criteria into a condition, with all that does not depend on the message done once.
func (s *session) compile(c *imap.SearchCriteria) condition {
	var all []condition
	for _, set := range c.SeqNum {
		all = append(all, s.among(set))
	}
	for _, set := range c.UID {
		all = append(all, s.among(set))
	}
	var with, without mailbox.Flags
	for _, f := range c.Flag {
		bit := s.store.Known(string(f))
		if bit == 0 {
			return func(*candidate) bool { return false }
		}
		with |= bit
	}
	for _, f := range c.NotFlag {
		without |= s.store.Known(string(f))
	}
	all = append(all, func(m *candidate) bool { return m.m.Flags&with == with && m.m.Flags&without == 0 })
	all = append(all, func(m *candidate) bool {
		size := int64(len(m.m.Raw))
		return (c.Larger == 0 || size > c.Larger) && (c.Smaller == 0 || size < c.Smaller)
	})
	if !c.Since.IsZero() || !c.Before.IsZero() {
		all = append(all, func(m *candidate) bool { return between(m.m.Date, c.Since, c.Before) })
	}
	if !c.SentSince.IsZero() || !c.SentBefore.IsZero() {
		all = append(all, func(m *candidate) bool {
			at, err := mail.ParseDate(mailbox.Field(m.m.Raw, "Date"))
			return err == nil && between(at, c.SentSince, c.SentBefore)
		})
	}
	for _, h := range c.Header {
		all = append(all, func(m *candidate) bool { return m.hasHeader(h.Key, strings.ToLower(h.Value)) })
	}
	for _, text := range c.Text {
		want := strings.ToLower(text)
		all = append(all, func(m *candidate) bool { return m.inHeader(want) || m.inBody(want) })
	}
	for _, text := range c.Body {
		want := strings.ToLower(text)
		all = append(all, func(m *candidate) bool { return m.inBody(want) })
	}
	for i := range c.Not {
		not := s.compile(&c.Not[i])
		all = append(all, func(m *candidate) bool { return !not(m) })
	}
	for i := range c.Or {
		one, other := s.compile(&c.Or[i][0]), s.compile(&c.Or[i][1])
		all = append(all, func(m *candidate) bool { return one(m) || other(m) })
	}
	return func(m *candidate) bool {
		for _, fits := range all {
			if !fits(m) {
				return false
			}
		}
		return true
	}
}

func (s *session) among(set imap.NumSet) condition {
	var in []bool // by number
	for _, p := range s.pick(set) {
		in = append(in, make([]bool, int(p.number)+1-len(in))...)
		in[p.number] = true
	}
	return func(m *candidate) bool { return int(m.number) < len(in) && in[m.number] }
}

// between compares days, whatever the time zone: RFC 9051 section 6.4.4.
func between(t, since, before time.Time) bool {
	t = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	return (since.IsZero() || !t.Before(since)) && (before.IsZero() || t.Before(before))
}

func (m *candidate) hasHeader(name, want string) bool {
	header, _ := cutHeader(m.m.Raw[:min(len(m.m.Raw), maxEnvelope)])
	for len(header) > 0 {
		var field []byte
		field, header = mailbox.NextField(header)
		key, value, ok := bytes.Cut(field, []byte(":"))
		if ok && strings.EqualFold(strings.TrimSpace(string(key)), name) && strings.Contains(lower(value), want) {
			return true
		}
	}
	return false
}

func (m *candidate) inHeader(want string) bool {
	if m.head == "" {
		header, _ := cutHeader(m.m.Raw[:min(len(m.m.Raw), maxEnvelope)])
		m.head = lower(header)
	}
	return strings.Contains(m.head, want)
}

// lower decodes the words of a header (RFC 2047) and makes them lower case.
func lower(b []byte) string {
	text := strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(string(b))
	if decoded, err := new(mime.WordDecoder).DecodeHeader(text); err == nil {
		text = decoded
	}
	return strings.ToLower(text)
}

func (m *candidate) inBody(want string) bool {
	if !m.read {
		m.read = true
		m.text = bytes.ToLower(parse(m.m.Raw).readable(nil))
	}
	return bytes.Contains(m.text, []byte(want))
}

// readable appends what a person could read in a part.
func (p *part) readable(out []byte) []byte {
	for _, c := range p.children {
		out = c.readable(out)
	}
	switch {
	case len(p.children) > 0:
		return out
	case p.message != nil:
		return p.message.readable(append(out, p.message.header...))
	case p.kind != "text":
		return out
	}
	var r io.Reader
	switch strings.ToLower(mailbox.Field(p.header, "Content-Transfer-Encoding")) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, bytes.NewReader(p.body))
	case "quoted-printable":
		r = quotedprintable.NewReader(bytes.NewReader(p.body))
	default:
		return append(out, p.body...)
	}
	text, _ := io.ReadAll(r) // as far as it can be read
	return append(append(out, text...), '\n')
}
