package node

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/resource/converge"
	"kbootstrap/resource/kinds"
)

const (
	// observeTimeout bounds how long a host may need to look at all of a plan's resources.
	observeTimeout = 2 * time.Minute
	// surveyTimeout bounds how long a host may need to look around; it takes some 20 ms.
	surveyTimeout = 10 * time.Second
)

// Query is what a host is to look at. What is empty is not looked at.
type Query struct {
	Observe   []resource.Resource
	Witnesses []resource.Resource // more resources, which may be unreadable without harm to the others
	Survey    *host.SurveyQuery
	Census    []api.CensusSource
	Checkup   *CheckupQuery
	Inspect   *host.InspectionQuery
	Listing   *api.ListingQuery
	Keyring   *host.KeyringQuery
}

// CheckupQuery is what a host is asked about its own health, beyond its resources.
type CheckupQuery struct {
	Vitals       api.VitalsSource
	Certificates []string // files; those that do not exist are left out
	Units        []string
	Backups      *BackupsQuery `json:",omitempty"`
}

// BackupsQuery asks for the sets that a host has made by itself.
type BackupsQuery struct {
	Dir    string // of the sets
	Config string // the file by which the host was told to make them
}

// Checkup is what a host tells of its health. A part that it could not look at has an error.
type Checkup struct {
	Vitals          api.Vitals
	Certificates    []host.Certificate
	CertificatesErr error
	Starts          []host.Starts
	StartsErr       error
	Backups         host.BackupSets
	BackupsErr      error
}

// Answer is what a host saw. A part that it could not look at has an error, and the other parts are
// there all the same.
type Answer struct {
	// Found is what was found of each resource to observe, in their order. Where the state is the
	// wanted one, that is the wanted value itself.
	Found    []resource.Resource
	FoundErr error
	// Witnesses is the same of the witnesses.
	Witnesses    []resource.Resource
	WitnessesErr error
	Survey       host.Survey
	SurveyErr    error
	// Census is what each source told, in their order. Who does not answer has told nothing.
	Census []api.Census
	// Checkup is empty when it was not asked for.
	Checkup Checkup
	// Inspection and Listings are what an audit asked for.
	Inspection    host.Inspection
	InspectionErr error
	Listings      api.Listings
	// Keyring is what `certs status` asked for.
	Keyring    host.Keyring
	KeyringErr error
}

// lookQuestion is a Query on the wire.
type lookQuestion struct {
	Observe   json.RawMessage    `json:",omitempty"`
	Witnesses json.RawMessage    `json:",omitempty"`
	Survey    *host.SurveyQuery  `json:",omitempty"`
	Census    []api.CensusSource `json:",omitempty"`
	Checkup   *CheckupQuery      `json:",omitempty"`

	Inspect *host.InspectionQuery `json:",omitempty"`
	Listing *api.ListingQuery     `json:",omitempty"`
	Keyring *host.KeyringQuery    `json:",omitempty"`
}

// lookAnswer is an Answer on the wire.
type lookAnswer struct {
	Observed  observed
	Witnesses observed
	Survey    host.Survey
	Census    []api.Census

	Vitals       api.Vitals
	Certificates []host.Certificate `json:",omitempty"`
	Starts       []host.Starts      `json:",omitempty"`
	Backups      *host.BackupSets   `json:",omitempty"`
	Inspection   *host.Inspection   `json:",omitempty"`
	Listings     *api.Listings      `json:",omitempty"`
	Keyring      *host.Keyring      `json:",omitempty"`
	// The errors of the parts.
	ObservedError, WitnessesError, SurveyError, CertificatesError, StartsError *wireError `json:",omitempty"`
	InspectionError, KeyringError, BackupsError                                *wireError `json:",omitempty"`
}

// observed is what was found, as far as it differs from what is wanted. The rest, which in most
// runs is all, need not travel.
type observed struct {
	Differ []int           // the indices of those that differ
	Found  json.RawMessage // what was found of these, in this order
}

// Look asks a host all that is to be known before something is changed, at once.
func (c *Client) Look(ctx context.Context, q Query) (Answer, error) {
	question := lookQuestion{Survey: q.Survey, Census: q.Census, Checkup: q.Checkup, Inspect: q.Inspect,
		Listing: q.Listing, Keyring: q.Keyring}
	var err error
	if question.Observe, err = kinds.Marshal(q.Observe); err != nil {
		return Answer{}, err
	}
	if question.Witnesses, err = kinds.Marshal(q.Witnesses); err != nil {
		return Answer{}, err
	}
	text, err := json.Marshal(question)
	if err != nil {
		return Answer{}, err
	}
	var a lookAnswer
	err = c.again(ctx, "observe", func() error {
		a = lookAnswer{}
		return c.askRaw(ctx, "/v1/look", text, &a)
	})
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Survey: a.Survey, SurveyErr: a.SurveyError.error(), Census: a.Census}
	answer.Checkup = Checkup{
		Vitals:       a.Vitals,
		Certificates: a.Certificates, CertificatesErr: a.CertificatesError.error(),
		Starts: a.Starts, StartsErr: a.StartsError.error(),
		BackupsErr: a.BackupsError.error(),
	}
	if a.Backups != nil {
		answer.Checkup.Backups = *a.Backups
	}
	answer.InspectionErr = a.InspectionError.error()
	if a.Inspection != nil {
		answer.Inspection = *a.Inspection
	}
	if a.Listings != nil {
		answer.Listings = *a.Listings
	}
	answer.KeyringErr = a.KeyringError.error()
	if a.Keyring != nil {
		answer.Keyring = *a.Keyring
	}
	answer.Found, answer.FoundErr = a.Observed.of(q.Observe, a.ObservedError)
	answer.Witnesses, answer.WitnessesErr = a.Witnesses.of(q.Witnesses, a.WitnessesError)
	return answer, nil
}

