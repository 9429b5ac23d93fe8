// Package custody keeps the log: what went into every model, what came out, what was decided, by whom and under which rule.
//
// # The way of a record
//
// Intent, Outcome and Event build one frame on the caller's goroutine: a place in the order is taken, the payload is sealed
// (seal.go), the leaf is written as canonical JSON (leaf.go) and both are put into a frame (frame.go). One committer
// (commit.go) takes the frames in order, chains them, writes them with one write and one fdatasync per drain, adds the leaf
// hashes to the Merkle tree (tree.go) and only then lets the callers go on. Once a second the root is signed (checkpoint.go).
//
// # What lies in DIR/custody
//
//	lock              taken with flock by the one process that writes
//	log.pub           verifier key of the log (C2SP signed note)
//	checkpoint        newest signed checkpoint (C2SP tlog-checkpoint)
//	wal/NNNNNNNN.seg  write-ahead segments: a header, then frames, then zeros (segment.go, header.go)
//	leaves/NNNNNNNN.leaf, payload/NNNNNNNN.pay
//	                  the same once sealed: leaves and payloads apart (leaffile.go, payloadfile.go, sealer.go)
//
// Full segments are sealed in the background. Reader (reader.go) reads both forms by sequence number.
//
// # What it promises
//
// A record is acknowledged only when it is durable. After any failed write or sync the segment is never written again:
// the log answers ErrUnavailable until a fresh segment could be opened. On start an unacknowledged tail is cut; damage before
// it refuses to open and names the record. Leaves hold no personal data and no content. Payloads are sealed under a key
// per record, that one under a key per subject: destroying the subject's key makes them unreadable and breaks no proof.
// A log cannot notice that the whole disk was rolled back; only a checkpoint kept elsewhere can.
package custody
