package pop3d

import (
	"bytes"
	"fmt"
	"strconv"
)

// transact carries out a command of the transaction state: RFC 1939 sections 5 and 7.
func (s *session) transact(verb string, args []string) {
	switch verb {
	case "STAT":
		count, size := s.stat()
		s.ok("%d %d", count, size)
		return
	case "RSET":
		clear(s.deleted)
		s.ok("nothing is deleted")
		return
	}
	if len(args) == 0 && (verb == "LIST" || verb == "UIDL") {
		s.list(verb)
		return
	}
	i, found := s.pick(args)
	if !found {
		s.err("no such message")
		return
	}
	switch verb {
	case "LIST", "UIDL":
		s.ok("%s", s.entry(verb, i))
	case "DELE":
		s.deleted[i] = true
		s.ok("deleted")
	case "RETR", "TOP":
		m, release, err := s.store.Open(s.store.Inbox(), s.messages[i].UID)
		if err != nil {
			s.err("[SYS/PERM] another client removed it")
			return
		}
		defer release()
		if verb == "TOP" {
			s.top(m.Raw, args)
			return
		}
		s.ok("message follows")
		s.body(m.Raw)
	}
}

// pick finds the message of the first argument, and returns its index.
func (s *session) pick(args []string) (int, bool) {
	if len(args) == 0 {
		return 0, false
	}
	n, err := strconv.Atoi(args[0])
	if err != nil || n < 1 || n > len(s.messages) || s.deleted[n-1] {
		return 0, false
	}
	return n - 1, true
}

func (s *session) stat() (count, size int) {
	for i, m := range s.messages {
		if !s.deleted[i] {
			count++
			size += m.Bytes
		}
	}
	return count, size
}

func (s *session) list(verb string) {
	s.ok("list follows")
	for i := range s.messages {
		if !s.deleted[i] {
			fmt.Fprintf(s.w, "%s\r\n", s.entry(verb, i))
		}
	}
	s.w.WriteString(".\r\n")
}

func (s *session) entry(verb string, i int) string {
	if verb == "UIDL" {
		return fmt.Sprintf("%d lab-%d", i+1, s.messages[i].UID)
	}
	return fmt.Sprintf("%d %d", i+1, s.messages[i].Bytes)
}

func (s *session) top(raw []byte, args []string) {
	n := -1
	if len(args) == 2 {
		if v, err := strconv.Atoi(args[1]); err == nil {
			n = v
		}
	}
	if n < 0 {
		s.err("how many lines?")
		return
	}
	end := bytes.Index(raw, []byte("\r\n\r\n"))
	if end < 0 {
		end = len(raw)
	} else {
		end += 4
	}
	for ; n > 0 && end < len(raw); n-- {
		nl := bytes.IndexByte(raw[end:], '\n')
		if nl < 0 {
			end = len(raw)
			break
		}
		end += nl + 1
	}
	s.ok("top follows")
	s.body(raw[:end])
}

// body writes a message with its dots stuffed: RFC 1939 section 3.
func (s *session) body(raw []byte) {
	for len(raw) > 0 {
		line := raw
		if nl := bytes.IndexByte(raw, '\n'); nl >= 0 {
			line = raw[:nl+1]
		}
		raw = raw[len(line):]
		if line[0] == '.' {
			s.w.WriteByte('.')
		}
		if _, err := s.w.Write(line); err != nil {
			return // the client is gone, and there may be millions of lines
		}
		if len(raw) == 0 && line[len(line)-1] != '\n' {
			s.w.WriteString("\r\n")
		}
	}
	s.w.WriteString(".\r\n")
}
