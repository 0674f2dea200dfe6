package host

import (
	"testing"

	"kbootstrap/internal/trial"
)

func TestAppArmor(t *testing.T) {
	const enabled, profiles = "sys/module/apparmor/parameters/enabled", "sys/kernel/security/apparmor/profiles"
	for name, c := range map[string]struct {
		files map[string]string
		want  AppArmor
	}{
		"a kernel without":     {map[string]string{"sbin/apparmor_parser": ""}, AppArmor{HasParser: true}},
		"switched off at boot": {map[string]string{enabled: "N\n"}, AppArmor{}},
		"not mounted":          {map[string]string{enabled: "Y\n"}, AppArmor{}},
		"a minimal system":     {map[string]string{enabled: "Y\n", profiles: ""}, AppArmor{On: true}},
		"a system as it is made": {map[string]string{enabled: "Y\n", profiles: "", "sbin/apparmor_parser": ""},
			AppArmor{On: true, HasParser: true}},
	} {
		if got := (surveyor{Root: Root(trial.Lay(t, c.files))}).appArmor(); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
