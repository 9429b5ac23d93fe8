// Package pickle is an abstract machine for Python pickles: it follows every opcode of protocols 0 to 5 over symbolic values
// and reports what the stream would import, call and build, without ever doing any of it.
//
// The stack, the mark stack and the memo are those of CPython's unpickler (Lib/pickle.py, Modules/_pickle.c), because whoever
// approximates them can be led to another reading than the one that runs: PUT stores the top of the stack, PUT and MEMOIZE share
// one index space, a frame ends where an opcode ends. What cannot be known (an import whose name is computed, a call of a
// computed value, an extension code) is a Violation, never a guess.
//
// A Machine reads forward only, holds at most some megabytes whatever the stream's size, and takes time linear in it. What was
// seen before an error stays seen: the unpickler would have run it before it failed, too.
package pickle
