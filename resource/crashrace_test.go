//go:build race

package resource_test

// usualOneOf is larger here: the race detector makes a case ten times as slow, and looks for
// nothing that the others have not.
const usualOneOf = 29
