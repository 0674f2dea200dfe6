package main

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/workshop/lab"
	"kbootstrap/workshop/lab/components"
	"kbootstrap/workshop/light"
)

// scale is `make bench-scale`: what grows with the number of hosts, on light hosts.
type scale struct {
	program, dir, output, plot string
	hosts, peers               []int
	trips                      []time.Duration
	rates                      []string
	bare, repeats              int
	lab                        *light.Lab
	results                    ScaleResults
}

// ScaleResults is what the file of results holds.
type ScaleResults struct {
	Began   time.Time  `json:"began"`
	Machine Machine    `json:"machine"`
	Runs    []ScaleRun `json:"runs"`
}

// ScaleRun is one run of one command. Times are in seconds.
type ScaleRun struct {
	What   string  `json:"what"` // see the constants
	Hosts  int     `json:"hosts"`
	Trip   float64 `json:"roundTrip"`
	Rate   string  `json:"rate"` // of the control machine's line
	Wall   float64 `json:"wall"`
	CPU    float64 `json:"cpu"`              // of the control process
	Memory int64   `json:"memory,omitempty"` // its peak, in bytes
}

// What is measured.
const (
	again    = "up again"
	planned  = "plan"
	status   = "status"
	drift    = "drift"
	contact  = "first contact"
	contents = "contents"
	peer     = "Ansible"
)

// runScale is the whole bench.
func runScale(ctx context.Context, args []string) error {
	s, err := parseScale(args)
	if err != nil {
		return err
	}
	if s.results.Machine, err = machine(); err != nil {
		return err
	}
	s.results.Began = time.Now().UTC().Truncate(time.Second)
	if s.results.Machine.Load > 1 {
		say("the machine is busy (load %.1f): take the figures as provisional", s.results.Machine.Load)
	}
	if err := s.boot(ctx); err != nil {
		return fmt.Errorf("boot the hosts: %w", err)
	}
	if err := s.measureAll(ctx); err != nil {
		return err
	}
	fmt.Print(s.results.markdown())
	return nil
}

func parseScale(args []string) (*scale, error) {
	s := &scale{}
	f := flag.NewFlagSet("bench scale", flag.ContinueOnError)
	hosts := f.String("hosts", "20,100,500", "numbers of hosts that have nothing to do")
	trips := f.String("rtt", "0,10,50", "round trips in milliseconds")
	rates := f.String("rate", "1gbit,100mbit", "rates of the control machine's line")
	peers := f.String("ansible", "5,20", "numbers of hosts for Ansible, empty for none")
	f.IntVar(&s.bare, "bare", 20, "hosts that have nothing, for first contact and contents; 0 for none")
	f.IntVar(&s.repeats, "n", 1, "runs of each")
	f.StringVar(&s.program, "program", filepath.Join("bin", "kbootstrap-light"),
		"the program, built with the tag light")
	f.StringVar(&s.output, "o", "bench-scale.json", "file for the results")
	f.StringVar(&s.plot, "plot", "bench-scale.svg", "file for the plot")
	f.StringVar(&s.dir, "dir", "", "directory for the hosts, which is emptied (default in the user's cache)")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	var err error
	if s.hosts, err = numbers(*hosts); err != nil {
		return nil, fmt.Errorf("-hosts: %w", err)
	}
	if s.peers, err = numbers(*peers); err != nil {
		return nil, fmt.Errorf("-ansible: %w", err)
	}
	milliseconds, err := numbers(*trips)
	if err != nil {
		return nil, fmt.Errorf("-rtt: %w", err)
	}
	for _, ms := range milliseconds {
		s.trips = append(s.trips, time.Duration(ms)*time.Millisecond)
	}
	s.rates = strings.Split(*rates, ",")
	if s.program, err = filepath.Abs(s.program); err != nil {
		return nil, err
	}
	if s.dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		s.dir = filepath.Join(cache, "kbootstrap", "scale")
	}
	return s, nil
}

// numbers reads a list like "20,100".
func numbers(list string) ([]int, error) {
	var all []int
	for _, word := range strings.Fields(strings.ReplaceAll(list, ",", " ")) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is not a number", word)
		}
		all = append(all, n)
	}
	return all, nil
}

// boot starts the hosts: as many as the largest number, and those that have nothing.
func (s *scale) boot(ctx context.Context) error {
	base, err := lab.BaseRoot(ctx, lab.DefaultImage, say)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return err
	}
	agent := filepath.Join(s.dir, "agent")
	if err := light.AgentLayer(agent, s.program); err != nil {
		return err
	}
	begin := time.Now()
	s.lab, err = light.Up(ctx, light.Spec{
		Dir: s.dir, Base: base, Agent: agent, Settled: slices.Max(append(slices.Clone(s.peers), s.hosts...)),
		Bare:       s.bare,
		Kubernetes: components.DefaultKubernetes, Programs: programBytes,
	})
	if err == nil {
		say("%d hosts answer after %.1f s", s.lab.Settled+s.bare, time.Since(begin).Seconds())
	}
	return err
}

