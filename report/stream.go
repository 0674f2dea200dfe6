package report

import (
	"encoding/json"
	"io"
)

// Stream writes events as JSON, one on a line, each as soon as it happens.
type Stream struct {
	encoder *json.Encoder
	failed  func(error)
}

// NewStream returns a stream into w. If w cannot be written, failed is called once and the rest is
// dropped: a reader that goes away is no reason to stop a run.
func NewStream(w io.Writer, failed func(error)) *Stream {
	return &Stream{encoder: newEncoder(w), failed: failed}
}

// Event writes one line.
func (s *Stream) Event(e Event) {
	if s.encoder == nil {
		return
	}
	if err := s.encoder.Encode(e); err != nil {
		s.encoder = nil
		s.failed(err)
	}
}
