package guard

// Stream judges one channel of text that arrives in pieces. It is not safe for concurrent use.
type Stream struct{}

// Write takes the next bytes of the text and appends to dst what may be released now.
func (st *Stream) Write(dst, chunk []byte) []byte { return append(dst, chunk...) }

// Close says that the text has ended and appends the rest to dst. Nothing may be written after it.
func (st *Stream) Close(dst []byte) []byte { return dst }

// Held is the number of bytes that were written and neither released nor masked yet. It is 0 after a block.
func (st *Stream) Held() int { return 0 }

// Blocked is the block rule that ended the text, or nil.
func (st *Stream) Blocked() *Rule { return nil }

// Result is the verdict and the findings so far; its Text is nil.
func (st *Stream) Result() Result { return Result{} }

// Free wipes the stream and gives it back. It must not be used afterwards.
func (st *Stream) Free() {}
