package keyring

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
	"github.com/google/go-tpm/tpm2/transport/linuxtpm"
	"github.com/google/go-tpm/tpm2/transport/linuxudstpm"
)

// defaultTPM is the device behind the kernel's resource manager.
const defaultTPM = "/dev/tpmrm0"

// openTPMRoot has a key that only this machine's TPM 2.0 opens. The key is sealed under the storage root key of the owner
// hierarchy (TCG reference template, ECC P-256), which the TPM derives anew each time, so that nothing is kept in it. The
// header is what TPM2_Create returned: u16 length and bytes of the public area, then of the private one. A session whose salt
// only the TPM can read encrypts the key on its way, so that nobody reads it on the bus.
//
// It is bound to the TPM and not to the state of the machine (PCRs): a new kernel does not lock it, and whoever boots another
// system on the same machine may open it.
func openTPMRoot(_ context.Context, _, device string, _ bool) (Root, error) {
	if device == "" {
		device = defaultTPM
	}
	if _, err := os.Stat(device); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("TPM %s: there is none: %w", device, ErrNoRoot)
		}
		return nil, fmt.Errorf("TPM: %w", err)
	}
	k := &keyed{kind: kindTPM, name: "tpm"}
	k.fresh = func(context.Context) (header, key []byte, err error) {
		key = make([]byte, rootKeySize)
		_, _ = rand.Read(key) // never fails: crypto/rand ends the process instead
		err = withTPM(device, func(t *storage) error {
			header, err = t.seal(key)
			return err
		})
		return header, key, err
	}
	k.derive = func(_ context.Context, header []byte) (key []byte, err error) {
		public, private, err := parseSealed(header)
		if err != nil {
			return nil, err
		}
		err = withTPM(device, func(t *storage) error {
			key, err = t.unseal(public, private)
			return err
		})
		return key, err
	}
	k.rotate = func(ctx context.Context) (Root, func() error, error) {
		next, err := openTPMRoot(ctx, "", device, false)
		return next, nothing, err
	}
	return k, nil
}

// storage is a TPM with its storage root key loaded.
type storage struct {
	tpm    transport.TPM
	root   *tpm2.CreatePrimaryResponse
	public *tpm2.TPMTPublic
}

func withTPM(device string, fn func(*storage) error) (err error) {
	open := linuxtpm.Open
	if info, err := os.Stat(device); err == nil && info.Mode()&fs.ModeSocket != 0 { // an emulator
		open = linuxudstpm.Open
	}
	t, err := open(device)
	if err != nil {
		return fmt.Errorf("open TPM %s: %w", device, err)
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	root, err := tpm2.CreatePrimary{PrimaryHandle: tpm2.TPMRHOwner, InPublic: tpm2.New2B(tpm2.ECCSRKTemplate)}.Execute(t)
	if err != nil {
		return fmt.Errorf("TPM %s: storage root key: %w", device, err)
	}
	defer func() {
		_, flushed := tpm2.FlushContext{FlushHandle: root.ObjectHandle}.Execute(t)
		err = errors.Join(err, flushed)
	}()
	public, err := root.OutPublic.Contents()
	if err != nil {
		return fmt.Errorf("TPM %s: storage root key: %w", device, err)
	}
	return fn(&storage{t, root, public})
}

// session authorises and encrypts: its key is salted to the storage root key.
func (s *storage) session(way tpm2.AuthOption) tpm2.Session {
	return tpm2.HMAC(tpm2.TPMAlgSHA256, 16, way, tpm2.Salted(s.root.ObjectHandle, *s.public))
}

func (s *storage) parent(session tpm2.Session) tpm2.AuthHandle {
	return tpm2.AuthHandle{Handle: s.root.ObjectHandle, Name: s.root.Name, Auth: session}
}

func (s *storage) seal(key []byte) (header []byte, err error) {
	made, err := tpm2.Create{
		ParentHandle: s.parent(s.session(tpm2.AESEncryption(128, tpm2.EncryptIn))),
		InSensitive: tpm2.TPM2BSensitiveCreate{Sensitive: &tpm2.TPMSSensitiveCreate{
			Data: tpm2.NewTPMUSensitiveCreate(&tpm2.TPM2BSensitiveData{Buffer: key}),
		}},
		InPublic: tpm2.New2B(tpm2.TPMTPublic{
			Type: tpm2.TPMAlgKeyedHash, NameAlg: tpm2.TPMAlgSHA256,
			ObjectAttributes: tpm2.TPMAObject{FixedTPM: true, FixedParent: true, UserWithAuth: true, NoDA: true},
		}),
	}.Execute(s.tpm)
	if err != nil {
		return nil, fmt.Errorf("TPM: seal root key: %w", err)
	}
	for _, part := range [][]byte{made.OutPublic.Bytes(), made.OutPrivate.Buffer} {
		header = binary.BigEndian.AppendUint16(header, uint16(len(part)))
		header = append(header, part...)
	}
	return header, nil
}

func (s *storage) unseal(public tpm2.TPM2BPublic, private tpm2.TPM2BPrivate) (key []byte, err error) {
	loaded, err := tpm2.Load{ParentHandle: s.parent(tpm2.PasswordAuth(nil)), InPublic: public, InPrivate: private}.Execute(s.tpm)
	if errors.Is(err, tpm2.TPMRCIntegrity) {
		return nil, fmt.Errorf("this TPM did not seal it: %w", ErrWrongRoot)
	}
	if err != nil {
		return nil, fmt.Errorf("TPM: load root key: %w", err)
	}
	defer func() {
		_, flushed := tpm2.FlushContext{FlushHandle: loaded.ObjectHandle}.Execute(s.tpm)
		err = errors.Join(err, flushed)
	}()
	out, err := tpm2.Unseal{ItemHandle: tpm2.AuthHandle{
		Handle: loaded.ObjectHandle, Name: loaded.Name, Auth: s.session(tpm2.AESEncryption(128, tpm2.EncryptOut)),
	}}.Execute(s.tpm)
	if err != nil {
		return nil, fmt.Errorf("TPM: unseal root key: %w", err)
	}
	if len(out.OutData.Buffer) != rootKeySize {
		return nil, errors.New("TPM: root key of wrong size")
	}
	return out.OutData.Buffer, nil
}

// parseSealed reads the header. What is in the areas only the TPM judges.
func parseSealed(header []byte) (public tpm2.TPM2BPublic, private tpm2.TPM2BPrivate, err error) {
	var parts [2][]byte
	for i := range parts {
		if len(header) < 2 || int(binary.BigEndian.Uint16(header)) > len(header)-2 {
			return public, private, errors.New("wrapped key is malformed")
		}
		n := int(binary.BigEndian.Uint16(header))
		parts[i], header = header[2:2+n], header[2+n:]
	}
	if len(header) > 0 {
		return public, private, errors.New("wrapped key is malformed")
	}
	return tpm2.BytesAs2B[tpm2.TPMTPublic](parts[0]), tpm2.TPM2BPrivate{Buffer: parts[1]}, nil
}
