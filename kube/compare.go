package kube

import (
	"maps"
	"reflect"
	"slices"
)

// Compare keeps of a live object what the wanted one speaks of, and what would change if the wanted
// one were applied: tried is what the API says would come of it. What stays as it is has the value
// of the wanted object, which the API may spell in another way: "1000m" is "1" to it.
func Compare(live, tried, wanted map[string]any) map[string]any {
	kept, _ := compareFields(settled(live), settled(tried), wanted).(map[string]any)
	return kept
}

// settled is an object without what the API itself writes.
func settled(object map[string]any) map[string]any {
	object = maps.Clone(object)
	delete(object, "status")
	if meta, ok := object["metadata"].(map[string]any); ok {
		meta = maps.Clone(meta)
		for _, key := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
			delete(meta, key)
		}
		object["metadata"] = meta
	}
	return object
}

// compare is Compare for a value of any kind.
func compare(live, tried, wanted any) any {
	if reflect.DeepEqual(live, tried) {
		return wanted
	}
	switch w := wanted.(type) {
	case map[string]any:
		return compareFields(live, tried, w)
	case []any:
		return compareLists(live, tried, w)
	}
	return live
}

func compareFields(live, tried any, wanted map[string]any) any {
	l, isMap := live.(map[string]any)
	t, wasMap := tried.(map[string]any)
	if !isMap || !wasMap {
		return live
	}
	kept := map[string]any{}
	for key, w := range wanted {
		if now, ok := l[key]; ok || reflect.DeepEqual(now, t[key]) {
			kept[key] = compare(now, t[key], w)
		}
	}
	// What would go, or would get another default, without being spoken of.
	for key, now := range l {
		if _, ok := wanted[key]; !ok && !reflect.DeepEqual(now, t[key]) {
			kept[key] = now
		}
	}
	return kept
}

// compareLists compares the elements of a list by their names. A list without names counts as a
// whole.
func compareLists(live, tried any, wanted []any) any {
	l, isList := live.([]any)
	t, wasList := tried.([]any)
	if !isList || !wasList || !keyedByName(l, "") || !keyedByName(t, "") || !keyedByName(wanted, "") {
		return live
	}
	byName := func(list []any) map[string]any {
		named := map[string]any{}
		for i, e := range list {
			named[ElementKey(list, i, "")] = e
		}
		return named
	}
	lives, trieds, wants := byName(l), byName(t), byName(wanted)
	var kept []any
	for _, name := range slices.Sorted(maps.Keys(lives)) {
		now, then, w := lives[name], trieds[name], wants[name]
		switch {
		case w != nil:
			kept = append(kept, compare(now, then, w))
		case !reflect.DeepEqual(now, then):
			kept = append(kept, now)
		}
	}
	return kept
}
