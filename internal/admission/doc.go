// Package admission decides which models the gateway may serve: those whose every file, as the runtime really loads it,
// is a subject of one valid verdict "pass" of the gate, by a trusted key, under the gate policy in force.
//
// # What is measured
//
// A Runtime tells from which files a runtime serves a model (Ollama: the manifest and its blobs; llama.cpp: the GGUF file
// and its LoRA files; vLLM: the folder and those of its LoRA modules) and holds what the files say against what the
// runtime says of itself. A Local measures these files beside the runtime, an Agent does that on another host.
//
// # Why no altered model is served
//
// A file is hashed between two looks at its identity (device, inode, size, times), and one that changed a moment ago is
// not hashed yet, as a second change within one tick of the clock would not show. Then the runtime is made to forget
// what it had loaded before, or has to prove that it was started after the last change. From there on only two things
// matter, and both are asked twice for each request, before it goes to the runtime and before its answer goes out: that
// the files are still those (on Linux one system call that says whether the kernel knows of any change, see sentry;
// elsewhere one stat a file), and that the runtime is still the same process. So what a runtime loads between the two
// questions are the bytes that were hashed. An answer that is under way when a change is noticed is withheld; a stream is
// cut before its next event.
//
// Whoever can write to the disk or to the memory of the runtime without the kernel noticing, such as root, is not stopped.
package admission
