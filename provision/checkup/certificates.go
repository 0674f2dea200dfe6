package checkup

import (
	"fmt"
	"time"

	"kbootstrap/host"
)

const (
	certificateWarn   = 60 * 24 * time.Hour
	certificateBroken = 14 * 24 * time.Hour
	// keptWarn is the part of its life, as a divisor, that is left of a certificate that its holder
	// should have renewed.
	keptWarn = 10
)

// LevelOfExpiry is how much it matters when a certificate ends. One that its holder renews by
// itself may be short: what counts is that it was renewed in time.
func LevelOfExpiry(now, begins, ends time.Time, kept bool) Level {
	remains := ends.Sub(now)
	switch {
	case remains <= 0:
		return Broken
	case kept && remains < ends.Sub(begins)/keptWarn:
		return Warning
	case kept:
		return OK
	case remains < certificateBroken:
		return Broken
	case remains < certificateWarn:
		return Warning
	}
	return OK
}

// controlMachine stands where the name of a host would.
const controlMachine = "control machine"

// certificates judges when certificates end: those on the hosts, the one that each kubelet really
// uses among them, and those on the control machine.
func certificates(s Scene) (string, []Problem) {
	var found []Problem
	var first *host.Certificate
	var where string
	all := 0
	judge := func(name string, c host.Certificate) {
		all++
		// One that its holder renews by itself may end any hour.
		if c.Path != s.Kept && (first == nil || c.NotAfter.Before(first.NotAfter)) {
			first, where = &c, name
		}
		if p, bad := expiry(s, name, c); bad {
			found = append(found, p)
		}
	}
	for _, h := range s.Hosts {
		for _, c := range h.Checkup.Certificates {
			judge(h.Name, c)
		}
	}
	for _, c := range s.Own {
		judge(controlMachine, c)
	}
	if first == nil {
		return "", nil
	}
	ends := left(first.NotAfter.Sub(s.Now))
	return fmt.Sprintf("the first of %d ends in %s: %s on %s", all, ends, first.Path, where), found
}

// expiry judges one certificate.
func expiry(s Scene, where string, c host.Certificate) (Problem, bool) {
	remains := c.NotAfter.Sub(s.Now)
	p := Problem{
		Host: where,
		Text: fmt.Sprintf("%s (%s) ends in %s", c.Path, c.Subject, left(remains)),
		Hint: "`kbootstrap certs renew` renews it, and `kbootstrap certs status` shows all of them",
	}
	kept := c.Path == s.Kept
	p.Level = LevelOfExpiry(s.Now, c.NotBefore, c.NotAfter, kept)
	switch {
	case remains <= 0:
		p.Text = fmt.Sprintf("%s (%s) ended %s ago", c.Path, c.Subject, span(-remains))
	case kept:
		p.Text += " and was not renewed by the kubelet"
		p.Hint = "journalctl -u kubelet on the host; kubectl get csr; `kbootstrap up` has the kubelet begin again"
	}
	return p, p.Level != OK
}

// left is how long something is still valid.
func left(d time.Duration) string {
	if d <= 0 {
		return "no time"
	}
	return span(d)
}
