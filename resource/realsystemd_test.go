//go:build systemd

package resource_test

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/converge"
	"kbootstrap/resource/kinds"
)

// These tests need a machine with systemd as process 1, root, and nothing of the tool's on it. They
// hold the fake of systemd_test.go to what the real one does. On a lab's host:
//
//	go test -c -tags systemd -o kinds.test ./resource
//	KBOOTSTRAP_TEST_INSIDE=1 ./kinds.test -test.run TestReal -test.v
func realSystem(t *testing.T, ran *[]string) *host.System {
	return host.NewSystem("/", func(ctx context.Context, argv ...string) ([]byte, error) {
		*ran = append(*ran, strings.Join(argv, " "))
		begin := time.Now()
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			err = fmt.Errorf("%q: %w: %s", argv, err, stderr.String())
		}
		t.Logf("%6s %s", time.Since(begin).Round(time.Millisecond), strings.Join(argv, " "))
		return out, err
	}, nil, func(line string) { t.Log(line) })
}

const realUnit = "kbootstrap-test.service"

func unitFile(what string) resource.File {
	return resource.File{Path: "/etc/systemd/system/" + realUnit, Content: []byte("[Unit]\nDescription=" + what +
		"\n[Service]\nEnvironment=ETCD_INITIAL_CLUSTER_STATE=existing\nExecStart=" + what +
		"\nRestart=on-failure\nRestartSec=1\n[Install]\nWantedBy=multi-user.target\n")}
}

func TestRealService(t *testing.T) {
	var ran []string
	sys := realSystem(t, &ran)
	ctx := t.Context()
	service := resource.Service{Name: realUnit, Enabled: true, Running: true, Config: "1"}
	file := unitFile("/bin/sleep infinity")
	reloads := func() int {
		n := 0
		for _, line := range ran {
			if line == "systemctl daemon-reload" {
				n++
			}
		}
		return n
	}
	apply := func(name string, changes, wantReloads int, wanted ...resource.Resource) {
		t.Helper()
		t.Log("--", name)
		ran = nil
		var got []string
		begin := time.Now()
		err := converge.Converge(ctx, sys, wanted, func(c resource.Change) { got = append(got, c.ID) })
		t.Logf("-- %s took %s", name, time.Since(begin).Round(time.Millisecond))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got) != changes || reloads() != wantReloads {
			t.Errorf("%s: changes %q and %d reloads; want %d and %d", name, got, reloads(), changes, wantReloads)
		}
		ran = nil
		err = converge.Converge(ctx, sys, wanted, func(c resource.Change) {
			t.Errorf("%s: the second run changes %s: %s", name, c.ID, c.Diff)
		})
		if err != nil {
			t.Fatalf("%s: again: %v", name, err)
		}
		if len(ran) > 1 {
			t.Errorf("%s: a run without changes starts %q", name, ran)
		}
	}
	t.Cleanup(func() {
		t.Log("-- restore")
		if err := kinds.Restore(context.Background(), sys, nil, nil); err != nil {
			t.Error(err)
		}
		show := []string{"show", "-p", "LoadState,ActiveState,MainPID", realUnit}
		out, _ := exec.CommandContext(context.Background(), "systemctl", show...).Output()
		if sys.Exists(file.Path) || sys.Exists(file.Path+".d") || strings.Contains(string(out), "=active") {
			t.Errorf("left: %s", out)
		}
	})
	apply("new", 2, 0, file, service)
	service.Config = "2"
	apply("new configuration", 1, 1, file, service)
	file = unitFile("/bin/sleep 1000000")
	service.Config = "3"
	apply("new unit file", 2, 1, file, service)

	member := resource.Member{
		Name: "m", Unit: realUnit,
		DataDir: "/run/kbootstrap-test-data", Marker: "/run/kbootstrap-test-marker", New: true,
	}
	apply("member of a loaded unit", 1, 1, file, service, member)
	service.Config = "4"
	apply("start with permission", 1, 1, member, file, service)
	u, err := sys.Unit(ctx, realUnit)
	if err != nil {
		t.Fatal(err)
	}
	environment, _ := sys.Read(fmt.Sprintf("/proc/%d/environ", u.PID))
	if !slices.Contains(strings.Split(environment, "\x00"), "ETCD_INITIAL_CLUSTER_STATE=new") {
		t.Errorf("the environment is %q", environment)
	}
	marked := resource.Bootstrapped{Unit: realUnit, Marker: "/run/kbootstrap-test-marker", Token: "x"}
	apply("bootstrapped", 1, 1, file, service, marked)
	out, err := exec.CommandContext(ctx, "systemctl", "show", "-p", "Environment", realUnit).Output()
	if err != nil || !strings.Contains(string(out), "=existing") {
		t.Errorf("systemd would start it with %s, %v", out, err)
	}

	apply("off", 1, 1, file, resource.Service{Name: realUnit})
	apply("on again", 1, 0, file, service)
	apply("running and not at boot", 1, 1, file, resource.Service{Name: realUnit, Running: true})
	apply("foreign, at boot again", 1, 1, file, resource.Service{Name: realUnit, Running: true, Enabled: true})
	apply("ours again", 1, 1, file, service)
	if _, err := sys.Run(ctx, "systemctl", "kill", "--signal=KILL", realUnit); err != nil {
		t.Fatal(err)
	}
	// Dead and waiting for its next try: the tool does not wait for it.
	if err := converge.Converge(ctx, sys, []resource.Resource{service}, nil); err != nil {
		t.Error(err)
	}
	apply("something that does not exist is off", 0, 0, resource.Service{Name: "kbootstrap-none.service"})
}

