//go:build !linux

package posture

// Disk, Cores, Swap and Clock are looked at on Linux only.
func Disk(string) Check { return elsewhere("host.disk") }

func Cores() Check { return elsewhere("host.core") }
func Swap() Check  { return elsewhere("host.swap") }
func Clock() Check { return elsewhere("host.clock") }

func elsewhere(name string) Check {
	return Check{Name: name, Status: Skip, Detail: "this is looked at on Linux only"}
}
