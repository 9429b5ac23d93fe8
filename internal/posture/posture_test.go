package posture_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/reeve-ai/reeve/internal/posture"
)

func TestModes(t *testing.T) {
	for _, tt := range []struct {
		name     string
		dir, key os.FileMode
		want     posture.Status
	}{
		{"closed", 0o700, 0o600, posture.OK},
		{"closed by the folder", 0o700, 0o644, posture.OK},
		{"an open folder", 0o755, 0o600, posture.Warn},
		{"an open file", 0o755, 0o644, posture.Fail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d")
			key := filepath.Join(dir, "root.key")
			if os.Mkdir(dir, 0o700) != nil || os.WriteFile(key, nil, 0o600) != nil || os.WriteFile(filepath.Join(dir, "log.pub"), nil, 0o600) != nil {
				t.Fatal("cannot make files")
			}
			if os.Chmod(filepath.Join(dir, "log.pub"), 0o644) != nil || os.Chmod(key, tt.key) != nil || os.Chmod(dir, tt.dir) != nil {
				t.Fatal("cannot change modes")
			}
			got := posture.Modes(dir)
			if got.Status != tt.want || (got.Status == posture.OK) != (got.Remedy == "") {
				t.Errorf("%+v", got)
			}
		})
	}
	if got := posture.Modes("/nonexistent"); got.Status != posture.Skip {
		t.Errorf("no directory: %+v", got)
	}
}

func TestSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	if got := posture.Secret("key", path); got.Status != posture.Fail || got.Remedy == "" {
		t.Errorf("no file: %+v", got)
	}
	for mode, want := range map[os.FileMode]posture.Status{0o600: posture.OK, 0o400: posture.OK, 0o640: posture.Fail, 0o604: posture.Fail} {
		if os.WriteFile(path, nil, 0o600) != nil || os.Chmod(path, mode) != nil {
			t.Fatal("cannot make the file")
		}
		if got := posture.Secret("key", path); got.Status != want {
			t.Errorf("%o: %+v", mode, got)
		}
	}
}

func TestDigest(t *testing.T) {
	a := []posture.Check{{Name: "x", Status: posture.OK, Detail: "one"}, {Name: "disk", Status: posture.OK, Detail: "5 GiB", Loose: true}}
	b := []posture.Check{a[0], {Name: "disk", Status: posture.OK, Detail: "4 GiB", Loose: true}}
	if posture.Digest(a) != posture.Digest(b) {
		t.Error("a number that changes by itself is a change")
	}
	b[1].Status = posture.Warn
	if posture.Digest(a) == posture.Digest(b) || posture.Worst(b) != posture.Warn || posture.Worst(a) != posture.OK || posture.Count(b, posture.Warn) != 1 {
		t.Error("a status is none")
	}
	if posture.Worst([]posture.Check{{Status: "odd"}}) == posture.OK {
		t.Error("an unknown status is in order")
	}
}

func TestHost(t *testing.T) {
	for _, c := range []posture.Check{posture.Disk(t.TempDir()), posture.Cores(), posture.Swap(), posture.Clock()} {
		if c.Name == "" || c.Detail == "" || (c.Status == posture.Warn || c.Status == posture.Fail) && c.Remedy == "" {
			t.Errorf("%+v", c)
		}
	}
	if got := posture.Disk("/nonexistent"); got.Status != posture.Skip {
		t.Errorf("%+v", got)
	}
}
