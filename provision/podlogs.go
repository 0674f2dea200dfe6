package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/resource/api"
)

// podSources are the containers of the pods that are named, by the API.
func (r *Run) podSources(ctx context.Context, q LogQuery) ([]source, error) {
	if r.lead == "" {
		return nil, errors.New("the logs of pods: no control plane was reached")
	}
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct{ Containers []struct{ Name string } }
		}
	}
	path := "/api/v1/namespaces/" + url.PathEscape(q.Namespace) + "/pods"
	answer, err := r.get(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return nil, fmt.Errorf("pods of %s: %w", q.Namespace, err)
	}
	var all []source
	for _, name := range q.Pods {
		before := len(all)
		for _, pod := range list.Items {
			if pod.Metadata.Name != name && !strings.HasPrefix(pod.Metadata.Name, name+"-") {
				continue
			}
			for _, c := range pod.Spec.Containers {
				all = append(all, r.podSource(q, pod.Metadata.Name, c.Name))
			}
		}
		if len(all) == before {
			return nil, fault.LogsOfNobody.Errorf("%s is neither a host nor a pod in the namespace %s", name,
				q.Namespace)
		}
	}
	return all, nil
}

// get asks the API.
func (r *Run) get(ctx context.Context, path string) ([]byte, error) {
	answer, err := world{r}.API(ctx, api.Request{Method: http.MethodGet, Path: path})
	if err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, fault.LogsUnread.Errorf("%s", answer.Error)
	}
	return answer.Body, nil
}

// mostOfPod bounds what the API gives of one container at once, in bytes.
const mostOfPod = 4 << 20

// podSource is a container. The API tells the time of each line, by which those are left out that
// were told before: it takes whole seconds only.
func (r *Run) podSource(q LogQuery, pod, container string) source {
	var last time.Time
	return func(ctx context.Context) ([]LogLine, error) {
		asked := url.Values{
			"container": {container}, "timestamps": {"true"}, "tailLines": {strconv.Itoa(q.Lines)},
			"limitBytes": {strconv.Itoa(mostOfPod)},
		}
		switch {
		case !last.IsZero():
			asked.Set("sinceTime", last.Format(time.RFC3339))
		case q.Since > 0:
			asked.Set("sinceSeconds", strconv.Itoa(int(q.Since.Seconds())))
		}
		of := q.Namespace + "/" + pod
		text, err := r.get(ctx, "/api/v1/namespaces/"+url.PathEscape(q.Namespace)+"/pods/"+url.PathEscape(pod)+"/log?"+
			asked.Encode())
		if err != nil {
			return nil, fmt.Errorf("%s, container %s: %w", of, container, err)
		}
		var lines []LogLine
		for line := range strings.Lines(string(text)) {
			stamp, words, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
			at, err := time.Parse(time.RFC3339Nano, stamp)
			if err != nil || !at.After(last) {
				continue
			}
			lines = append(lines, LogLine{Time: at.UTC(), Of: of, By: container, Text: words})
		}
		if len(lines) > 0 {
			last = lines[len(lines)-1].Time
		}
		return lines, nil
	}
}