func TestRealServiceThatCannotStart(t *testing.T) {
	var ran []string
	sys := realSystem(t, &ran)
	for program, words := range map[string]string{
		"/none/such": "status=203/EXEC", "/bin/sh -c 'echo last words; exit 3'": "last words",
	} {
		file := unitFile(program)
		if program == "/none/such" {
			file.Content = bytes.ReplaceAll(file.Content, []byte("Restart=on-failure\n"), nil)
		}
		begin := time.Now()
		service := resource.Service{Name: realUnit, Enabled: true, Running: true, Config: "1"}
		err := converge.Converge(t.Context(), sys, []resource.Resource{file, service}, nil)
		t.Logf("after %s: %v", time.Since(begin).Round(time.Millisecond), err)
		// Between two crashes it may just run when it is looked at.
		if err != nil && !strings.Contains(whole(err), words) || err == nil && program == "/none/such" {
			t.Errorf("error is %v", err)
		}
		if err := kinds.Restore(t.Context(), sys, nil, nil); err != nil {
			t.Error(err)
		}
	}
}

// TestRealHost observes what every host has.
func TestRealHost(t *testing.T) {
	var ran []string
	sys := realSystem(t, &ran)
	var wanted []resource.Resource
	services := []string{
		"firewalld", "sshd", "systemd-journald", "docker", "containerd", "etcd", "kubelet", "cron", "a", "b",
	}
	for _, name := range services {
		wanted = append(wanted, resource.Service{Name: name + ".service"})
	}
	for range 40 {
		wanted = append(wanted, resource.File{Path: "/etc/passwd"}, resource.Dir{Path: "/etc"})
	}
	wanted = append(wanted,
		resource.Swap{},
		resource.SELinux{Mode: resource.Permissive},
		resource.Sysctl{Key: "net.ipv4.ip_forward", Value: "1"},
		resource.Module{Name: "overlay", Features: []string{"filesystem overlay"}},
		resource.User{Name: "etcd"},
		resource.Mounts{Under: "/var/lib"},
		resource.Package{Program: "ip"},
		resource.NIC{Name: "eth0"},
	)
	begin := time.Now()
	found, err := converge.Observe(t.Context(), sys, wanted)
	t.Logf("%d resources in %s", len(found), time.Since(begin))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range found {
		if _, ok := r.(resource.Dir); !ok && r.ID() != "file /etc/passwd" {
			t.Logf("%s: %q", r.ID(), r.State())
		}
	}
}
