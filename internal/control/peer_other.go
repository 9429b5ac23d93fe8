//go:build !linux

package control

import "net"

// checkPeer relies on the modes of the socket (0600) and of its directory (0700).
func checkPeer(*net.UnixConn) error { return nil }
