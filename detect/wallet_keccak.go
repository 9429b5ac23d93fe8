package detect

import (
	"encoding/binary"
	"math/bits"
)

// keccak256 is the hash of the Keccak submission with 256 bits of output, which differs from SHA3-256 (FIPS 202) in its
// padding. Addresses of Ethereum and Monero are checked with it. text is shorter than one block of 136 bytes.
func keccak256(text []byte) (sum [32]byte) {
	const rate = 136
	var buf [rate]byte
	copy(buf[:], text)
	buf[len(text)] = 0x01
	buf[rate-1] |= 0x80
	var a [25]uint64
	for k := range rate / 8 {
		a[k] = binary.LittleEndian.Uint64(buf[8*k:])
	}
	keccakF(&a)
	for k := range 4 {
		binary.LittleEndian.PutUint64(sum[8*k:], a[k])
	}
	return sum
}

// keccakF is the permutation Keccak-f[1600] (FIPS 202, section 3). Its round constants come from the shift register of
// section 3.2.5, its rotations from 3.2.2.
func keccakF(a *[25]uint64) {
	register := uint8(1)
	for range 24 {
		keccakMix(a)
		keccakMove(a)
		for y := 0; y < 25; y += 5 {
			row := [5]uint64(a[y : y+5])
			for x := range 5 {
				a[y+x] = row[x] ^ ^row[(x+1)%5]&row[(x+2)%5]
			}
		}
		for j := range 7 {
			if register&1 != 0 {
				a[0] ^= 1 << (1<<j - 1)
			}
			high := register >> 7
			register = register<<1 ^ high*0x71
		}
	}
}

// keccakMix is the step theta.
func keccakMix(a *[25]uint64) {
	var c [5]uint64
	for k, lane := range a {
		c[k%5] ^= lane
	}
	for k := range a {
		a[k] ^= c[(k+4)%5] ^ bits.RotateLeft64(c[(k+1)%5], 1)
	}
}

// keccakMove is the steps rho and pi.
func keccakMove(a *[25]uint64) {
	x, y, carried := 1, 0, a[1]
	for t := 1; t <= 24; t++ {
		x, y = y, (2*x+3*y)%5
		k := x + 5*y
		a[k], carried = bits.RotateLeft64(carried, t*(t+1)/2), a[k]
	}
}
