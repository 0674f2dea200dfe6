//go:build !race

package resource

// oneOf says how many of the matrix's cases are run: one of so many.
const oneOf = 1