// programBytes is how large each program is that hosts get: a worker gets some twenty.
const programBytes = 1 << 20

// measureAll measures everything: first what has nothing to do, by distance and rate.
func (s *scale) measureAll(ctx context.Context) error {
	for _, hosts := range s.hosts {
		for i, trip := range s.trips {
			for j, rate := range s.rates {
				what := []string{again, planned}
				if i == 0 && j == 0 {
					what = append(what, status, drift)
				}
				if err := s.measureSettled(ctx, hosts, trip, rate, what); err != nil {
					return err
				}
			}
		}
	}
	if s.bare > 0 {
		if err := s.measureBare(ctx); err != nil {
			return err
		}
	}
	return s.measurePeers(ctx)
}

// measureSettled measures commands over hosts that are as is wanted, after one that issues what
// keys the state directory lacks.
func (s *scale) measureSettled(ctx context.Context, hosts int, trip time.Duration, rate string, what []string) error {
	way, done, err := s.way(ctx, trip)
	if err != nil {
		return err
	}
	defer done()
	inventory, err := s.lab.Inventory(fmt.Sprintf("settled-%d", hosts), 0, hosts, way)
	if err != nil {
		return err
	}
	if err := light.Limit(ctx, ""); err != nil {
		return err
	}
	if _, err := s.kbootstrap(ctx, inventory, "up"); err != nil {
		return err
	}
	if err := light.Limit(ctx, rate); err != nil {
		return err
	}
	for range s.repeats {
		for _, w := range what {
			if err := s.measure(ctx, ScaleRun{What: w, Hosts: hosts, Trip: trip.Seconds(), Rate: rate},
				inventory); err != nil {
				return err
			}
		}
	}
	return nil
}

// measureBare measures the first contact to hosts that have nothing, and then the run that makes
// them.
func (s *scale) measureBare(ctx context.Context) error {
	inventory, err := s.lab.Inventory("bare", s.lab.Settled, s.bare, light.Direct)
	if err != nil {
		return err
	}
	if err := light.Limit(ctx, s.rates[0]); err != nil {
		return err
	}
	for _, w := range []string{contact, contents} {
		if err := s.measure(ctx, ScaleRun{What: w, Hosts: s.bare, Rate: s.rates[0]}, inventory); err != nil {
			return err
		}
	}
	return nil
}

// way returns how hosts are logged in to over that distance, and what ends it.
func (s *scale) way(ctx context.Context, trip time.Duration) (func(int) netip.AddrPort, func(), error) {
	if trip == 0 {
		return light.Direct, func() {}, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	ways := make([]netip.AddrPort, s.lab.Settled)
	for n := range ways {
		var err error
		if ways[n], err = light.Delay(ctx, light.Direct(n), trip); err != nil {
			cancel()
			return nil, nil, err
		}
	}
	return func(n int) netip.AddrPort { return ways[n] }, cancel, nil
}

// measure runs what is to be measured and writes down what it took.
func (s *scale) measure(ctx context.Context, r ScaleRun, inventory string) error {
	verb := map[string]string{
		again: "up", planned: "plan", status: "status", drift: "drift", contact: "plan", contents: "up",
	}[r.What]
	m, err := s.kbootstrap(ctx, inventory, verb)
	if err != nil {
		return err
	}
	if (r.What == again || r.What == planned) && !strings.Contains(m.stdout, "nothing to do") {
		return fmt.Errorf("%s of %d hosts found something to do:\n%s", r.What, r.Hosts, m.stdout)
	}
	return s.note(r, m)
}

// note writes a run down, after every run: an interrupted bench has what it had.
func (s *scale) note(r ScaleRun, m measured) error {
	r.Wall, r.CPU, r.Memory = seconds(m.wall), seconds(m.cpu), m.memory
	say("%s, %d hosts, %.0f ms, %s: %.2f s", r.What, r.Hosts, r.Trip*1000, r.Rate, r.Wall)
	s.results.Runs = append(s.results.Runs, r)
	return s.results.write(s.output, s.plot)
}

// scaleLimit is how long a command may take.
const scaleLimit = 15 * time.Minute

// kbootstrap runs a verb with directories of its own. That `status` and `drift` find something is
// their exit code, and no failure.
func (s *scale) kbootstrap(ctx context.Context, inventory, verb string) (measured, error) {
	argv := []string{"env", "XDG_STATE_HOME=" + filepath.Join(s.dir, "state"),
		"KBOOTSTRAP_CACHE=" + filepath.Join(s.dir, "cache")}
	m, err := execute(ctx, scaleLimit, append(argv, s.program, verb, "-i", inventory, "--no-color")...)
	if err != nil && (verb == status || verb == drift) && ctx.Err() == nil {
		err = nil
	}
	return m, err
}
