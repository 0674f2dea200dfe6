package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kbootstrap/certs"
	"kbootstrap/cmd/internal/cli"
	"kbootstrap/fault"
	"kbootstrap/provision"
	"kbootstrap/report"
)

// rotations are the keys that can be replaced.
var rotations = []string{certs.RotateKubernetes, certs.RotateEtcd, certs.RotateFrontProxy, certs.RotateServiceAccount,
	certs.RotateEncryption}

func certsRotateCommand(a *app) *cobra.Command {
	flags := &clusterFlags{app: a}
	var (
		rotation    provision.Rotation
		ignore      ignoreFlag
		dryRun, yes bool
	)
	c := &cobra.Command{
		Use:   "rotate-ca KEY",
		Short: "Replace an authority or the key of service accounts by another, one stage a call",
		Long: `Replace an authority, or the key that signs the tokens of service accounts, by another. KEY is one of
` + strings.Join(rotations, ", ") + `. Each call carries out
one stage, and the cluster may stay in each for days:

  trust     every host trusts the new one too, and the old one signs
  issue     the new one signs, all certificates are issued again, and both are trusted
  distrust  only the new one is trusted, and the old key is removed here

A stage begins only when the one before is finished on every host, so no host is locked out. A run that was
cut off is finished by the next call, or by up, which keeps the stage. --back goes one stage back, until
distrust: that cannot be undone.

A stage that begins needs a backup of the last 24 hours that has the keys of now and that "backup verify" has
rehearsed on this machine, or --without-backup.

Before issue, restart pods that talk to the API and were started before trust: most clients read the
authority once. Before distrust, give people and machines outside of the cluster new kubeconfigs. The stage
issue of service-account lasts an hour at least, so that no token is left that the old key has signed; with
other limits for tokens say --after.`,
		Example: `  kbootstrap certs rotate-ca service-account -i hosts.yaml --dry-run
  kbootstrap certs rotate-ca kubernetes -i hosts.yaml
  kbootstrap certs rotate-ca kubernetes -i hosts.yaml --back`,
		Args:      cli.Args(cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs)),
		ValidArgs: rotations,
		RunE: func(c *cobra.Command, args []string) error {
			rotation.Of = args[0]
			if rotation.Of == certs.RotateEncryption {
				return cli.UsageError{Err: fault.RotationByField.Errorf(
					"the key for secrets has a number in the inventory: " +
						"raise security.encryptionKey, and run `kbootstrap up`")}
			}
			if !c.Flags().Changed("after") && rotation.Of == certs.RotateServiceAccount {
				rotation.Least = tokenLife
			}
			if dryRun {
				return a.planRotation(c, flags, rotation)
			}
			ignored, err := ignore.checks()
			if err != nil {
				return err
			}
			person, _ := a.asker(nil).(*terminal)
			if person == nil && !yes {
				return cli.UsageError{Err: errors.New("this changes what all hosts trust: give --yes")}
			}
			run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.Rotate(rotation,
				func(run *provision.Run) error { return a.approveStage(c.Context(), run, person, yes) }, ignored))
			if err != nil {
				return err
			}
			defer done()
			if err := a.applyKeys(c, flags, run); err != nil {
				return err
			}
			if flags.output != jsonOutput {
				fmt.Fprint(a.stdout, "\n"+nextStage(run))
			}
			return nil
		},
	}
	flags.bind(c)
	flags.bindRecord(c)
	flags.bindLock(c)
	ignore.bind(c)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "show the plan of the next stage; nothing is changed")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.Flags().BoolVar(&rotation.WithoutBackup, "without-backup", false,
		"begin a stage although no backup of the last 24 hours with the keys of now was verified")
	c.Flags().BoolVar(&rotation.Back, "back", false, "go back to the stage before")
	c.Flags().DurationVar(&rotation.Least, "after", 0,
		"how long the stage before must have lasted; 1h for service-account if not given")
	return c
}

// tokenLife is how long tokens are good that the kubelet asks for: an hour and seven seconds, and
// it renews them when a fifth of that is left.
const tokenLife = time.Hour + 10*time.Second

// planRotation shows what the next stage would do.
func (a *app) planRotation(c *cobra.Command, flags *clusterFlags, rotation provision.Rotation) error {
	run, done, err := flags.prepare(c.Context(), provision.Scope{}, provision.PlanRotation(rotation))
	if err != nil {
		return err
	}
	defer done()
	plan := report.NewPlan(run)
	flags.show(plan, func() { fmt.Fprint(a.stdout, stageText(run)+"\n"+planText(plan)) })
	return nil
}

// approveStage asks whether a stage may be carried out.
func (a *app) approveStage(ctx context.Context, run *provision.Run, person *terminal, yes bool) error {
	a.shown.suspend()
	defer a.shown.resume()
	fmt.Fprint(a.stdout, stageText(run))
	if yes {
		return nil
	}
	ok, err := person.Confirm(ctx, "carry this out?")
	switch {
	case err != nil:
		return err
	case !ok:
		return cli.UsageError{Err: errors.New("not confirmed")}
	}
	return nil
}

// stageText says which stage a run carries out.
func stageText(run *provision.Run) string {
	r := run.Rotating
	if r.Finishes {
		return fmt.Sprintf("%s: the stage %q is not finished on every host yet: %d changes are left\n", r.Of, r.From,
			run.Plan.Changes())
	}
	return fmt.Sprintf("%s: from the stage %q to %q: %d changes\n", r.Of, r.From, r.To, run.Plan.Changes())
}

// nextStage says where a run has left a key, and what comes next.
func nextStage(run *provision.Run) string {
	r := run.Rotating
	file := run.Cluster.File
	again := fmt.Sprintf("  kbootstrap certs rotate-ca %s -i %s", r.Of, file)
	switch r.To {
	case certs.Trust:
		return fmt.Sprintf("%s: every host trusts both. Restart pods that talk to the API, then:\n%s\n"+
			"or back:\n%s --back\n", r.Of, again, again)
	case certs.Issue:
		return fmt.Sprintf("%s: the new one signs, and both are trusted. Give people and machines outside of the "+
			"cluster new kubeconfigs, then:\n%s\nor back:\n%s --back\n", r.Of, again, again)
	}
	return fmt.Sprintf("%s: one key, and nothing else is trusted\n", r.Of)
}
