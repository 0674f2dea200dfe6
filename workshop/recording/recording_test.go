package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPlay: what moves is seen at each of its moments, also when an order or a character comes in
// two pieces.
func TestPlay(t *testing.T) {
	frames, err := play([]chunk{
		{10 * time.Millisecond, "one\r\n  m1  1.0 s\r\n"},
		{200 * time.Millisecond, "\x1b[1A\r\x1b"},
		{210 * time.Millisecond, "[J\x1b[32m\xe2"},
		{220 * time.Millisecond, "\x9c\x93\x1b[0m m1\r\n  m1  1.2 s\r\n"},
		{600 * time.Millisecond, "\x1b[1A\r\x1b[J"},
		{900 * time.Millisecond, ""},
	}, 20, 4, "$ x\r\n")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range frames {
		got = append(got, f.at.String()+" "+plain(f))
	}
	want := "0s $ x|10ms $ x\none\n  m1  1.0 s|220ms one\n✓ m1\n  m1  1.2 s|600ms one\n✓ m1"
	if strings.Join(got, "|") != want {
		t.Errorf("got %q\nwant %q", strings.Join(got, "|"), want)
	}
	if _, err := play([]chunk{{0, "\x1b[2;3H"}}, 20, 4, ""); err == nil {
		t.Error("an order that the screen does not know is passed over")
	}
}

// TestPlayLong: a long recording has no more frames than a short one, and its last is what was
// there in the end.
func TestPlayLong(t *testing.T) {
	var chunks []chunk
	for i := range 5000 {
		chunks = append(chunks, chunk{time.Duration(i) * 100 * time.Millisecond, fmt.Sprintf("\r%d", i)})
	}
	frames, err := play(chunks, 20, 4, "")
	if err != nil || len(frames) > most+2 || plain(frames[len(frames)-1]) != "4999" {
		t.Errorf("%d frames, the last %q, %v", len(frames), plain(frames[len(frames)-1]), err)
	}
}

// TestRecord: a program finds itself on a terminal of the size that was asked for.
func TestRecord(t *testing.T) {
	chunks, err := record(t.Context(), t.TempDir(), 70, 20,
		[]string{"sh", "-c", `test -t 1 && stty size && echo "it's $TERM"`})
	if err != nil {
		t.Fatal(err)
	}
	if got := tail(chunks); got != "20 70\r\nit's xterm-256color\r\n" {
		t.Errorf("got %q", got)
	}
	if _, err := record(t.Context(), ".", 80, 24, []string{"sh", "-c", "echo why; exit 3"}); err == nil ||
		!strings.Contains(err.Error(), "why") {
		t.Errorf("a program that failed: %v", err)
	}
}

// TestPicture: the picture in the README is one, small enough, and ends well.
func TestPicture(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "up.svg"))
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 300_000 {
		t.Errorf("%d bytes", len(text))
	}
	decoder := xml.NewDecoder(strings.NewReader(string(text)))
	desc := ""
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "desc" {
			if err := decoder.DecodeElement(&desc, &start); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !strings.Contains(desc, "healthy after") || !strings.Contains(desc, "next:") {
		t.Errorf("the last frame is %q", desc)
	}
}
