package imapd

import (
	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

// Select opens a mailbox. What it says of it and what the client knows of it are of one moment.
func (s *session) Select(name string, options *imap.SelectOptions) (*imap.SelectData, error) {
	folder, err := s.store.Folder(name)
	if err != nil {
		return nil, refusal(err)
	}
	state, info := s.store.State(folder), s.store.Info(folder)
	s.mu.Lock()
	s.view = &view{folder: folder, readOnly: options.ReadOnly, state: state}
	s.saved = nil
	s.mu.Unlock()
	flags := s.names(mailbox.AllFlags)
	data := &imap.SelectData{
		Flags: flags, NumMessages: uint32(len(state.Marks)), UIDNext: imap.UID(info.Next), UIDValidity: info.Validity,
		FirstUnseenSeqNum: uint32(info.FirstUnseen),
	}
	if data.FirstUnseenSeqNum > data.NumMessages {
		data.FirstUnseenSeqNum = 0 // it came just now
	}
	if !options.ReadOnly {
		data.PermanentFlags = append(flags, imap.FlagWildcard)
	}
	return data, nil
}

func (s *session) Unselect() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view, s.saved = nil, nil
	return nil
}

// writable returns the selected mailbox, or an error where it was opened for reading only.
func (s *session) writable() (*mailbox.Folder, error) {
	if s.view.readOnly {
		return nil, no("READ-ONLY", "The mailbox was opened for reading only")
	}
	return s.view.folder, nil
}

// Expunge removes what is marked as deleted. CLOSE comes here too, with a writer to nowhere, and
// is no error where the mailbox cannot be changed: RFC 9051 section 6.4.1.
func (s *session) Expunge(w *imapserver.ExpungeWriter, set *imap.UIDSet) error {
	folder, err := s.writable()
	if err != nil {
		if *w == (imapserver.ExpungeWriter{}) {
			return nil
		}
		return err
	}
	meant := map[uint32]bool{}
	if set != nil {
		for _, p := range s.pick(*set) {
			meant[p.uid] = true
		}
	}
	s.store.Remove(folder, func(uid uint32, flags mailbox.Flags) bool {
		return flags&mailbox.Deleted != 0 && (set == nil || meant[uid])
	})
	return nil // the library polls, which tells of each message that is gone
}

// Store changes flags: RFC 9051 section 6.4.6.
func (s *session) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags, _ *imap.StoreOptions) error {
	folder, err := s.writable()
	if err != nil {
		return err
	}
	bits, err := s.flags(flags.Flags)
	if err != nil {
		return err
	}
	chosen := s.pick(set)
	now := s.store.SetFlags(folder, uids(chosen), func(old mailbox.Flags) mailbox.Flags {
		switch flags.Op {
		case imap.StoreFlagsAdd:
			return old | bits
		case imap.StoreFlagsDel:
			return old &^ bits
		}
		return bits
	})
	s.tell(now)
	if !flags.Silent {
		if err := s.writeFlags(w, chosen, now); err != nil {
			return err
		}
	}
	return missed(chosen, len(now))
}

// writeFlags answers with the flags of messages; now has those of chosen that are there still.
func (s *session) writeFlags(w *imapserver.FetchWriter, chosen []picked, now []mailbox.Flagged) error {
	for _, p := range chosen {
		if len(now) == 0 || now[0].UID != p.uid {
			continue
		}
		m := w.CreateMessage(p.number)
		m.WriteUID(imap.UID(p.uid))
		m.WriteFlags(s.names(now[0].Flags))
		if err := m.Close(); err != nil {
			return err
		}
		now = now[1:]
	}
	return nil
}

// missed returns an error when some of the messages are gone: RFC 2180 section 4.
func missed(chosen []picked, found int) error {
	if found < len(chosen) {
		return no("EXPUNGEISSUED", "Some of the messages are gone")
	}
	return nil
}

func (s *session) Copy(set imap.NumSet, dest string) (*imap.CopyData, error) {
	placed, err := s.store.Copy(s.view.folder, uids(s.pick(set)), dest)
	if err != nil {
		return nil, carried(err)
	}
	return copied(placed), nil
}

// Move copies and removes at once. The numbers of what is gone are told in the order in which the
// client counts down: RFC 6851 section 3.3.
func (s *session) Move(w *imapserver.MoveWriter, set imap.NumSet, dest string) error {
	folder, err := s.writable()
	if err != nil {
		return err
	}
	placed, err := s.store.Move(folder, uids(s.pick(set)), dest)
	if err != nil {
		return carried(err)
	}
	if data := copied(placed); data != nil {
		return w.WriteCopyData(data)
	}
	return nil // the library polls, which tells of each message that is gone
}

func carried(err error) error {
	if err == mailbox.ErrNoFolder {
		return no(imap.ResponseCodeTryCreate, "No such mailbox")
	}
	return refusal(err)
}

// copied says what went where; nil is nothing, which the library cannot write.
func copied(p mailbox.Placed) *imap.CopyData {
	if len(p.From) == 0 {
		return nil
	}
	data := &imap.CopyData{UIDValidity: p.Validity}
	for i := range p.From {
		data.SourceUIDs.AddNum(imap.UID(p.From[i]))
		data.DestUIDs.AddNum(imap.UID(p.To[i]))
	}
	return data
}
