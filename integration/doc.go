// Package integration proves the lab's advice on real servers: Dovecot, Postfix, Exim and nginx
// in containers, as Debian sets them up.
//
// A fault is planted in the server's own way. The same probe and the same diagnosis as everywhere
// look at it, not knowing what was planted. The action that the diagnosis chose is carried out by
// running the very lines that the remedy prints (remedy.Procedure), and the server is looked at
// again: it must be clean, and present the certificate that was meant.
//
// A Machine is a container, a Product says what one server is like, a Server is a product on a
// machine. The tests hold the faults, the literal expectations and the loop.
package integration
