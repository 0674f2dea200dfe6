package main

import (
	"os"
	"path/filepath"
	"regexp"

	"kbootstrap/workshop/internal/tree"
)

// Figures are what was counted in a checkout.
type Figures struct {
	AddOn, Service []Mention
	Kinds          []Kind
	Largest        Package // by lines
	Most           Package // by files
	Object         Object
	Rings          []Reading
	Up             []Import
	Lines          Lines
	Functions      Functions
	Columns        Columns
	Rooms          []Room
}

// measure counts in the checkout at root.
func measure(root string) (Figures, error) {
	module, err := moduleOf(root)
	if err != nil {
		return Figures{}, err
	}
	all, err := tree.Read(root)
	if err != nil {
		return Figures{}, err
	}
	templates, err := readTemplates(root)
	if err != nil {
		return Figures{}, err
	}
	var code, product []tree.File // neither tests nor generated
	for _, f := range all {
		if f.Test || f.Generated {
			continue
		}
		code = append(code, f)
		if f.Product() {
			product = append(product, f)
		}
	}
	rings, err := readRings(root)
	if err != nil {
		return Figures{}, err
	}
	up, err := importsUp(module, code)
	if err != nil {
		return Figures{}, err
	}
	largest, most := biggest(product)
	return Figures{
		AddOn: mentions(product, templates, addOn), Service: mentions(product, templates, service),
		Kinds: kinds(module, product), Largest: largest, Most: most, Object: largestObject(product),
		Rings: rings, Up: up, Lines: countLines(code), Functions: countFunctions(code), Columns: countColumns(all),
		Rooms: rooms(product),
	}, nil
}

var moduleLine = regexp.MustCompile(`(?m)^module (\S+)$`)

// moduleOf returns the path of the module that lies in a directory.
func moduleOf(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	found := moduleLine.FindSubmatch(text)
	if found == nil {
		return "", os.ErrInvalid
	}
	return string(found[1]), nil
}
