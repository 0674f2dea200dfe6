package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"kbootstrap/host"
	"kbootstrap/internal/human"
	"kbootstrap/kube"
)

// ListingQuery says which objects of the API are wanted for an audit.
type ListingQuery struct {
	Kubeconfig string // path on the host, below System.Root
	// Lists are the paths of lists: "/api/v1/namespaces".
	Lists []string
	// Metadata are the same, of objects whose content no audit may see: only their metadata
	// come.
	Metadata []string
	// Kubelets are the nodes whose kubelets tell with which configuration they run.
	Kubelets []string
}

// Listing is what the API has at one path.
type Listing struct {
	Items []json.RawMessage // without status, and pods without the values of their variables
	Error string            // why it is not known; empty when it is
}

// Listings are the answers to a ListingQuery.
type Listings struct {
	Lists map[string]Listing // by path
	// Kubelets are the configurations that kubelets run with, by node; those that do not tell are
	// missing.
	Kubelets map[string]json.RawMessage
}

const (
	listTimeout = time.Minute     // for all lists
	kubeletWait = 5 * time.Second // for one kubelet
	kubeletsAt  = 8               // asked at the same time
	pageSize    = 500             // objects in one answer
)

// TakeListings asks the API for lists. Who does not answer says so in the listing.
func TakeListings(ctx context.Context, sys *host.System, q ListingQuery) Listings {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	found := Listings{Lists: map[string]Listing{}, Kubelets: map[string]json.RawMessage{}}
	a, err := kube.OpenAPI(sys, q.Kubeconfig)
	if err != nil {
		for _, path := range append(q.Lists, q.Metadata...) {
			found.Lists[path] = Listing{Error: human.OneLine(err.Error())}
		}
		return found
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	list := func(path string, get func(context.Context, string) ([]byte, error)) {
		all.Go(func() {
			items, err := pages(ctx, path, get)
			l := Listing{Items: items}
			if err != nil {
				l = Listing{Error: human.OneLine(err.Error())}
			}
			mu.Lock()
			defer mu.Unlock()
			found.Lists[path] = l
		})
	}
	for _, path := range q.Lists {
		list(path, a.Get)
	}
	for _, path := range q.Metadata {
		list(path, a.GetMetadata)
	}
	turn := make(chan struct{}, kubeletsAt)
	for _, name := range q.Kubelets {
		all.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			config, err := kubeletConfig(ctx, a, name)
			if err != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			found.Kubelets[name] = config
		})
	}
	all.Wait()
	return found
}

// kubeletConfig asks a kubelet, through the API server, with which configuration it runs.
func kubeletConfig(ctx context.Context, a *kube.API, node string) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, kubeletWait)
	defer cancel()
	data, err := a.Get(ctx, "/api/v1/nodes/"+url.PathEscape(node)+"/proxy/configz")
	if err != nil {
		return nil, err
	}
	var told struct {
		Config json.RawMessage `json:"kubeletconfig"`
	}
	if err := json.Unmarshal(data, &told); err != nil {
		return nil, fmt.Errorf("configz of %s: %w", node, err)
	}
	return told.Config, nil
}

// pages reads a list page by page.
func pages(ctx context.Context, path string, get func(context.Context, string) ([]byte, error)) ([]json.RawMessage,
	error) {
	items := []json.RawMessage{}
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	for next := ""; ; {
		data, err := get(ctx, fmt.Sprintf("%s%slimit=%d&continue=%s", path, sep, pageSize, url.QueryEscape(next)))
		if err != nil {
			return nil, err
		}
		var list struct {
			Metadata struct{ Continue string }
			Items    []map[string]any
		}
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, item := range list.Items {
			strip(item)
			text, err := json.Marshal(item)
			if err != nil {
				return nil, err
			}
			items = append(items, text)
		}
		if next = list.Metadata.Continue; next == "" {
			return items, nil
		}
	}
}

// strip takes out of an object what no audit asks for, and what may be a secret: the values of
// variables, and command lines.
func strip(item map[string]any) {
	delete(item, "status")
	if metadata, ok := item["metadata"].(map[string]any); ok {
		delete(metadata, "managedFields")
		delete(metadata, "annotations")
	}
	spec, _ := item["spec"].(map[string]any)
	for _, kind := range []string{"containers", "initContainers", "ephemeralContainers"} {
		list, _ := spec[kind].([]any)
		for _, c := range list {
			container, _ := c.(map[string]any)
			delete(container, "args")
			delete(container, "command")
			variables, _ := container["env"].([]any)
			for _, v := range variables {
				if variable, ok := v.(map[string]any); ok {
					delete(variable, "value")
				}
			}
		}
	}
}
