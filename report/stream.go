package report

import (
	"encoding/json"
	"io"
)

// Stream writes events as JSON, one a line, each at once.
type Stream struct {
	encoder *json.Encoder
	failed  func(error)
}

// NewStream is a stream into w. When it cannot be written, failed is told once, and the rest is dropped: that nobody
// reads on is no reason to stop a run.
func NewStream(w io.Writer, failed func(error)) *Stream {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return &Stream{encoder: encoder, failed: failed}
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
