package report

// Version is what the tool says of itself.
type Version struct {
	// The version of this format.
	APIVersion string `json:"apiVersion"`
	// Version.
	Kind string `json:"kind"`
	// The version of kbootstrap.
	Version string `json:"version"`
	// The version of Go that it was built with.
	Go string `json:"go"`
	// The system that it was built for, such as linux/amd64.
	Platform string `json:"platform"`
	// The newest releases of Kubernetes whose sums are built into it, one for each minor version
	// that it can install, newest first. Other releases of these minor versions can be installed
	// too.
	Kubernetes []string `json:"kubernetes"`
	// The versions that components have by default with the first of them.
	Components map[string]string `json:"components"`
}
