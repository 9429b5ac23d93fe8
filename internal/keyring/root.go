package keyring

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	rootKeyFile = "root.key"
	rootKeySize = 32
)

// readRoot gets the root key from its provider. mayCreate allows a first key to be made in Dir/root.key.
func readRoot(dir, spec string, mayCreate bool) ([]byte, error) {
	scheme, arg, _ := strings.Cut(spec, ":")
	switch {
	case spec == "" || spec == "file":
		return rootFromDir(dir, mayCreate)
	case scheme == "file" && arg != "":
		return rootFromFile(arg)
	case scheme == "env" && arg != "":
		text, set := os.LookupEnv(arg)
		if !set {
			return nil, fmt.Errorf("root key: environment variable %s is not set: %w", arg, ErrNoRoot)
		}
		return parseRoot(text, "environment variable "+arg)
	}
	return nil, fmt.Errorf("root key provider %q is not known: want file, file:PATH or env:NAME", scheme)
}

func rootFromDir(dir string, mayCreate bool) ([]byte, error) {
	path := filepath.Join(dir, rootKeyFile)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && mayCreate:
		if err := createRoot(dir, path); err != nil {
			return nil, fmt.Errorf("create root key: %w", err)
		}
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", path, ErrNoRoot)
	case err != nil:
		return nil, fmt.Errorf("root key: %w", err)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("root key %s can be read by others (mode %04o): run chmod 600 on it", path, info.Mode().Perm())
	}
	return rootFromFile(path)
}

func rootFromFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, ErrNoRoot)
	}
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return nil, fmt.Errorf("read root key: %w", err)
	}
	return parseRoot(string(text), path)
}

// parseRoot reads 32 bytes in hex or base64. Its errors never hold the text.
func parseRoot(text, from string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if key, err := hex.DecodeString(text); err == nil && len(key) == rootKeySize {
		return key, nil
	}
	if key, err := base64.StdEncoding.DecodeString(text); err == nil && len(key) == rootKeySize {
		return key, nil
	}
	return nil, fmt.Errorf("root key in %s: want %d bytes as hex or base64", from, rootKeySize)
}

// createRoot makes a key under a private name and links it to its place: whoever finds the place finds a whole key,
// and of two processes that start together only one wins.
func createRoot(dir, path string) error {
	var key [rootKeySize]byte
	_, _ = rand.Read(key[:]) // never fails: crypto/rand ends the process instead
	var tag [8]byte
	_, _ = rand.Read(tag[:])
	tmp := path + "." + hex.EncodeToString(tag[:])
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	_, err = f.WriteString(hex.EncodeToString(key[:]) + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Link(tmp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
