package resource

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// Salvage is the data of an etcd member that has lost its quorum, made that of a cluster of which
// it is the only member. Nothing is deleted: the directory of before stays next to the new one.
//
// A copy is opened by an etcd of its own on loopback, which forgets the other members
// (--force-new-cluster); its log is replayed by that. What it holds then is restored with a higher
// revision, since those who watch the API have seen more than may be left, and under another token,
// so that a member of before that comes back belongs to another cluster.
type Salvage struct {
	Name, PeerURL string // of the member
	Token         string // of the cluster that begins
	DataDir       string // "/var/lib/etcd"
	Owner         string // of the data: "etcd:etcd"
	Unit          string // which does not run meanwhile
	Quota         int64  // of the database, in bytes
	// Shelf is what "member" is called afterwards: "member.lost-20260102T030405Z".
	Shelf string
	// Note is a file that has the ID of the salvaged member: with it a run that was cut off later
	// knows that the data is the right one, however short its new log is.
	Note string
	// Listen is where the copy serves meanwhile: "https://127.0.0.1:22379".
	Listen string
	// CACert, Cert and Key are those of the server, ClientCert and ClientKey those of who asks it.
	CACert, Cert, Key, ClientCert, ClientKey string
	Absent                                   bool
	Made                                     bool // only in a found value: it is made, and was not started yet
}

// ID is "salvage of member NAME".
func (s Salvage) ID() string { return "salvage of member " + s.Name }

// State says that the member is alone in its cluster, or will be when what was made comes into its
// place.
func (s Salvage) State() string {
	return States(Flag("alone in its cluster", !s.Absent), Flag("made, and not started yet", s.Made))
}

// Observe compares the note with the data, and with what a run that was cut off may have made. A
// member that does not run is in no cluster.
func (s Salvage) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	found := s
	noted, err := s.noted(sys)
	if err != nil {
		return nil, err
	}
	u, err := sys.Unit(ctx, s.Unit)
	found.Absent = noted == 0 || noted != sys.EtcdMemberID(s.DataDir) || !u.Runs()
	found.Made = found.Absent && noted != 0 &&
		(noted == sys.EtcdMemberID(s.work("restored")) || noted == sys.EtcdMemberID(s.DataDir))
	return found, err
}

func (s Salvage) noted(sys *host.System) (uint64, error) {
	text, err := sys.Read(s.Note)
	if err != nil || text == "" {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(text), 16, 64)
}

const (
	salvageUnit = "kbootstrap-salvage.service"
	// salvageTime is how long a copy may take to replay its log and to answer.
	salvageTime = 10 * time.Minute
)

// work is where the copy and what is restored from it are made: on the disk of the data, so that it
// comes into its place by a rename.
func (s Salvage) work(name string) string { return s.DataDir + "/salvage/" + name }

// Apply makes the data, unless a run that was cut off has done so, puts it into its place, and
// starts the member. What was salvaged stays so.
func (s Salvage) Apply(ctx context.Context, sys *host.System) error {
	if s.Absent || s.Made {
		return nil
	}
	noted, err := s.noted(sys)
	if err != nil {
		return err
	}
	if noted == 0 || noted != sys.EtcdMemberID(s.DataDir) {
		if _, err := sys.Change(ctx, "systemctl", "stop", s.Unit); err != nil {
			return err
		}
		if noted == 0 || noted != sys.EtcdMemberID(s.work("restored")) {
			if err := s.make(ctx, sys); err != nil {
				return fault.NotSalvaged.Wrap(err)
			}
		}
		// Cut off in between, the next run finds the note and what was restored.
		if err := supplant(sys, s.DataDir, s.work("restored/member"), s.Shelf); err != nil {
			return err
		}
	}
	if err := sys.RemoveAll(sys.Path(filepath.Dir(s.work("")))); err != nil {
		return err
	}
	return s.start(ctx, sys)
}

