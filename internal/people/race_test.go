//go:build race

package people

// underRace: the race detector makes the embedded database an order of magnitude slower.
const underRace = true
