package host

import (
	"io"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Document is a file in YAML or JSON as it was read, without its secrets.
type Document struct {
	Path  string
	Value map[string]any
	Err   string // why it could not be read
}

const (
	largestDocument = 1 << 20 // bytes
	hidden          = "(hidden)"
)

// secretKeys are the fields of kubeconfigs and of configurations of Kubernetes whose values are
// secrets, in small letters: k8s.io/client-go/tools/clientcmd/api/v1 and
// k8s.io/apiserver/pkg/apis/apiserver/v1.
var secretKeys = []string{"secret", "token", "password", "passphrase", "client-key-data", "id-token", "refresh-token",
	"client-secret", "clientsecret"}

// document reads a document, and reports whether the file exists. Its error quotes nothing of it.
func (s surveyor) document(path string) (Document, bool) {
	d := Document{Path: path}
	file, err := os.Open(s.Path(path))
	if Absent(err) {
		return d, false
	}
	if err != nil {
		d.Err = err.Error()
		return d, true
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return d, false
	}
	text, err := io.ReadAll(io.LimitReader(file, largestDocument))
	if err != nil {
		d.Err = err.Error()
		return d, true
	}
	if err := yaml.Unmarshal(text, &d.Value); err != nil {
		return Document{Path: path, Err: "not a document in YAML"}, true
	}
	hide(d.Value)
	return d, true
}

// hide takes the secrets out of a value.
func hide(value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, within := range value {
			if text, ok := within.(string); ok && text != "" && slices.Contains(secretKeys, strings.ToLower(key)) {
				value[key] = hidden
				continue
			}
			hide(within)
		}
	case []any:
		for _, within := range value {
			hide(within)
		}
	}
}
