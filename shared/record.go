package shared

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"kbootstrap/internal/atomic"
)

// Record is what a state directory notes of the shared one that it was last the same as.
type Record struct {
	Serial int    `json:"serial"`
	Sum    string `json:"sum"`
}

// ReadRecord reads a record; it is the zero value where there is none.
func ReadRecord(path string) (r Record, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// Write writes a record.
func (r Record) Write(path string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return atomic.WriteFile(path, append(text, '\n'), 0o600)
}
