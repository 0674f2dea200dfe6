package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"kbootstrap/provision/checkup"
	"kbootstrap/provision/keyring"
)

// Certs is the result of the verbs of certs: every certificate and key of a cluster.
type Certs struct {
	// The certificates and keys, the worst first.
	Certificates []Cert `json:"certificates"`
	// What certs renew or certs rotate-ca has issued or signed again, by the names of the state
	// directory.
	Issued []string `json:"issued,omitempty"`
	// What could not be looked at.
	Warnings []string `json:"warnings,omitempty"`
}

// Cert is a certificate or a key in one place.
type Cert struct {
	// The host; absent for the control machine.
	Host string `json:"host,omitempty"`
	// What it is: certificate or authority in a file, served by a server to who connects, memory of
	// a process alone, or key.
	Kind string `json:"kind"`
	// What the state directory has it under.
	Name string `json:"name,omitempty"`
	// The file, the address, or the process; on the control machine a path below pki.
	Place string `json:"place"`
	// The component that uses it.
	Used string `json:"used"`
	// What renews or replaces it.
	Renews string `json:"renews"`
	// Who it is made out to; absent for a key.
	Subject string `json:"subject,omitempty"`
	// Who signed it.
	Issuer string `json:"issuer,omitempty"`
	// The names and addresses that it is for.
	Names []string `json:"names,omitempty"`
	// Since when it is good; of a key, when its file was written.
	Begins *Time `json:"begins,omitempty"`
	// When it ends, in UTC; absent for a key.
	Ends *Time `json:"ends,omitempty"`
	// How much that matters now: ok, note, warning, broken.
	Level string `json:"level"`
	// Why the level is not ok.
	Problem string `json:"problem,omitempty"`
}

// NewCerts tells which certificates and keys there are.
func NewCerts(all []keyring.Entry, warnings []string) Certs {
	out := Certs{Certificates: []Cert{}, Warnings: warnings}
	for _, e := range all {
		out.Certificates = append(out.Certificates, Cert{
			Host: e.Host, Kind: string(e.Kind), Name: e.Name, Place: e.Place, Used: e.Used, Renews: e.Renews,
			Subject: e.Subject, Issuer: e.Issuer, Names: e.Names, Begins: timeOf(e.Begins), Ends: timeOf(e.Ends),
			Level: string(e.Level), Problem: e.Problem,
		})
	}
	return out
}

func timeOf(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

// Worst is the level of what matters most.
func (c Certs) Worst() checkup.Level {
	worst := checkup.OK
	for _, each := range c.Certificates {
		if level := checkup.Level(each.Level); level.Rank() > worst.Rank() {
			worst = level
		}
	}
	return worst
}

// promLabel escapes the value of a label of the text format of Prometheus
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
var promLabel = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// WritePrometheus writes the figures in the text format of Prometheus, as the textfile collector of
// node_exporter takes them.
func (c Certs) WritePrometheus(w io.Writer, cluster string) error {
	var b strings.Builder
	family := func(name, help string, value func(Cert) *Time) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
		for _, each := range c.Certificates {
			if at := value(each); at != nil {
				fmt.Fprintf(&b, "%s{cluster=\"%s\",host=\"%s\",kind=\"%s\",name=\"%s\",place=\"%s\"} %d\n", name,
					promLabel.Replace(cluster), promLabel.Replace(each.Host), each.Kind, promLabel.Replace(each.Name),
					promLabel.Replace(each.Place), at.Unix())
			}
		}
	}
	family("kbootstrap_certificate_end_timestamp_seconds", "When a certificate ends.",
		func(c Cert) *Time { return c.Ends })
	family("kbootstrap_key_written_timestamp_seconds", "When the file of a key was written.", func(c Cert) *Time {
		if c.Kind != string(keyring.Key) {
			return nil
		}
		return c.Begins
	})
	_, err := io.WriteString(w, b.String())
	return err
}
