package component

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"

	"kbootstrap/templates"
)

// hostile are texts that mean something to one of the formats.
var hostile = []string{
	"", " ", "a b", `"`, `'`, `\`, `\\`, `a\`, `"; rm -rf /; "`, "$HOME ${HOME} $$", "%n %% %", "#", "; x", "--a=b",
	"a: b", "- a", "{", "[", "]", "|", ">", "&a", "*a",
	"!!int 1", "~", "null", "true", "1e3", "0x1f", "\u00a0", "\u2028", "\ufeff", "ä", "\U0001f600", `\u0041`,
	"{{.Flags}}", "'''", `"""`, "a#b", "\ufffe", "]]>",
}

// FuzzUnit renders flags into a unit and reads them back as systemd does. Values are those that an
// inventory can have: one line of text.
func FuzzUnit(f *testing.F) {
	for _, text := range hostile {
		f.Add("flag", text)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		if !flagName(name) || !oneLine(value) {
			return
		}
		unit := string(etcdUnit.Render(daemon{Flags: templates.Flags{name: value, "last": "x"}}))
		got := execStart(t, unit)
		want := map[string]bool{"/usr/local/bin/etcd": true, "--last=x": true, "--" + name + "=" + value: true}
		if name == "last" {
			return
		}
		if len(got) != 3 {
			t.Fatalf("%d words of %q: %q", len(got), value, got)
		}
		if flags := templates.ReadFlags([]byte(unit)); len(flags) != 2 || flags[name] != value || flags["last"] != "x" {
			t.Errorf("%q is read back as %q", value, flags)
		}
		for _, word := range got {
			if !want[word] {
				t.Errorf("%q is read as %q", value, word)
			}
		}
	})
}

// flagName is what the inventory takes for the name of a flag.
func flagName(s string) bool {
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || !strings.ContainsRune("._-", c)) {
			return false
		}
	}
	return s != ""
}

// oneLine is what the inventory takes for a value.
func oneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// execStart reads the command line of a unit by the rules of systemd.syntax(7) and
// systemd.service(5): lines are joined at a backslash, words are split at white space, quotes and
// backslashes are taken away, %% is % and $$ is $.
func execStart(t *testing.T, unit string) []string {
	t.Helper()
	joined := strings.ReplaceAll(unit, "\\\n", " ")
	_, line, ok := strings.Cut(joined, "\nExecStart=")
	if !ok {
		t.Fatalf("no ExecStart in\n%s", unit)
	}
	line, _, _ = strings.Cut(line, "\n")
	var words []string
	var word strings.Builder
	in, quote := false, rune(0)
	end := func() {
		if in {
			words = append(words, word.String())
		}
		word.Reset()
		in = false
	}
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		c := runes[i]
		switch {
		case c == '\\':
			i++
			if i == len(runes) {
				t.Fatalf("a backslash at the end of %q", line)
			}
			switch runes[i] {
			case 'n':
				word.WriteRune('\n')
			case 't':
				word.WriteRune('\t')
			case '\\', '"', '\'':
				word.WriteRune(runes[i])
			default:
				t.Fatalf("an escape that systemd does not know, %q, in %q", runes[i], line)
			}
			in = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, in = c, true
		case quote == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			end()
		case c == '%' || c == '$':
			i++
			if i == len(runes) || runes[i] != c {
				t.Fatalf("systemd would expand %q in %q", c, line)
			}
			word.WriteRune(c)
			in = true
		default:
			word.WriteRune(c)
			in = true
		}
	}
	if quote != 0 {
		t.Fatalf("a quote is open at the end of %q", line)
	}
	end()
	for _, w := range words {
		if w == ";" { // it separates commands
			t.Fatalf("a lone semicolon in %q", line)
		}
	}
	return words
}

// FuzzConfigs renders texts into YAML, TOML and JSON, and reads them back with the parsers of their
// programs' families.
func FuzzConfigs(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, text, 1)
	}
	f.Fuzz(func(t *testing.T, one, two string, number int) {
		if !utf8.ValidString(one) || !utf8.ValidString(two) {
			return
		}
		parses(t, yaml.Unmarshal, kubeletYAML.Render(kubeletConfiguration{
			ClusterDNS: netip.MustParseAddr("10.96.0.10"), ClusterDomain: one, RuntimeEndpoint: two, Resolv: one,
			Taints: []nodeTaint{{Key: one, Value: two, Effect: one}},
		}), map[string]string{
			"clusterDomain": one, "containerRuntimeEndpoint": two, "resolvConf": one, "readOnlyPort": "0",
			"registerWithTaints.0.key": one, "registerWithTaints.0.value": two, "registerWithTaints.0.effect": one,
		})
		pods := netip.MustParsePrefix("10.244.0.0/16")
		parses(t, yaml.Unmarshal, kubeProxyYAML.Render(kubeProxyConfig{NodeName: one, Pods: pods.String()}),
			map[string]string{"hostnameOverride": one, "mode": "iptables"})
		for version, at := range map[int]string{
			2: "plugins/io.containerd.grpc.v1.cri/sandbox_image",
			3: "plugins/io.containerd.cri.v1.images/pinned_images/sandbox",
		} {
			parses(t, toml.Unmarshal, containerdTOML.Render(containerdConfig{Version: version, Pause: one}),
				map[string]string{at: one, "version": strconv.Itoa(version)})
		}
		parses(
			t, json.Unmarshal, dockerJSON.Render(dockerConfig{ContainerdSocket: one}),
			map[string]string{"containerd": one, "log-driver": "json-file"},
		)
		port := 1 + (number&0xffff)%65535
		want := map[string]string{"Backend.Type": one}
		if one == "vxlan" {
			want["Backend.Port"] = strconv.Itoa(port)
		}
		parses(
			t, json.Unmarshal, flannelJSON.Render(flannelConfig{Pods: pods, Backend: one, Port: port}), want,
		)
	})
}

// parses reads a text and compares values in it, which are named by the path to them.
func parses(t *testing.T, unmarshal func([]byte, any) error, text []byte, want map[string]string) {
	t.Helper()
	var read any
	if err := unmarshal(text, &read); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	for path, value := range want {
		separator := "."
		if strings.Contains(path, "/") {
			separator = "/"
		}
		at := read
		for _, step := range strings.Split(path, separator) {
			switch v := at.(type) {
			case map[string]any:
				at = v[step]
			case []any:
				i, err := strconv.Atoi(step)
				if err != nil || i >= len(v) {
					t.Fatalf("%s is not in\n%s", path, text)
				}
				at = v[i]
			}
		}
		got, ok := at.(string)
		if !ok {
			encoded, err := json.Marshal(at)
			if err != nil {
				t.Fatal(err)
			}
			got = string(encoded)
		}
		if got != value {
			t.Errorf("%s is read as %q, want %q, in\n%s", path, got, value, text)
		}
	}
}
