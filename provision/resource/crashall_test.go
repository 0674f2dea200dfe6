//go:build !race

package resource

// usualOneOf is for who runs the tests while working; make test runs all.
const usualOneOf = 7
