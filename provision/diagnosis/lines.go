package diagnosis

import (
	"regexp"
	"time"

	"kbootstrap/host"
)

// lastingFor is how long before its end a failure must still have shown itself.
const lastingFor = 30 * time.Second

// candidate is a line that may tell a cause.
type candidate struct {
	host.Line
	pod  bool // it is about a pod, a container or an image, and not about the service
	late bool // it was written close to the end of its process, or of the wait
}

// eligible are the lines that can be evidence of a failure. What a process says that runs is about
// what runs now: earlier starts are over. Of a crash the last start may have only just begun, so
// the one before it counts too.
func eligible(s Symptoms) []candidate {
	starts := 0
	if s.Failure == host.Crashed {
		starts = 1
	}
	ends := map[int]time.Duration{} // the age of the last line of each start
	for _, line := range s.Lines {
		ends[line.Start] = line.Age
	}
	var lines []candidate
	for _, line := range s.Lines {
		if line.Start > starts || informs.MatchString(line.Text) {
			continue
		}
		end := time.Duration(0)
		if s.Failure == host.Crashed {
			end = ends[line.Start]
		}
		lines = append(lines, candidate{
			Line: line, pod: aboutPods.MatchString(line.Text), late: line.Age-end <= lastingFor,
		})
	}
	return lines
}

// ignores reports whether a line is no evidence for a rule.
func (r rule) ignores(line candidate) bool {
	return line.pod && !r.pods || r.lasting && !line.late || r.except != nil && r.except.MatchString(line.Text)
}

// informs is in a line that is no more than information, by the mark of klog, of etcd and of
// containerd: whatever it says is no failure.
var informs = regexp.MustCompile(`(?:^|: )I[0-9]{4} [0-9:.]{15} |"level":"(?:info|debug)"|(?:^| )level=(?:info|debug) `)

// aboutPods is in a line of a kubelet or a container runtime about a workload. A container that
// ends, a volume that is missing or an image that cannot be pulled is no failure of the service.
var aboutPods = regexp.MustCompile(`\bpod="|podUID=|podSandboxID=|containerID=|pod_workers|"Error syncing pod|` +
	`RunPodSandbox|CreateContainer|StartContainer|ContainerStatus|PullImage|ImagePull|image="|` +
	`[Ff]ailed to pull|prober\.go|container [0-9a-f]{12}`)
