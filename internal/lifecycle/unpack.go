package lifecycle

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Unpack writes the archive that Export made into a directory, which must be empty or not exist. It returns the number of
// files. Without a manifest at its end the bundle is not whole, and Unpack says so.
func Unpack(r io.Reader, dir string) (files int, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("make bundle: %w", err)
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("make bundle: %w", err)
	}
	if len(names) > 0 {
		return 0, fmt.Errorf("make bundle: %s is not empty", dir)
	}
	if err := os.Mkdir(filepath.Join(dir, proofsDir), 0o700); err != nil {
		return 0, fmt.Errorf("make bundle: %w", err)
	}
	buffered := bufio.NewReaderSize(r, 256<<10)
	whole := false
	for t := tar.NewReader(buffered); ; files++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return files, err
		}
		if !bundleName(h.Name) || h.Typeflag != tar.TypeReg || sparse(h) {
			return files, fmt.Errorf("make bundle: %q does not belong into one", h.Name)
		}
		if err := writeNew(filepath.Join(dir, filepath.FromSlash(h.Name)), t); err != nil {
			return files, fmt.Errorf("make bundle: %w", err)
		}
		whole = whole || h.Name == manifestFile
	}
	if _, err := io.Copy(io.Discard, buffered); err != nil { // an error of the server comes at the very end
		return files, err
	}
	if !whole {
		return files, errors.New("make bundle: the manifest is missing, so that the bundle is not whole")
	}
	return files, nil
}

// sparse reports whether a file says that it is larger than what the archive holds of it: a few bytes could fill the disk.
func sparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return h.Format == tar.FormatGNU
}

// bundleName reports whether a bundle may hold a file of this name.
func bundleName(name string) bool {
	dir, file := path.Split(name)
	switch {
	case name != path.Clean(name) || file == "":
		return false
	case dir == "":
		return file == recordsFile || file == manifestFile || file == readableFile || file == "checkpoint" || file == "log.pub"
	}
	number, proof := strings.CutSuffix(file, ".tlog-proof")
	return dir == proofsDir+"/" && proof && number != "" && strings.Trim(number, "0123456789") == ""
}

func writeNew(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
