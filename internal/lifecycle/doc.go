// Package lifecycle decides how long what the custody log holds may be read, and by whom it was: search and export for a
// person's rights (GDPR Art. 15 and 20), erasure (Art. 17), retention (Art. 5(1)(e) against the floors of other laws) and
// legal holds, which beat both.
//
// A Custodian stands on the log, its keys and an index. Everything that it decides is a record of the log first: what it
// knows of holds and erasures is read back from there (Ledger.Apply), so that a restart, a restored copy or an auditor
// comes to the same state. The index (index.db) is derived from the log as well and can be deleted at any time.
//
// What is erased is content: the subject's keys and salts are destroyed, then the sealed parts are overwritten. The
// leaves stay, and with them every proof; without the keys they speak of nobody.
package lifecycle
