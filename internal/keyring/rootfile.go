package keyring

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const (
	rootKeyFile = "root.key"
	rootKeySize = 32
)

// rawRoot is a root of 32 bytes that some place holds as they are.
func rawRoot(name string, key []byte) (*keyed, error) {
	k := &keyed{kind: kindRaw, name: name}
	k.derive = func(_ context.Context, header []byte) ([]byte, error) {
		return nil, errors.New("wrapped key is malformed")
	}
	if err := k.use([]byte{}, key); err != nil {
		return nil, err
	}
	k.header = nil // equal to the empty one, and no allocation
	return k, nil
}

func openEnvRoot(_ context.Context, _, name string, _ bool) (Root, error) {
	text, set := os.LookupEnv(name)
	if !set {
		return nil, fmt.Errorf("root key: environment variable %s is not set: %w", name, ErrNoRoot)
	}
	key, err := parseRoot(text, "environment variable "+name)
	if err != nil {
		return nil, err
	}
	return rawRoot("env", key)
}

// openCredentialRoot reads what systemd put down for this service (LoadCredential=, LoadCredentialEncrypted=; systemd.exec(5)).
func openCredentialRoot(_ context.Context, _, name string, _ bool) (Root, error) {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return nil, fmt.Errorf("root key: CREDENTIALS_DIRECTORY is not set, so systemd gave no credential: %w", ErrNoRoot)
	}
	if name != filepath.Base(name) || name == "." || name == ".." {
		return nil, fmt.Errorf("root key: %q is no name of a credential", name)
	}
	key, err := rootFromFile(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	return rawRoot("credential", key)
}

func openFileRoot(_ context.Context, dir, path string, create bool) (Root, error) {
	if path != "" {
		key, err := rootFromFile(path)
		if err != nil {
			return nil, err
		}
		return rawRoot("file", key)
	}
	path = filepath.Join(dir, rootKeyFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && create {
		if err := createRoot(dir, path); err != nil {
			return nil, fmt.Errorf("create root key: %w", err)
		}
	}
	key, err := rootFromFile(path)
	if err != nil {
		return nil, err
	}
	return fileRoot(dir, key)
}

// fileRoot is the root of the default provider, which alone may replace its key.
func fileRoot(dir string, key []byte) (*keyed, error) {
	k, err := rawRoot("file", key)
	if err != nil {
		return nil, err
	}
	k.rotate = func(context.Context) (Root, func() error, error) { return rotateRootFile(dir) }
	return k, nil
}

func rootFromFile(path string) ([]byte, error) {
	text, err := readPrivate(path, 1024)
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	defer clear(text)
	return parseRoot(string(text), path)
}

// readPrivate reads a small file that only its owner may read, and whose owner is this user or root.
func readPrivate(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, ErrNoRoot)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := private(path, info); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, limit))
}

// private refuses a file that others may read or change.
func private(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by others (mode %04o): run chmod 600 on it", path, info.Mode().Perm())
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() && st.Uid != 0 {
		return fmt.Errorf("%s belongs to another user (uid %d): run chown on it", path, st.Uid)
	}
	return nil
}

// parseRoot reads 32 bytes in hex or base64. Its errors never hold the text.
func parseRoot(text, from string) ([]byte, error) {
	b := bytes.TrimSpace([]byte(text))
	key := make([]byte, rootKeySize)
	if hex.DecodedLen(len(b)) == rootKeySize {
		if _, err := hex.Decode(key, b); err == nil {
			return key, nil
		}
	}
	if decoded, err := base64.StdEncoding.DecodeString(string(b)); err == nil && len(decoded) == rootKeySize {
		return decoded, nil
	}
	return nil, fmt.Errorf("root key in %s: want %d bytes as hex or base64", from, rootKeySize)
}

// createRoot makes a key under a private name and links it to its place: whoever finds the place finds a whole key,
// and of two processes that start together only one wins.
func createRoot(dir, path string) error {
	var tag [8]byte
	_, _ = rand.Read(tag[:]) // never fails: crypto/rand ends the process instead
	tmp := path + "." + hex.EncodeToString(tag[:])
	if err := writeRoot(tmp); err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Link(tmp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

// writeRoot writes a fresh key to a file that does not exist yet.
func writeRoot(path string) error {
	var key [rootKeySize]byte
	_, _ = rand.Read(key[:]) // never fails: crypto/rand ends the process instead
	defer clear(key[:])
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(hex.EncodeToString(key[:]) + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
