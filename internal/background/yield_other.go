//go:build !linux

package background

// yieldToOthers does nothing: a thread has no priority of its own here.
func yieldToOthers() {}
