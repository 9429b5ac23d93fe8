// Package tlog speaks the C2SP formats of transparency logs: what a tree, its tiles, its signed checkpoint and its proofs look
// like as bytes. It only computes: no file, no network, no clock.
//
//	hash.go        RFC 6962 hashes and the compact range of a growing tree
//	tile.go        paths and bytes of tlog-tiles, entry bundles included
//	builder.go     leaves → full tiles, and the partial ones of a size
//	nodes.go       tiles → hashes of subtrees
//	proof.go       inclusion and consistency (RFC 6962 §2.1, RFC 9162 §2.1.3 and §2.1.4)
//	note.go        signed notes
//	key.go         verifier keys and signers: Ed25519 (0x01), cosignature/v1 (0x04), ML-DSA-44 (0x06)
//	checkpoint.go  checkpoints, signed and cosigned
//	prooffile.go   .tlog-proof files
//	policy.go      tlog-policy files
//	message.go     what a log and a witness say to each other
//
// All parsers are strict: what they accept is spelt exactly as this package would spell it, so that one thing has one
// spelling, and their input has limits. The sources are the C2SP specifications tlog-tiles, tlog-checkpoint, signed-note,
// tlog-cosignature, tlog-proof, tlog-policy and tlog-witness.
package tlog
