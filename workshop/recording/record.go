package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// chunk is what a program wrote at once.
type chunk struct {
	at   time.Duration // since its start
	text string
}

// record runs a command on a terminal of that size and returns what it wrote there. That it fails
// is an error.
func record(ctx context.Context, dir string, columns, rows int, command []string) ([]chunk, error) {
	line := fmt.Sprintf("stty columns %d rows %d && exec %s", columns, rows, quoted(command))
	cmd := exec.CommandContext(ctx, "script", "--quiet", "--flush", "--return", "--command", line, "/dev/null")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LC_ALL=C.UTF-8", "SHELL=/bin/sh")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var chunks []chunk
	buffer := make([]byte, 64<<10)
	for {
		n, err := out.Read(buffer)
		if n > 0 {
			chunks = append(chunks, chunk{at: time.Since(begin), text: string(buffer[:n])})
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, tail(chunks))
	}
	return chunks, nil
}

// quoted is a command as a shell reads it.
func quoted(command []string) string {
	words := make([]string, len(command))
	for i, w := range command {
		words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(words, " ")
}

// tail is the last that was written.
func tail(chunks []chunk) string {
	var all strings.Builder
	for _, c := range chunks[max(0, len(chunks)-5):] {
		all.WriteString(c.text)
	}
	return all.String()
}
