package component

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"kbootstrap/certs"
	"kbootstrap/internal/trial"
	"kbootstrap/inventory"
	"kbootstrap/templates"
)

// renderedStores are the templates of logging and monitoring with typical data.
func renderedStores() map[string][]byte {
	page := servedPage{Certificate: "-----BEGIN CERTIFICATE-----\n", Key: "-----BEGIN EC PRIVATE KEY-----\n"}
	store := inventory.StoreAddOn{Enabled: true, Days: 7, Size: "10Gi", Class: "local-path", Port: 30428}
	return map[string][]byte{
		"logging.yaml": loggingManifest.Render(loggingData{
			Store:      "docker.io/victoriametrics/victoria-logs:v1.52.0",
			Agent:      "docker.io/victoriametrics/vlagent:v1.52.0",
			StoreAddOn: store, Bound: storeBound(store), Page: page,
			People:   certs.Login{User: "logging", Password: "a"},
			Agents:   certs.Login{User: "logging-agent", Password: "b"},
			UnitLogs: unitLogsDir, AgentDir: logAgentDir, InDocker: true,
		}),
		"monitoring.yaml": monitoringManifest.Render(monitoringData{
			Store: "store", Agent: "agent", Alerts: "alerts", Exporter: "exporter", StoreAddOn: store, Page: page,
			People:       certs.Login{User: "monitoring", Password: "a"},
			Agents:       certs.Login{User: "monitoring-agent", Password: "b"},
			ExporterPort: nodeExporterPort, AgentPort: metricsAgentPort,
			APIServers: []apiServerAt{{"m1", "192.168.56.11:6443"}},
			Hosts:      []figuresOf{{Host: "m1", Etcd: true, Servers: true}, {Host: "e1", Etcd: true}},
			Rules:      "groups: []\n", Dashboard: clusterDashboard,
		}),
		"alert-rules.yaml": alertRules.Render(alertRulesData{Members: 3, APIServers: 3}),
		"unit-logs.sh": unitLogsScript.Render(unitLogsData{
			File: unitLogsFile, Enough: unitLogsEnough, Lines: unitLogsLines,
			Units: []string{"etcd.service", "kubelet.service"},
		}),
		"kbootstrap-unit-logs.service": unitLogsService.Render(unitLogsCommand{
			Program: unitLogsProgram, Most: unitLogsMost,
			Sandbox: templates.Sandbox{Systemd: 252, Writable: []string{unitLogsDir}, ReadsRun: []string{"log"}},
		}),
	}
}

// TestAlertRules: the rules and the page of graphs are what the programs read, and each says what
// is wrong.
func TestAlertRules(t *testing.T) {
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations struct{ Summary string }
			}
		}
	}
	if err := yaml.Unmarshal(alertRules.Render(alertRulesData{Members: 3}), &rules); err != nil {
		t.Fatal(err)
	}
	if len(rules.Groups) != 1 || len(rules.Groups[0].Rules) < 8 {
		t.Fatalf("%d groups", len(rules.Groups))
	}
	for _, r := range rules.Groups[0].Rules {
		if r.Alert == "" || r.Expr == "" || r.Annotations.Summary == "" {
			t.Errorf("%+v lacks something", r)
		}
	}
	var page struct {
		Rows []struct{ Panels []struct{ Expr []string } }
	}
	if err := json.Unmarshal([]byte(clusterDashboard), &page); err != nil {
		t.Fatal(err)
	}
	for _, row := range page.Rows {
		for _, panel := range row.Panels {
			if len(panel.Expr) == 0 {
				t.Errorf("%+v shows nothing", panel)
			}
		}
	}
}

// journal is a journalctl whose journal is a file of lines: it goes on behind a cursor, and ends
// when the file has an end.
const journal = `#!/bin/sh
after=
for a in "$@"; do case $a in --after-cursor=*) after=${a#--after-cursor=} ;; esac; done
echo "$@" >>"$LINES_OF.asked"
awk -v after="$after" 'after == "" || found { print } index($0, "\"__CURSOR\":\"" after "\"") { found = 1 }' "$LINES_OF"
`

// TestUnitLogs runs the program that follows the journal, with a journal of a test: each line comes
// once although it is stopped anywhere, a line that was cut off is made again, and there are two
// files of a bounded size. What writes lines can make no cursor.
func TestUnitLogs(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "units.json")
	script := string(unitLogsScript.Render(unitLogsData{
		File: file, Enough: 4000, Lines: 7, Units: []string{"a.service"},
	}))
	const path = "PATH=/usr/local/sbin"
	if !strings.Contains(script, path) {
		t.Fatal("the program does not say where it looks for others")
	}
	script = strings.Replace(script, path, "PATH="+dir+":/usr/local/sbin", 1)
	script = strings.Replace(script, "sleep 1", "sleep 0.05", 1)
	trial.Write(t, filepath.Join(dir, "unit-logs"), script, 0o755)
	trial.Write(t, filepath.Join(dir, "journalctl"), journal, 0o755)
	var lines []string
	for i := range 40 {
		lines = append(lines, fmt.Sprintf(
			`{"__CURSOR":"c%02d","MESSAGE":"line %02d \"__CURSOR\":\"c00\" %s"}`, i, i, strings.Repeat("x", 100)))
	}
	source := filepath.Join(dir, "journal")
	trial.Write(t, source, strings.Join(lines, "\n")+"\n", 0o644)

	seen := map[string]bool{}
	askedBy := func() int {
		asked, _ := os.ReadFile(source + ".asked")
		return strings.Count(string(asked), "\n")
	}
	// The program is stopped when it asks the journal a second time: then the first answer is
	// written.
	once := func() {
		var out strings.Builder
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c := exec.CommandContext(ctx, "sh", filepath.Join(dir, "unit-logs"))
		c.Env = append(os.Environ(), "LINES_OF="+source)
		c.Stdout, c.Stderr = &out, &out
		c.WaitDelay = time.Second
		before := askedBy()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		trial.Eventually(t, "the program asks again", func() bool { return askedBy() >= before+2 })
		cancel()
		if err := c.Wait(); c.ProcessState.Exited() {
			t.Fatalf("the program ended: %v\n%s", err, &out)
		}
	}
	for range 40 {
		once()
		for _, name := range []string{file + ".1", file} {
			text, err := os.ReadFile(name)
			if err != nil {
				continue
			}
			if len(text) > 4000+8*200 {
				t.Fatalf("%s has %d bytes", name, len(text))
			}
			for line := range strings.Lines(string(text)) {
				seen[strings.TrimSpace(line)] = true
			}
		}
		if seen[lines[39]] {
			break
		}
		// Power is lost in the middle of a line.
		f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(`{"__CURSOR":"c39","MESSAGE":"cut o`); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range lines {
		if !seen[line] {
			t.Errorf("lacking: %.40s", line)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if strings.Count(string(text), line) > 1 {
			t.Errorf("twice: %.40s", line)
		}
	}
	asked, err := os.ReadFile(source + ".asked")
	if err != nil || !strings.Contains(string(asked), "--since=-1h --unit=a.service") {
		t.Errorf("asked %s, %v", asked, err)
	}
}