// start starts the member, as the unit has it, and waits for its process.
func (s Salvage) start(ctx context.Context, sys *host.System) error {
	u, err := sys.Unit(ctx, s.Unit)
	if err != nil || u.Runs() {
		return err
	}
	sys.Touch(s.Unit)
	argv := []string{"systemctl", "--no-block", "--job-mode=ignore-dependencies", "start", s.Unit}
	if _, err := sys.Change(ctx, argv...); err != nil {
		return err
	}
	deadline, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err = host.Poll(deadline, startPoll, func() (bool, error) {
		u, err := sys.Unit(deadline, s.Unit)
		return u.Runs(), err
	})
	if err != nil && ctx.Err() == nil {
		return fault.NotSalvaged.Wrap(fmt.Errorf("waited for the start of %s: %w", s.Unit, err))
	}
	return err
}

// make opens a copy, takes a snapshot of it, and restores that. A run that was cut off may have
// left a part.
func (s Salvage) make(ctx context.Context, sys *host.System) error {
	if _, err := sys.Change(ctx, "systemctl", "stop", salvageUnit); err != nil && !isMissing(ctx, sys) {
		return err
	}
	if err := sys.RemoveAll(sys.Path(filepath.Dir(s.work("")))); err != nil {
		return err
	}
	sys.Logf("copying %s/member", s.DataDir)
	for _, argv := range [][]string{
		{"mkdir", "-p", "-m", "0700", s.work("copy")},
		{"cp", "-a", s.DataDir + "/member", s.work("copy/member")},
		{"systemd-run", "--quiet", "--collect", "--unit=" + salvageUnit, "--property=UMask=0077",
			"/usr/local/bin/etcd", "--name=" + s.Name, "--data-dir=" + s.work("copy"), "--force-new-cluster",
			"--listen-client-urls=" + s.Listen, "--advertise-client-urls=" + s.Listen,
			"--listen-peer-urls=http://127.0.0.1:22380", "--client-cert-auth",
			"--trusted-ca-file=" + s.CACert, "--cert-file=" + s.Cert, "--key-file=" + s.Key,
			"--quota-backend-bytes=" + strconv.FormatInt(s.Quota, 10)},
	} {
		if _, err := sys.Change(ctx, argv...); err != nil {
			return err
		}
	}
	if err := (Ready{
		Name: "the copy of etcd", URL: s.Listen + "/health", Expect: `"health":"true"`, Unit: salvageUnit,
		CACert: s.CACert, Cert: s.ClientCert, Key: s.ClientKey, Timeout: salvageTime,
	}).Apply(ctx, sys); err != nil {
		return err
	}
	for _, argv := range [][]string{
		{"/usr/local/bin/etcdctl", "--endpoints=" + s.Listen, "--cacert=" + s.CACert, "--cert=" + s.ClientCert,
			"--key=" + s.ClientKey, "snapshot", "save", s.work("snapshot.db")},
		{"systemctl", "stop", salvageUnit},
		snapshotRestore{
			Snapshot: s.work("snapshot.db"), DataDir: s.work("restored"), Name: s.Name, PeerURL: s.PeerURL,
			Initial: s.Name + "=" + s.PeerURL, Token: s.Token,
		}.argv("/usr/local/bin/etcdutl"),
		{"chown", "-R", s.Owner, s.work("restored")},
		{"sync", "-f", s.work("restored")},
	} {
		if _, err := sys.Change(ctx, argv...); err != nil {
			return err
		}
	}
	id := sys.EtcdMemberID(s.work("restored"))
	if id == 0 {
		return fmt.Errorf("%s holds no data after it was restored", s.work("restored"))
	}
	return sys.WriteOwn(sys.Path(s.Note), []byte(strconv.FormatUint(id, 16)+"\n"), 0o600)
}

// isMissing reports whether the copy's unit is not there, as when no run was cut off.
func isMissing(ctx context.Context, sys *host.System) bool {
	u, err := sys.Unit(ctx, salvageUnit)
	return err == nil && !u.Runs()
}
