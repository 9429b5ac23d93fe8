// Package model tells whether the files of a model can be opened safely, without opening them: pickles are followed by an abstract
// machine, containers are read from their bytes alone, and what is not known to be harmless is never called clean.
//
// The verdict of a file is one of
//
//	clean      every import is on the list of those that do no harm, every length and offset holds
//	review     it may be harmless, a person has to say so: unknown classes, code, encrypted members
//	malicious  it imports, calls or carries what no model needs, or is built to be read in two ways
//	invalid    it is not what it says, or is broken
//	error      it could not be read
//
// A Scanner is safe for concurrent use. It reads through io.ReaderAt with bounded memory whatever the size of the file.
package model
