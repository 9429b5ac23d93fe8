//go:build !unix

package lineage

import "os"

func exitCode(s *os.ProcessState) int { return s.ExitCode() }

// Forwarded are the signals that a training may be told something with.
func Forwarded() []os.Signal { return []os.Signal{os.Interrupt} }
