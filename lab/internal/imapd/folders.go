package imapd

import (
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

func (s *session) Create(name string, options *imap.CreateOptions) error {
	use := ""
	if options != nil && len(options.SpecialUse) > 0 {
		use = string(options.SpecialUse[0])
		if len(options.SpecialUse) > 1 || !slices.Contains(uses(), options.SpecialUse[0]) {
			return no("USEATTR", "No such special use") // RFC 6154 section 3
		}
	}
	return refused(s.store.Create(name, use))
}

func uses() []imap.MailboxAttr {
	return []imap.MailboxAttr{
		imap.MailboxAttrAll, imap.MailboxAttrArchive, imap.MailboxAttrDrafts, imap.MailboxAttrFlagged,
		imap.MailboxAttrJunk, imap.MailboxAttrSent, imap.MailboxAttrTrash,
	}
}

func (s *session) Delete(name string) error { return refused(s.store.Delete(name)) }

func (s *session) Rename(from, to string, _ *imap.RenameOptions) error {
	return refused(s.store.Rename(from, to))
}

func (s *session) Subscribe(name string) error { return refused(s.store.Subscribe(name, true)) }

func (s *session) Unsubscribe(name string) error { return refused(s.store.Subscribe(name, false)) }

func refused(err error) error {
	if err == nil {
		return nil
	}
	return refusal(err)
}

func (s *session) Namespace() (*imap.NamespaceData, error) {
	return &imap.NamespaceData{Personal: []imap.NamespaceDescriptor{{Delim: mailbox.Delimiter}}}, nil
}

func (s *session) Status(name string, options *imap.StatusOptions) (*imap.StatusData, error) {
	f, err := s.store.Folder(name)
	if err != nil {
		return nil, refusal(err)
	}
	return status(s.store.Info(f)), nil
}

// status says everything; the library writes what was asked for.
func status(i mailbox.Info) *imap.StatusData {
	messages, unseen, deleted := uint32(i.Messages), uint32(i.Unseen), uint32(i.Deleted)
	recent, limit, size, storage := uint32(0), uint32(mailbox.MaxSize), i.Size, int64(0)
	return &imap.StatusData{
		Mailbox: i.Name, NumMessages: &messages, NumRecent: &recent, UIDNext: imap.UID(i.Next), UIDValidity: i.Validity,
		NumUnseen: &unseen, NumDeleted: &deleted, Size: &size, AppendLimit: &limit, DeletedStorage: &storage,
	}
}

// List names mailboxes. A pattern that is empty asks for the delimiter only: RFC 9051 section 6.3.9.
func (s *session) List(w *imapserver.ListWriter, ref string, patterns []string, options *imap.ListOptions) error {
	if len(patterns) == 0 || len(patterns) == 1 && patterns[0] == "" {
		return w.WriteList(&imap.ListData{Attrs: []imap.MailboxAttr{imap.MailboxAttrNoSelect}, Delim: mailbox.Delimiter})
	}
	size := len(ref) * len(patterns)
	for _, p := range patterns {
		size += len(p)
	}
	if size > maxPatterns {
		return no(imap.ResponseCodeLimit, "The patterns are too long")
	}
	all := s.store.Infos()
	for _, i := range all {
		fits := slices.ContainsFunc(patterns, func(p string) bool { return matches(i.Name, ref+p) })
		if !fits {
			continue
		}
		if data := listed(i, all, options); data != nil {
			if err := w.WriteList(data); err != nil {
				return err
			}
		}
	}
	return nil
}

// listed returns what a client that asks like that is told of a mailbox; nil is nothing.
func listed(i mailbox.Info, all []mailbox.Info, options *imap.ListOptions) *imap.ListData {
	data := &imap.ListData{Delim: mailbox.Delimiter, Mailbox: i.Name}
	inside := slices.ContainsFunc(all, func(o mailbox.Info) bool {
		return o.Subscribed && strings.HasPrefix(o.Name, i.Name+string(mailbox.Delimiter))
	})
	if options.SelectRecursiveMatch && inside {
		data.ChildInfo = &imap.ListDataChildInfo{Subscribed: true}
	}
	if options.SelectSubscribed && !i.Subscribed && data.ChildInfo == nil || options.SelectSpecialUse && i.Use == "" {
		return nil
	}
	if (options.SelectSubscribed || options.ReturnSubscribed) && i.Subscribed {
		data.Attrs = append(data.Attrs, imap.MailboxAttrSubscribed)
	}
	if i.Children {
		data.Attrs = append(data.Attrs, imap.MailboxAttrHasChildren)
	} else {
		data.Attrs = append(data.Attrs, imap.MailboxAttrHasNoChildren)
	}
	if i.Use != "" {
		data.Attrs = append(data.Attrs, imap.MailboxAttr(i.Use))
	}
	if options.ReturnStatus != nil {
		data.Status = status(i)
	}
	return data
}
