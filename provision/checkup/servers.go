package checkup

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/resource/api"
)

// Leases are the controllers of which one leads, by the names of their leases.
func Leases() []string { return []string{"kube-controller-manager", "kube-scheduler"} }

const (
	// leaseLate is when a lease was not renewed in time: that takes 2 s, and another takes over
	// after 15 s.
	leaseLate = time.Minute
	// requestLate is when a request should have been granted: the controller manager does it at
	// once.
	requestLate = 3 * time.Minute
	// kubeletSigners begin with this: their requests are granted without a person.
	kubeletSigner = "kubernetes.io/kube-apiserver-client-kubelet"
)

// servers judges the API servers, and those who work through them.
func servers(s Scene) (string, []Problem) {
	var found []Problem
	var answer []string
	for _, h := range s.Hosts {
		v := h.Checkup.Vitals.API
		switch {
		case v == nil:
		case v.Error == "":
			answer = append(answer, h.Name)
		default:
			found = append(found, Problem{
				Level: Broken, Host: h.Name, Text: "the API server is not ready: " + v.Error,
				Hint: "journalctl -u kube-apiserver on the host",
			})
		}
	}
	if !s.Live {
		return "there is no cluster on these hosts yet", nil
	}
	servers := len(s.Cluster.With(inventory.ControlPlane))
	text := fmt.Sprintf("%d of %d servers ready", len(answer), servers)
	if len(answer) > 0 {
		text += ": " + several(answer)
	}
	told, ok := s.api()
	if !ok {
		return text, found
	}
	for _, name := range Leases() {
		i := slices.IndexFunc(told.Leases, func(l api.LeaseVitals) bool { return l.Name == name })
		words := "no %s works: %s led last, %s ago"
		hint := "journalctl -u " + name + " on the control planes"
		switch {
		case i < 0:
			found = append(found, Problem{Level: Broken, Text: "no " + name + " has ever led", Hint: hint})
		case told.Leases[i].Age > leaseLate:
			found = append(found, Problem{
				Level: Broken, Hint: hint,
				Text: fmt.Sprintf(words, name, told.Leases[i].Holder, span(told.Leases[i].Age)),
			})
		}
	}
	return text, append(found, requests(told)...)
}

// requests judges the certificate requests that wait. Those of kubelets are granted at once, all
// others by a person.
func requests(told api.APIVitals) []Problem {
	var stuck, waiting []string
	for _, r := range told.Requests {
		switch {
		case r.Age < requestLate:
		case r.Signer == kubeletSigner:
			stuck = append(stuck, fmt.Sprintf("%s of %s", r.Name, r.By))
		default:
			waiting = append(waiting, fmt.Sprintf("%s of %s", r.Name, r.By))
		}
	}
	var found []Problem
	if stuck != nil {
		found = append(found, Problem{
			Level: Warning,
			Text:  fmt.Sprintf("%d certificate requests of kubelets are Pending: %s", len(stuck), several(stuck)),
			Hint:  "`kbootstrap up` gives kubelets the right; the controller manager then grants these too",
		})
	}
	if waiting != nil {
		found = append(found, Problem{
			Level: Note,
			Text:  fmt.Sprintf("%d certificate requests wait for a person: %s", len(waiting), several(waiting)),
			Hint:  "kubectl certificate approve NAME, or deny",
		})
	}
	return found
}

// span is a duration without needless digits.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < 2*time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
