// Package shared is a state directory as several operators share it: one file, which has a serial
// number that only grows, and no secret that is not sealed. It knows no host and no session. Start
// at Header, then Pack and Unpack; Directory is a place for such files.
package shared

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/fault"
)

// Header is the first line of a shared state: which one it is, and who has pushed it.
type Header struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Cluster    string `json:"cluster"`
	// Serial counts the pushes. Sum tells the content.
	Serial int       `json:"serial"`
	Sum    string    `json:"sum"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

const (
	apiVersion = "kbootstrap/v1"
	kind       = "SharedState"
)

// String says which one it is, for people.
func (h Header) String() string {
	return fmt.Sprintf("serial %d, pushed by %s on %s", h.Serial, h.By, h.At.UTC().Format(time.RFC3339))
}

// Largest bounds a shared state in bytes: a host tells files of up to a megabyte.
const Largest = 1 << 20

// largestContent bounds what is unpacked.
const largestContent = 64 << 20

// SumOf tells one content from another.
func SumOf(files map[string][]byte) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%d %s %d\n", len(name), name, len(files[name]))
		sum.Write(files[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Pack makes a shared state.
func Pack(h Header, files map[string][]byte) ([]byte, error) {
	h.APIVersion, h.Kind, h.Sum = apiVersion, kind, SumOf(files)
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(files)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	packed.Write(append(line, '\n'))
	to, err := zstd.NewWriter(&packed)
	if err != nil {
		return nil, err
	}
	if _, err := to.Write(text); err != nil {
		return nil, err
	}
	if err := to.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// Unpack reads a shared state, and compares its sum.
func Unpack(packed []byte) (Header, map[string][]byte, error) {
	h, rest, err := split(packed)
	if err != nil {
		return h, nil, err
	}
	from, err := zstd.NewReader(bytes.NewReader(rest), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return h, nil, err
	}
	defer from.Close()
	text, err := io.ReadAll(io.LimitReader(from, largestContent))
	if err != nil {
		return h, nil, fault.SealedDamaged.Wrap(err)
	}
	var files map[string][]byte
	if err := json.Unmarshal(text, &files); err != nil {
		return h, nil, fault.SealedDamaged.Wrap(err)
	}
	if SumOf(files) != h.Sum {
		return h, nil, fault.SealedDamaged.Errorf("its content has another sum than its first line says")
	}
	return h, files, nil
}

// Line is the first line of a shared state.
func Line(packed []byte) []byte {
	line, _, _ := bytes.Cut(packed, []byte("\n"))
	return append(bytes.Clone(line), '\n')
}

// HeaderOf reads the first line of a shared state.
func HeaderOf(packed []byte) (Header, error) {
	h, _, err := split(packed)
	return h, err
}

func split(packed []byte) (h Header, rest []byte, err error) {
	line, rest, found := bytes.Cut(packed, []byte("\n"))
	if !found {
		err = errors.New("it has no first line")
	} else {
		err = json.Unmarshal(line, &h)
	}
	if err != nil {
		return h, nil, fault.SealedDamaged.Wrap(err)
	}
	if h.APIVersion != apiVersion || h.Kind != kind {
		return h, nil, fault.SealedDamaged.Errorf("it is %.20s %.20s, and not %s %s", h.APIVersion, h.Kind,
			apiVersion, kind)
	}
	return h, rest, nil
}
