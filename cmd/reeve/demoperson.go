package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/lifecycle"
)

// demoSubject is the name of the key that the demo asks with.
const demoSubject = "demo"

func (d *demoRun) data() string { return filepath.Join(d.dir, "data") }

// logKey is the file with the log's verifier keys, as somebody outside would have been given it.
func (d *demoRun) logKey() string { return filepath.Join(d.data(), "custody", "log.pub") }

func (d *demoRun) proofPath() string { return filepath.Join(d.dir, "asked.tlog-proof") }

// prove writes the proof of one exchange, which anyone can check without the log.
func (d *demoRun) prove(context.Context) error {
	if _, err := d.command("proof", exitClean, "custody", "prove", d.asked, "--data", d.data(), "-o", d.proofPath()); err != nil {
		return err
	}
	told, err := d.command("proof", exitClean, "custody", "verify", d.proofPath(), "--key", d.logKey())
	if err != nil {
		return err
	}
	d.tell("A proof of one exchange",
		fmt.Sprintf("%s: the record, its way up the tree and the signed head, in one file.\n%s", filepath.Base(d.proofPath()), told),
		"whoever has this file and the log's key can check it offline, without asking us",
		"reeve custody prove "+d.asked+" --data $D/data -o p.tlog-proof && reeve custody verify p.tlog-proof --key $D/data/custody/log.pub")
	return nil
}

// person exports what the log holds about whoever asked, as GDPR Art. 15 wants it.
func (d *demoRun) person(context.Context) error {
	bundle := filepath.Join(d.dir, "bundle")
	if _, err := d.command("export", exitClean, "custody", "export", "--data", d.data(), "--subject", demoSubject, "-o", bundle); err != nil {
		return err
	}
	told, err := d.command("export", exitClean, "custody", "verify", bundle, "--key", d.logKey())
	if err != nil {
		return err
	}
	d.tell("All that is held about one person",
		fmt.Sprintf("%s: a page to read (index.html), the records with their text, a proof for each.\n%s", bundle, told),
		"a request for access is answered by a command, and that it was answered is on record",
		"reeve custody export --subject demo --data $D/data -o my-data && reeve custody verify my-data")
	return nil
}

// erased forgets the person, and shows that nothing else changed.
func (d *demoRun) erased(context.Context) error {
	told, err := d.command("erase", exitClean, "custody", "erase", "--data", d.data(), "--subject", demoSubject, "--reason", "demo", "--format", "json")
	if err != nil {
		return err
	}
	var r lifecycle.Receipt
	if err := json.Unmarshal([]byte(told), &r); err != nil || r.State != lifecycle.StateErased || r.Proof == "" {
		return failed("erase", "there is no receipt with a proof")
	}
	shown, err := d.command("erase", exitClean, "custody", "show", d.asked, "--data", d.data(), "--payload")
	if err != nil {
		return err
	}
	if !strings.Contains(shown, "the payload is erased") || strings.Contains(shown, "EMAIL_ADDRESS") {
		return failed("erase", "the exchange can still be read")
	}
	if _, err := d.command("erase", exitClean, "custody", "verify", d.proofPath(), "--key", d.logKey()); err != nil {
		return err
	}
	if _, err := d.command("erase", exitClean, "custody", "verify", d.data()); err != nil {
		return err
	}
	d.tell("A person is forgotten",
		fmt.Sprintf("%s and what was sealed under it are gone: %s, %d bytes of text, in %.0f ms.\nThe proof from before still verifies, and so does the log; record %d says what was done.",
			counted(len(r.Keks), "key"), counted(r.Payloads, "payload"), r.PayloadBytes, r.KeysMS+r.PayloadsMS, *r.Seq),
		"erasure is real, and breaks no evidence", "reeve custody erase --subject demo --reason demo --data $D/data")
	return nil
}