// Survey looks around on the host.
func (c *Client) Survey(ctx context.Context, q host.SurveyQuery) (host.Survey, error) {
	a, err := c.Look(ctx, Query{Survey: &q})
	return a.Survey, cmp.Or(err, a.SurveyErr)
}

// of returns what was found of the wanted resources.
func (o observed) of(wanted []resource.Resource, wire *wireError) ([]resource.Resource, error) {
	if wire != nil {
		return nil, wire.error()
	}
	differ, err := kinds.Unmarshal(o.Found)
	if err != nil {
		return nil, err
	}
	if len(differ) != len(o.Differ) {
		return nil, fmt.Errorf("the node answered %d of %d differences", len(differ), len(o.Differ))
	}
	found := slices.Clone(wanted)
	for k, i := range o.Differ {
		if i < 0 || i >= len(found) {
			return nil, fmt.Errorf("the node answered for resource %d of %d", i, len(found))
		}
		found[i] = differ[k]
	}
	return found, nil
}

func (s *server) look(w http.ResponseWriter, r *http.Request) error {
	var q lookQuestion
	if err := decode(w, r, &q); err != nil {
		return err
	}
	wanted, err := unmarshal(q.Observe)
	if err != nil {
		return err
	}
	witnesses, err := unmarshal(q.Witnesses)
	if err != nil {
		return err
	}
	a := lookAnswer{Census: make([]api.Census, len(q.Census))}
	all := host.OneLook(r.Context(), q.units(wanted, witnesses))
	var parts sync.WaitGroup
	look := func(timeout time.Duration, failed **wireError, part func(context.Context) error) {
		parts.Go(func() {
			slow := fmt.Errorf("looking took longer than %s", timeout)
			ctx, cancel := context.WithTimeoutCause(all, timeout, slow)
			defer cancel()
			*failed = toWire(guarded(r.URL.Path, func() error { return part(ctx) }))
		})
	}
	look(observeTimeout, &a.ObservedError, func(ctx context.Context) (err error) {
		a.Observed, err = s.observe(ctx, wanted)
		return err
	})
	look(observeTimeout, &a.WitnessesError, func(ctx context.Context) (err error) {
		a.Witnesses, err = s.observe(ctx, witnesses)
		return err
	})
	look(surveyTimeout, &a.SurveyError, func(ctx context.Context) error {
		if q.Survey != nil {
			a.Survey = s.sys.Survey(ctx, *q.Survey)
		}
		return nil
	})
	for i, from := range q.Census {
		parts.Go(func() {
			// A source that does not answer, whatever the reason, has told nothing.
			_ = guarded(r.URL.Path, func() error { a.Census[i] = api.TakeCensus(all, s.sys, from); return nil })
		})
	}
	if c := q.Checkup; c != nil {
		look(surveyTimeout, &a.CertificatesError, func(context.Context) (err error) {
			a.Certificates, err = host.Certificates(string(s.sys.Root), c.Certificates)
			return err
		})
		look(surveyTimeout, &a.StartsError, func(ctx context.Context) (err error) {
			a.Starts, err = s.sys.Starts(ctx, c.Units)
			return err
		})
		look(surveyTimeout, &a.BackupsError, func(context.Context) error {
			if c.Backups == nil {
				return nil
			}
			found, err := s.sys.Backups(c.Backups.Dir, c.Backups.Config)
			a.Backups = &found
			return err
		})
		parts.Go(func() {
			// Who does not answer says so in the vitals.
			_ = guarded(r.URL.Path, func() error {
				a.Vitals = api.TakeVitals(all, s.sys, c.Vitals)
				return nil
			})
		})
	}
	if q.Inspect != nil {
		look(surveyTimeout, &a.InspectionError, func(ctx context.Context) error {
			found := s.sys.Inspect(ctx, *q.Inspect)
			a.Inspection = &found
			return ctx.Err()
		})
	}
	if q.Keyring != nil {
		look(surveyTimeout, &a.KeyringError, func(ctx context.Context) error {
			found := s.sys.Keyring(ctx, *q.Keyring)
			a.Keyring = &found
			return ctx.Err()
		})
	}
	if q.Listing != nil {
		parts.Go(func() {
			// Who does not answer says so in the listings.
			_ = guarded(r.URL.Path, func() error {
				found := api.TakeListings(all, s.sys, *q.Listing)
				a.Listings = &found
				return nil
			})
		})
	}
	parts.Wait()
	return answer(w, a)
}

// units are the units that the parts of a look will ask systemd for.
func (q lookQuestion) units(lists ...[]resource.Resource) []string {
	var units []string
	if q.Survey != nil {
		units = append(units, q.Survey.Units...)
	}
	if q.Checkup != nil {
		units = append(units, q.Checkup.Units...)
	}
	for _, r := range slices.Concat(lists...) {
		if runner, ok := r.(resource.Runner); ok {
			unit, _ := runner.Runs()
			units = append(units, unit)
		}
	}
	return units
}

// observe looks at resources.
func (s *server) observe(ctx context.Context, wanted []resource.Resource) (observed, error) {
	found, err := converge.Observe(ctx, s.sys, wanted)
	if err != nil {
		return observed{}, err
	}
	var o observed
	var differ []resource.Resource
	for i, w := range wanted {
		if resource.Changed(found[i], w) {
			o.Differ = append(o.Differ, i)
			differ = append(differ, found[i])
		}
	}
	o.Found, err = kinds.Marshal(differ)
	return o, err
}
