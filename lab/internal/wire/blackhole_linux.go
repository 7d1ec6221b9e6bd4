package wire

import (
	"fmt"
	"net"
	"syscall"
	"time"
)

// A blackHole is a port on which every attempt to connect stays without an answer. Linux drops
// the first packet of a connection while a listener's queue of connections not yet accepted is
// full: this listener has room for one, takes none, and the one is a connection of its own.
type blackHole struct {
	listener int
	filler   net.Conn
}

// fillLimit bounds the connection that fills the queue, which loopback makes at once.
const fillLimit = 5 * time.Second

func openBlackHole(addr string) (*blackHole, error) {
	fd, err := listenFor(addr)
	if err != nil {
		return nil, fmt.Errorf("listen without room: %w", err)
	}
	filler, err := net.DialTimeout("tcp", addr, fillLimit)
	if err != nil {
		syscall.Close(fd)
		return nil, fmt.Errorf("fill the queue of a port: %w", err)
	}
	return &blackHole{fd, filler}, nil
}

// listenFor opens a listener with room for one connection (a backlog of 0), which package net
// cannot be asked for.
func listenFor(addr string) (int, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return 0, err
	}
	family, to := syscall.AF_INET, syscall.Sockaddr(&syscall.SockaddrInet4{Port: tcp.Port, Addr: [4]byte(tcp.IP.To16()[12:])})
	if tcp.IP.To4() == nil {
		family, to = syscall.AF_INET6, &syscall.SockaddrInet6{Port: tcp.Port, Addr: [16]byte(tcp.IP.To16())}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	for _, do := range []func() error{
		func() error { return syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) },
		func() error { return syscall.Bind(fd, to) },
		func() error { return syscall.Listen(fd, 0) },
	} {
		if err := do(); err != nil {
			syscall.Close(fd)
			return 0, err
		}
	}
	return fd, nil
}

// close resets the filler, so that the port is free at once.
func (h *blackHole) close() {
	if t, ok := h.filler.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	h.filler.Close()
	syscall.Close(h.listener)
}
