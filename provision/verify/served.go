package verify

import (
	"context"
	"slices"
	"strings"
	"time"
)

// What the add-ons serve.

const (
	figuresWait = waitLimit(90 * time.Second)
	figures     = "/apis/metrics.k8s.io/v1beta1/nodes"
)

// hasNoMetrics says that the cluster has no figures.
func hasNoMetrics(_ context.Context, s *Scene) string {
	if s.Cluster.AddOns.Metrics.Enabled {
		return ""
	}
	return "addons.metrics is off"
}

// figuresCome checks that there are figures of every node that the run reaches. After a start the
// first ones take a while.
func figuresCome(ctx context.Context, s *Scene) (string, []Failure) {
	var found struct {
		Items []struct{ Metadata struct{ Name string } }
	}
	var lacking []string
	err := await(ctx, figuresWait, "the figures of nodes", func(ctx context.Context) (bool, string, error) {
		if err := s.get(ctx, figures, &found); err != nil {
			return false, "", err
		}
		has := map[string]bool{}
		for _, i := range found.Items {
			has[i.Metadata.Name] = true
		}
		lacking = slices.DeleteFunc(slices.Clone(s.Reached), func(name string) bool { return has[name] })
		return len(lacking) == 0, "there are none of " + strings.Join(lacking, ", "), nil
	})
	if err != nil {
		return "", failed(err)
	}
	return "of " + number(len(found.Items), "node"), nil
}

// hasNoClass says that no claim gets a volume by itself.
func hasNoClass(_ context.Context, s *Scene) string {
	switch storage := s.Cluster.AddOns.Storage; {
	case !storage.Enabled:
		return "addons.storage is off"
	case !storage.Default:
		return "addons.storage is not the default class"
	}
	return ""
}

// volumeKeeps has one pod write to a claimed volume, and another read from it when the first is
// gone.
func volumeKeeps(ctx context.Context, s *Scene) (string, []Failure) {
	const claim = "kept"
	if err := s.create(ctx, s.path("persistentvolumeclaims"), object{
		"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta(claim), "spec": object{
			"accessModes": []string{"ReadWriteOnce"}, "resources": object{"requests": object{"storage": "1Mi"}},
		},
	}); err != nil {
		return "", failed(err)
	}
	var at place
	for _, step := range []struct{ app, argument, says string }{
		{"volume-writer", "--new_file_0644=/kept/file", ""},
		{"volume-reader", "--file_content=/kept/file", "mount-tester new file"},
	} {
		p := s.pod(step.app, step.app, podSpec{
			Once: true, Args: []string{"mounttest", step.argument},
			Volumes: []object{{"name": "kept", "persistentVolumeClaim": object{"claimName": claim}}},
			Mounts:  []object{{"name": "kept", "mountPath": "/kept"}},
		})
		if err := s.create(ctx, s.path("pods"), p); err != nil {
			return "", failed(err)
		}
		var text string
		var failures []Failure
		if at, text, failures = s.ended(ctx, step.app); failures != nil {
			return "", failures
		}
		if !strings.Contains(text, step.says) {
			return "", []Failure{{Host: at.node, Text: "the file has another content: " + shortened(text),
				Pods: []string{step.app}}}
		}
		if err := s.remove(ctx, s.path("pods")+"/"+step.app); err != nil {
			return "", failed(err)
		}
	}
	return "on " + at.node, nil
}
