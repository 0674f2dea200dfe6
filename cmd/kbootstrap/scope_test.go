package main

import "testing"

// TestParseTolerance: numbers and parts of all hosts.
func TestParseTolerance(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "2": 2, "0%": 0, "10%": 2, "9%": 1, "100%": 20} {
		tolerance, err := parseTolerance(text)
		if err != nil || tolerance.Of(20) != want {
			t.Errorf("%s of 20: %d, %v", text, tolerance.Of(20), err)
		}
	}
	for _, text := range []string{"", "-1", "x", "101%", "%", "1.5"} {
		if _, err := parseTolerance(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
