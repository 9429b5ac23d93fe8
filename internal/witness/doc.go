// Package witness is both sides of C2SP tlog-witness: a client that asks a witness to cosign a checkpoint, and a small witness
// for a second host.
//
// A witness has seen every tree that it cosigns grow out of the one before. So a log that shows different histories to
// different readers, or goes back behind what it has published, gets no cosignature: that is the one thing that a log cannot
// tell about itself.
//
// # What a witness keeps
//
//	lock                   taken with flock by the one process that signs
//	state/HEX.checkpoint   the last cosigned checkpoint of a log, HEX being SHA-256 of its origin
//
// The checkpoint is durable before the cosignature leaves. A witness that loses its state starts again from nothing and would
// cosign an older tree: keep it as carefully as its keys.
package witness
