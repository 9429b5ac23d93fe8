package tlog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// parties are a log and three witnesses with their vkeys as W1, W2, W3.
func parties(t testing.TB) (log *tlog.Signer, w [4]*tlog.Signer) {
	log = signer(t, goldenOrigin, tlog.Ed25519, 1)
	for i := 1; i < len(w); i++ {
		w[i] = signer(t, fmt.Sprintf("witness.example/w%d", i), tlog.CosignatureV1, byte(20+i))
	}
	return log, w
}

func spell(t testing.TB, text string) string {
	log, w := parties(t)
	pq := signer(t, goldenOrigin, tlog.MLDSA44, 2)
	same := signer(t, "another.example/w1", tlog.CosignatureV1, 21)
	return strings.NewReplacer("LOG", log.Key().String(), "PQ", pq.Key().String(), "SAME", same.Key().String(),
		"W1", w[1].Key().String(), "W2", w[2].Key().String(), "W3", w[3].Key().String()).Replace(text)
}

const threeWitnesses = "log LOG\nwitness a W1\nwitness b W2 https://w2.example/x\nwitness c W3\n"

func TestPolicyErrors(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"threshold 0: satisfied by nobody", threeWitnesses + "group g 0 a\nquorum g\n", "line 5: the threshold"},
		{"threshold beyond the members", threeWitnesses + "group g 2 a\nquorum g\n", "line 5: the threshold"},
		{"threshold with a leading zero", threeWitnesses + "group g 01 a\nquorum g\n", "line 5: the threshold"},
		{"threshold with a sign", threeWitnesses + "group g +1 a\nquorum g\n", "line 5: the threshold"},
		{"the same witness twice: one signature would count twice", threeWitnesses + "group g 2 a a\nquorum g\n", `"a" is a member twice`},
		{"the same witness under two names", threeWitnesses + "witness d W1\nquorum d\n", "line 5: this public key"},
		{"the same key with another key name", threeWitnesses + "witness d SAME\nquorum d\n", "line 5: this public key"},
		{"two quorum lines: the last would win", threeWitnesses + "quorum a\nquorum none\n", "line 6: there is a quorum already"},
		{"no quorum", threeWitnesses, "no quorum line"},
		{"empty", "", "no quorum line"},
		{"unknown quorum", threeWitnesses + "quorum z\n", `"z" is not defined`},
		{"defined below", threeWitnesses + "group g any h\ngroup h any a\nquorum g\n", `"h" is not defined above`},
		{"member of itself", threeWitnesses + "group g any g\nquorum g\n", `"g" is not defined above`},
		{"name twice", threeWitnesses + "group a any b\nquorum a\n", "is defined already"},
		{"a group called none", threeWitnesses + "group none any a\nquorum none\n", "the name none"},
		{"a witness called none", "witness none W1\nquorum none\n", "the name none"},
		{"group without members", threeWitnesses + "group g any\nquorum g\n", "want: group"},
		{"unknown word", "logs LOG\nquorum none\n", "line 1: want log"},
		{"log key twice", "log LOG\nlog LOG\nquorum none\n", "line 2: this public key"},
		{"a witness with a log's key", "log LOG\nwitness a LOG\nquorum a\n", "line 2: this public key"},
		{"a log's kind of key for a witness", "witness a LOG\nquorum a\n", "a witness signs with"},
		{"a witness' kind of key for a log", "log W1\nquorum none\n", "a log does not sign"},
		{"key with a wrong id", "log " + strings.Replace(goldenLogKey, "1a17", "1a18", 1) + "\nquorum none\n", "the id is not that of the key"},
		{"key with an id in capitals", "log " + strings.Replace(goldenLogKey, "1a17", "1A17", 1) + "\nquorum none\n", "line 1"},
		{"not an address", "log LOG ftp://x\nquorum none\n", "not an http"},
		{"too many words", "log LOG https://x y\nquorum none\n", "want: log"},
		{"carriage return", "log LOG\r\nquorum none\r\n", "control characters"},
		{"not UTF-8", "#\xff\nquorum none\n", "UTF-8"},
		{"trailing words", "quorum none please\n", "want: quorum"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tlog.ParsePolicy([]byte(spell(t, tt.text)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestPolicyQuorum(t *testing.T) {
	log, w := parties(t)
	c := &tlog.Checkpoint{Origin: goldenOrigin, Size: 1, Root: tlog.LeafHash([]byte("x"))}
	for _, tt := range []struct {
		text   string
		signed []int
		want   error
	}{
		{threeWitnesses + "quorum none", nil, nil},
		{threeWitnesses + "quorum a", nil, tlog.ErrQuorum},
		{threeWitnesses + "quorum a", []int{2, 3}, tlog.ErrQuorum},
		{threeWitnesses + "quorum a", []int{1}, nil},
		{threeWitnesses + "group g all a b c\nquorum g", []int{1, 2}, tlog.ErrQuorum},
		{threeWitnesses + "group g all a b c\nquorum g", []int{1, 2, 3}, nil},
		{threeWitnesses + "group g 2 a b c\nquorum g", []int{3}, tlog.ErrQuorum},
		{threeWitnesses + "group g 2 a b c\nquorum g", []int{3, 1}, nil},
		{threeWitnesses + "group g any a b\ngroup h all g c\nquorum h\n", []int{1, 2}, tlog.ErrQuorum},
		{threeWitnesses + "\t# remark\n\ngroup g any a b\ngroup h all g c\n quorum   h \n", []int{2, 3}, nil},
	} {
		p, err := tlog.ParsePolicy([]byte(spell(t, tt.text)))
		if err != nil {
			t.Fatal(err)
		}
		signers := []*tlog.Signer{log}
		for _, i := range tt.signed {
			signers = append(signers, w[i])
		}
		signed, err := tlog.SignCheckpoint(c, goldenTime, signers...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Verify(signed); !errors.Is(err, tt.want) || tt.want == nil && err != nil {
			t.Errorf("%s\nsigned by %v: %v, want %v", tt.text, tt.signed, err, tt.want)
		}
		if _, err := p.Verify(mustSign(t, c, w[1])); !errors.Is(err, tlog.ErrSignature) {
			t.Errorf("without the log's signature: %v", err)
		}
		other := &tlog.Checkpoint{Origin: "reeve.example/node2", Size: 1}
		if _, err := p.Verify(mustSign(t, other, signer(t, other.Origin, tlog.Ed25519, 1))); !errors.Is(err, tlog.ErrUnknownLog) {
			t.Errorf("unknown origin: %v", err)
		}
	}
}

func mustSign(t testing.TB, c *tlog.Checkpoint, s ...*tlog.Signer) *tlog.SignedCheckpoint {
	t.Helper()
	signed, err := tlog.SignCheckpoint(c, goldenTime, s...)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestWrongSignatures: a signature of a known key that is wrong or stands twice spoils the checkpoint; an unknown one does not.
func TestWrongSignatures(t *testing.T) {
	log, pq, witness := goldenSigners(t)
	c := &tlog.Checkpoint{Origin: goldenOrigin, Size: 1, Root: tlog.LeafHash([]byte("x"))}
	keys := []*tlog.Key{log.Key(), pq.Key(), witness.Key()}
	for i := range keys {
		s := mustSign(t, c, log, pq, witness)
		if err := s.VerifyAll(keys...); err != nil {
			t.Fatal(err)
		}
		for at := range s.Sigs[i].Data {
			if at > 80 && at%97 != 0 {
				continue
			}
			s.Sigs[i].Data[at] ^= 0x10
			if _, err := s.Verify(keys...); !errors.Is(err, tlog.ErrSignature) {
				t.Fatalf("%s: byte %d changed: %v", keys[i].Algorithm, at, err)
			}
			s.Sigs[i].Data[at] ^= 0x10
		}
		s.Sigs = append(s.Sigs, s.Sigs[i])
		if _, err := s.Verify(keys...); !errors.Is(err, tlog.ErrSignature) {
			t.Errorf("a signature that stands twice: %v", err)
		}
		s.Sigs = s.Sigs[:3]
		s.Sigs[i].ID++ // a key that nobody knows
		if signed, err := s.Verify(keys...); err != nil || len(signed) != 2 {
			t.Errorf("unknown key: %d %v", len(signed), err)
		}
		if err := s.VerifyAll(keys...); !errors.Is(err, tlog.ErrSignature) {
			t.Errorf("a signature is missing: %v", err)
		}
	}
	bound := mustSign(t, c, log)
	bound.Checkpoint.Size++ // the keys look at what was parsed, never at the text beside it
	if _, err := bound.Verify(keys...); err == nil {
		t.Error("another size has the same signature")
	}
}
