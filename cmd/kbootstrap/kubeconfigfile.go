package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"kbootstrap/internal/atomic"
	"kbootstrap/internal/yamltext"
	"kbootstrap/resource"
)

// kubeconfig is a file of kubectl, with its keys in their order: also those that the tool does not
// know.
type kubeconfig yaml.MapSlice

// kubeconfigLists are the parts of a kubeconfig that have entries with names.
var kubeconfigLists = []string{"clusters", "users", "contexts"}

func parseKubeconfig(text []byte) (kubeconfig, error) {
	var m yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(text, &m, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("not YAML: %w", err)
	}
	k := kubeconfig(m)
	if kind := k.get("kind"); len(m) > 0 && kind != nil && kind != "Config" {
		return nil, fmt.Errorf("not a kubeconfig, but of the kind %v", kind)
	}
	for _, list := range kubeconfigLists {
		entries, ok := k.get(list).([]any)
		if !ok && k.get(list) != nil {
			return nil, fmt.Errorf("%s is not a list", list)
		}
		for _, e := range entries {
			if nameOf(e) == "" {
				return nil, fmt.Errorf("an entry of %s has no name", list)
			}
		}
	}
	return k, nil
}

// text writes the file. Its error is one that reads back as something else.
func (k kubeconfig) text() ([]byte, error) {
	text, err := yamltext.Marshal(yaml.MapSlice(k))
	if err != nil {
		return nil, err
	}
	again, err := parseKubeconfig(text)
	if err != nil || !reflect.DeepEqual(again, k) {
		return nil, errors.Join(errors.New("once written again it would not be the same"), err)
	}
	return text, nil
}

func (k kubeconfig) get(key string) any {
	for _, item := range k {
		if item.Key == key {
			return item.Value
		}
	}
	return nil
}

func (k *kubeconfig) set(key string, value any) {
	for i, item := range *k {
		if item.Key == key {
			(*k)[i].Value = value
			return
		}
	}
	*k = append(*k, yaml.MapItem{Key: key, Value: value})
}

// name is that of the cluster and the context of a kubeconfig of the tool's own.
func (k kubeconfig) name() string {
	name, _ := k.get("current-context").(string)
	return name
}

// setServer gives the only cluster another URL.
func (k kubeconfig) setServer(url string) {
	entries, _ := k.get("clusters").([]any)
	for _, e := range entries {
		entry, _ := e.(yaml.MapSlice)
		for i, item := range entry {
			if cluster, ok := item.Value.(yaml.MapSlice); ok && item.Key == "cluster" {
				own := kubeconfig(cluster)
				own.set("server", url)
				entry[i].Value = yaml.MapSlice(own)
			}
		}
	}
}

// nameOf is the name of an entry.
func nameOf(entry any) string {
	m, _ := entry.(yaml.MapSlice)
	name, _ := kubeconfig(m).get("name").(string)
	return name
}

// merged is a kubeconfig to be written.
type merged struct {
	before, after []byte // before is nil if there was no file
	diff          string // without keys; "" if nothing changes
}

// mergeKubeconfig puts the entries of a cluster into those of a file, which need not be there.
func mergeKubeconfig(path string, own kubeconfig, use bool) (merged, error) {
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return merged{}, err
	}
	was, err := parseKubeconfig(before)
	if err != nil {
		return merged{}, err
	}
	is := slices.Clone(was)
	for _, key := range []string{"apiVersion", "kind"} {
		is.set(key, cmp.Or(is.get(key), own.get(key)))
	}
	for _, list := range kubeconfigLists {
		entries, _ := is.get(list).([]any)
		entries = slices.Clone(entries)
		added, _ := own.get(list).([]any)
		for _, e := range added {
			at := slices.IndexFunc(entries, func(other any) bool { return nameOf(other) == nameOf(e) })
			if at < 0 {
				entries = append(entries, e)
			} else {
				entries[at] = e
			}
		}
		is.set(list, entries)
	}
	if current, _ := is.get("current-context").(string); use || current == "" {
		is.set("current-context", own.name())
	}
	m := merged{before: before}
	if m.after, err = is.text(); err != nil || reflect.DeepEqual(was, is) {
		return m, err
	}
	m.diff, err = veiledDiff(was, is)
	return m, err
}

// veiledDiff is the line diff of two files with digests in the place of what is secret.
func veiledDiff(was, is kubeconfig) (string, error) {
	var files []resource.Resource
	for _, k := range []kubeconfig{was, is} {
		text := []byte{}
		if len(k) > 0 {
			var err error
			if text, err = yamltext.Marshal(veiled(yaml.MapSlice(k))); err != nil {
				return "", err
			}
		}
		files = append(files, resource.File{Path: "/kubeconfig", Content: text})
	}
	return resource.Diff(files[0], files[1]), nil
}

// veiled is a value of a kubeconfig without what lets others in.
func veiled(v any) any {
	switch v := v.(type) {
	case yaml.MapSlice:
		out := slices.Clone(v)
		for i, item := range out {
			key, _ := item.Key.(string)
			text, isText := item.Value.(string)
			switch {
			case isText && (strings.HasSuffix(key, "-data") || key == "token" || key == "password" ||
				strings.HasSuffix(key, "-token") || key == "client-secret"):
				out[i].Value = "sha256:" + resource.Sum([]byte(text))[:12]
			case key == "env": // of a program that logs in
				out[i].Value = "sha256:" + resource.Sum(fmt.Append(nil, item.Value))[:12]
			default:
				out[i].Value = veiled(item.Value)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = veiled(e)
		}
		return out
	}
	return v
}

// write writes the file, and returns where the file of before is kept; "" if there was none. It
// takes the lock that kubectl takes.
func (m merged) write(path string) (kept string, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("another program is writing it: remove %s.lock if none is", path)
	}
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Close(), os.Remove(lock.Name())) }()
	now, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if !bytes.Equal(now, m.before) {
		return "", errors.New("another program has changed it meanwhile; run the same command again")
	}
	if m.before != nil {
		kept = path + ".before-kbootstrap"
		if err := atomic.WriteFile(kept, m.before, 0o600); err != nil {
			return "", err
		}
	}
	return kept, atomic.WriteFile(path, m.after, 0o600)
}
