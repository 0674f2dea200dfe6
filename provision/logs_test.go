package provision

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/fleet"
)

// logged is a cluster of one host whose API has two pods, and whose journal says one line more each
// time that it is asked.
func logged(t *testing.T) (run *Run, journals *[]string) {
	t.Helper()
	asked := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := strings.TrimPrefix(r.URL.Path, "/api/v1/namespaces/shop/pods"); path {
		case "":
			_, _ = w.Write([]byte(`{"items": [
				{"metadata": {"name": "web-1"}, "spec": {"containers": [{"name": "web"}]}},
				{"metadata": {"name": "webber"}, "spec": {"containers": [{"name": "x"}]}},
				{"metadata": {"name": "new"}, "spec": {"containers": [{"name": "x"}]}}]}`))
		case "/web-1/log":
			text := "2026-01-02T03:04:05.1Z first\n2026-01-02T03:04:05.2Z second\n"
			if r.URL.Query().Get("sinceTime") != "" {
				text += "2026-01-02T03:04:05.3Z third\n" // the API takes whole seconds, and gives the others again
			}
			_, _ = w.Write([]byte(text))
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"kind":"Status","message":"container x is waiting to start"}`))
		}
	}))
	t.Cleanup(server.Close)
	h := newHost(t, "m1")
	journals = new([]string)
	h.answers = func(argv []string) ([]byte, error) {
		*journals = append(*journals, strings.Join(argv, " "))
		if slices.Contains(argv, "--unit=broken.service") {
			return nil, errors.New("no journal files were found")
		}
		asked++
		return []byte(`{"__CURSOR":"c` + string(rune('0'+asked)) + `","__REALTIME_TIMESTAMP":"1767323045150000",` +
			`"_SYSTEMD_UNIT":"kubelet.service","MESSAGE":"line ` + string(rune('0'+asked)) + `"}` + "\n"), nil
	}
	h.asks(t, server)
	c := &inventory.Cluster{Name: "test", Kubernetes: "v1.36.3", Hosts: []inventory.Host{
		{Name: "m1", Roles: []inventory.Role{inventory.ControlPlane}},
	}}
	h.Host = c.Hosts[0]
	return &Run{Cluster: c, lead: "m1", Fleet: fleet.Fleet{"m1": h.Machine}}, journals
}

// TestLogs: lines of hosts and pods come in the order of their times; who follows gets each once,
// and the journal from where it was.
func TestLogs(t *testing.T) {
	run, journals := logged(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	rounds := 0
	err := run.Logs(ctx, LogQuery{
		Hosts: []string{"m1"}, Pods: []string{"web"}, Namespace: "shop", Since: time.Hour, Lines: 10, Follow: true,
		Units: []string{"kubelet"},
	}, func(lines []LogLine) {
		for _, l := range lines {
			got = append(got, l.Of+" "+l.By+" "+l.Text)
		}
		if rounds++; rounds == 2 {
			cancel()
		}
	})
	want := []string{
		"shop/web-1 web first", "m1 kubelet line 1", "shop/web-1 web second",
		"m1 kubelet line 2", "shop/web-1 web third",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if len(*journals) != 2 || !strings.Contains((*journals)[0], "--since=-3600s --unit=kubelet.service") ||
		!strings.Contains((*journals)[1], "--after-cursor=c1 --unit=kubelet.service") {
		t.Errorf("journalctl was asked %q", *journals)
	}
}

// TestLogsOfAll: without a choice it is the cluster's services.
func TestLogsOfAll(t *testing.T) {
	run, journals := logged(t)
	err := run.Logs(t.Context(), LogQuery{Hosts: []string{"m1"}, Lines: 5}, func([]LogLine) {})
	if err != nil || !strings.Contains((*journals)[0], "--unit=kube-apiserver.service") ||
		strings.Contains((*journals)[0], "since") || !strings.Contains((*journals)[0], "--lines=5") {
		t.Errorf("journalctl was asked %q, %v", *journals, err)
	}
}

// TestLogsFail: what cannot be read is an error, and no empty log.
func TestLogsFail(t *testing.T) {
	run, _ := logged(t)
	for _, test := range []struct {
		q    LogQuery
		code fault.Code
	}{
		{LogQuery{Pods: []string{"missing"}, Namespace: "shop", Lines: 1}, fault.LogsOfNobody},
		{LogQuery{Pods: []string{"new"}, Namespace: "shop", Lines: 1}, fault.LogsUnread},
		{LogQuery{Hosts: []string{"m1"}, Units: []string{"broken"}, Lines: 1}, fault.LogsUnread},
		{LogQuery{Hosts: []string{"m2"}, Lines: 1}, ""},
	} {
		err := run.Logs(t.Context(), test.q, func([]LogLine) {})
		if err == nil || fault.Of(err) != test.code {
			t.Errorf("%+v: %v", test.q, err)
		}
	}
}
