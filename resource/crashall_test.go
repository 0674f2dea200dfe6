//go:build !race

package resource_test

// usualOneOf is for who runs the tests while working; make test runs all.
const usualOneOf = 7
