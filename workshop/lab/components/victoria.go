package components

import "time"

// The stores of logs and figures, and what sends to them. Upstream makes two modules of them; all
// tell their version by the variable of one.
const victoriaVersionVariable = "github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version"

// victoriaLogs makes a program of the store of logs.
func victoriaLogs(name string) recipe {
	return victoria(name, "github.com/VictoriaMetrics/VictoriaLogs", "victoria-logs", victoriaLogsVersion)
}

// victoriaMetrics makes a program of the store of figures.
func victoriaMetrics(name string) recipe {
	return victoria(name, "github.com/VictoriaMetrics/VictoriaMetrics", "victoria-metrics", victoriaMetricsVersion)
}

// victoria makes an image with one program, where upstream's has it.
func victoria(name, module, frame, version string) recipe {
	return recipe{
		Name: name, Version: version, OnRequest: true, Takes: 1 * time.Minute,
		Source: goModule{
			Path: module, Version: version, GoMod: goMod(frame),
			Packages: []string{module + "/app/" + name},
			Set:      map[string]string{victoriaVersionVariable: name + "-" + version},
		},
		Checks: []check{{[]string{name, "--version"}, name + "-" + version}},
		Artifacts: []artifact{{
			"https://docker.io/victoriametrics/" + name + "/" + version + ".tar",
			image{
				Tag:        "docker.io/victoriametrics/" + name + ":" + version,
				Members:    []member{{"/" + name + "-prod", name}},
				Dirs:       []string{"/tmp"},
				Entrypoint: []string{"/" + name + "-prod"},
			},
		}},
	}
}

// nodeExporter tells the figures of a host.
func nodeExporter() recipe {
	const module, version = "github.com/prometheus/node_exporter", "github.com/prometheus/common/version.Version"
	return recipe{
		Name: "node-exporter", Version: nodeExporterVersion, OnRequest: true, Takes: 1 * time.Minute,
		Source: goModule{
			Path: module, Version: nodeExporterVersion, GoMod: goMod("node-exporter"),
			Packages: []string{module},
			Set:      map[string]string{version: number(nodeExporterVersion)},
		},
		Checks: []check{{[]string{"node_exporter", "--version"}, number(nodeExporterVersion)}},
		Artifacts: []artifact{{
			"https://quay.io/prometheus/node-exporter/" + nodeExporterVersion + ".tar",
			image{
				Tag:        "quay.io/prometheus/node-exporter:" + nodeExporterVersion,
				Members:    []member{{"/bin/node_exporter", "node_exporter"}},
				Entrypoint: []string{"/bin/node_exporter"},
			},
		}},
	}
}
