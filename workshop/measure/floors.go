package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/workshop/internal/tree"
)

// floors are the rooms of the house from the bottom to the top; the rooms of one row lie on one
// floor. A room that is not named lies where the nearest room around it does.
var floors = [][]string{
	{"fault"},
	{"internal", "examples"},
	{"inventory"},
	{"host/surroundings"},
	{"host"},
	{"host/netns"},
	{"kube"},
	{"resource"},
	{"backup"},
	{"resource/api"},
	{"resource/kinds"},
	{"resource/converge"},
	{"node"},
	{"templates"},
	{"certs"},
	{"release/manual", "release/airgap"},
	{"release"},
	{"remote/pattern", "remote/agentsocket"},
	{"remote/hostkey"},
	{"remote/sshconfig"},
	{"remote"},
	{"provision/component"},
	{"provision/plan"},
	{"internal/fixture"}, // plans for tests
	{"provision/fleet"},
	{"provision/guard", "provision/preflight", "provision/diagnosis", "provision/audit", "provision/verify",
		"provision/draft"},
	{"provision/mesh", "provision/checkup", "shared"},
	{"provision/keyring"},
	{"provision"},
	{"report"},
	{"screen"},
	{"bundle"},
	{"cmd"},
	{"workshop"},
	{"cmd/kblab"},
}

// An Import is one room's import of another.
type Import struct{ From, To string }

func (i Import) String() string { return i.From + " imports " + i.To }

// importsUp returns the imports of rooms that lie higher than the room that imports them.
func importsUp(module string, files []tree.File) ([]Import, error) {
	var up []Import
	for _, f := range files {
		from, err := floorOf(f.Room())
		if err != nil {
			return nil, err
		}
		for _, spec := range f.Syntax.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return nil, err
			}
			room, ok := strings.CutPrefix(path, module+"/")
			if !ok {
				continue
			}
			to, err := floorOf(room)
			if err != nil {
				return nil, err
			}
			if arrow := (Import{f.Room(), room}); from < to && !slices.Contains(up, arrow) {
				up = append(up, arrow)
			}
		}
	}
	slices.SortFunc(up, func(a, b Import) int { return cmp.Compare(a.String(), b.String()) })
	return up, nil
}

// floorOf returns the floor of a room, counted from the bottom.
func floorOf(room string) (int, error) {
	floor, nearest := -1, ""
	for i, rooms := range floors {
		for _, r := range rooms {
			if tree.Within(room, r) && len(r) > len(nearest) {
				floor, nearest = i, r
			}
		}
	}
	if floor < 0 {
		return 0, fmt.Errorf("the room %s has no floor: give it one in workshop/measure/floors.go", room)
	}
	return floor, nil
}
