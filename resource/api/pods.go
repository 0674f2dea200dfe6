package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"kbootstrap/internal/human"
	"kbootstrap/kube"
)

// podLook tells why a rollout is not complete, from its pods. They are looked at from time to time
// only, and the last answer is repeated in between.
type podLook struct {
	namespace string
	looked    time.Time
	pods      string // what is the matter with them, or ""
	stuck     bool   // and waiting does not mend it
}

const (
	podPoll  = 2 * time.Second
	podsTold = 3 // of the pods that are not ready, so many are told of
)

// tell adds the state of the pods to what a rollout waits for.
func (l *podLook) tell(ctx context.Context, a *kube.API, labels map[string]string, waiting error) error {
	if waiting == nil || len(labels) == 0 {
		return waiting
	}
	if time.Since(l.looked) >= podPoll {
		l.looked = time.Now()
		if err := l.look(ctx, a, labels); err != nil {
			l.pods, l.stuck = "its pods are not known: "+err.Error(), false
		}
	}
	if l.pods != "" {
		waiting = fmt.Errorf("%w; %s", waiting, l.pods)
	}
	if l.stuck {
		return &stuckError{waiting}
	}
	return waiting
}

// look asks for the pods, and for the warnings about those that are not ready.
func (l *podLook) look(ctx context.Context, a *kube.API, labels map[string]string) error {
	var selector []string
	for key, value := range labels {
		selector = append(selector, key+"="+value)
	}
	slices.Sort(selector)
	namespace := cmp.Or(l.namespace, "default")
	data, err := a.Get(ctx,
		"/api/v1/namespaces/"+namespace+"/pods?labelSelector="+url.QueryEscape(strings.Join(selector, ",")))
	if err != nil {
		return err
	}
	var list struct{ Items []pod }
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("pods: %w", err)
	}
	unready := slices.DeleteFunc(list.Items, pod.ready)
	l.pods, l.stuck = "", false
	var told []string
	for i, p := range unready {
		if i == podsTold {
			told = append(told, fmt.Sprintf("and %d more", len(unready)-i))
			break
		}
		why, stuck := p.why()
		l.stuck = l.stuck || stuck
		if reason, message := lastWarning(ctx, a, namespace, p); message != "" {
			why += " (" + reason + ": " + message + ")"
		}
		told = append(told, why)
	}
	l.pods = strings.Join(told, "; ")
	return nil
}

// pod is what we read of one.
type pod struct {
	Metadata struct {
		Name, UID, DeletionTimestamp string
		Labels                       map[string]string
	}
	Spec   struct{ NodeName string }
	Status struct {
		Phase                 string
		PodIP                 string
		Reason                string
		Message               string
		Conditions            []condition
		InitContainerStatuses []container
		ContainerStatuses     []container
	}
}

// container is the status of a container.
type container struct {
	Name         string
	Ready        bool
	RestartCount int
	State        containerState
	LastState    containerState
}

type containerState struct {
	Waiting    *struct{ Reason, Message string }
	Terminated *struct {
		Reason   string
		Message  string
		ExitCode int
	}
}

func (p pod) ready() bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c condition) bool {
		return c.Type == "Ready" && c.Status == "True"
	})
}

// stuckReasons are why a container waits until a user changes something. That an image cannot be
// pulled is none of them: the image may be on its way to the host.
var stuckReasons = []string{"InvalidImageName", "CreateContainerConfigError", "ErrImageNeverPull"}

// stuckRestarts is how often a container has ended by itself when it is taken to do so for ever.
// With the kubelet's pauses in between that takes more than two minutes.
const stuckRestarts = 5

// why tells why a pod is not ready, and reports whether waiting does not mend that.
func (p pod) why() (text string, stuck bool) {
	text = "pod " + p.Metadata.Name
	if p.Spec.NodeName != "" {
		text += " on " + p.Spec.NodeName
	}
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if w := c.State.Waiting; w != nil && w.Reason != "PodInitializing" {
			text += ": " + strings.TrimSuffix(w.Reason+": "+human.OneLine(w.Message), ": ")
			if t := c.LastState.Terminated; t != nil {
				text += fmt.Sprintf("; it ended %d times, last with exit code %d (%s) %s",
					c.RestartCount, t.ExitCode, t.Reason, human.OneLine(t.Message))
			}
			return strings.TrimSpace(text), slices.Contains(stuckReasons, w.Reason) ||
				w.Reason == "CrashLoopBackOff" && c.RestartCount >= stuckRestarts
		}
	}
	for _, c := range p.Status.Conditions {
		if c.Type == "PodScheduled" && c.Status == "False" {
			return text + " is on no node: " + c.Reason + ": " + human.OneLine(c.Message), false
		}
	}
	if p.Status.Reason != "" {
		return text + ": " + p.Status.Reason + ": " + human.OneLine(p.Status.Message), false
	}
	if p.Status.Phase == "Running" {
		return text + " runs, but is not ready", false
	}
	return text + " is " + cmp.Or(p.Status.Phase, "new"), false
}

// lastWarning is the newest warning about a pod; it is empty where there is none, or none is told.
func lastWarning(ctx context.Context, a *kube.API, namespace string, p pod) (reason, message string) {
	about := url.QueryEscape("involvedObject.kind=Pod,type=Warning,involvedObject.name=" + p.Metadata.Name)
	data, err := a.Get(ctx, "/api/v1/namespaces/"+namespace+"/events?fieldSelector="+about)
	if err != nil {
		return "", "" // the state of the pod stands without it
	}
	var list struct {
		Items []struct {
			Reason, Message, LastTimestamp, EventTime string
			InvolvedObject                            struct{ UID string }
			Series                                    struct{ LastObservedTime string }
		}
	}
	if json.Unmarshal(data, &list) != nil {
		return "", ""
	}
	latest := ""
	for _, e := range list.Items {
		if of := e.InvolvedObject.UID; of != "" && of != p.Metadata.UID {
			continue // of an earlier pod of that name
		}
		if at := max(e.LastTimestamp, e.EventTime, e.Series.LastObservedTime); at >= latest {
			reason, message, latest = e.Reason, human.OneLine(e.Message), at
		}
	}
	return reason, message
}
