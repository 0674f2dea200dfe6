package provision

import (
	"context"
	"fmt"
	"time"

	"kbootstrap/certs"
	"kbootstrap/fault"
)

// Rotating is a stage of the replacement of a key.
type Rotating struct {
	Of       string
	From, To certs.Stage
	// Finishes says that no stage begins: the hosts are not where the last one wants them.
	Finishes bool
}

// Rotation is what a run is told to do with a key.
type Rotation struct {
	Of   string
	Back bool // to the stage before
	// Least is how long the stage before must have lasted.
	Least time.Duration
	// WithoutBackup begins a stage although there is no fresh backup.
	WithoutBackup bool
}

// Rotate lists what comes before the first change of one stage of `certs rotate-ca`. What is wanted
// of hosts in a stage is a value like any other: a bundle of what is trusted, and what was issued.
// So the plan of a stage is an ordinary one, and a stage that was cut off is finished by this verb,
// or by `up`. approve is asked when the plan is known.
func Rotate(rotation Rotation, approve func(*Run) error, ignored []string) []Stage {
	return []Stage{
		LockState,
		FetchArtifacts,
		LoadKeys,
		ConcernAll,
		ConnectLocked,
		CheckFounding,
		NeedCluster,
		NeedStore,
		BuildPlan,
		ObserveAndSurvey,
		CheckFounding,
		KeepLead,
		Judge,
		Refuse,
		Advance(rotation),
		NeedBackup(rotation),
		Again(BuildPlan, ObserveAndSurvey, KeepLead, Judge, Refuse),
		Approve(approve),
		CheckHosts(ignored),
		KeepKeys,
	}
}

// PlanRotation lists how `certs rotate-ca --dry-run` finds out what the next stage would do.
func PlanRotation(rotation Rotation) []Stage {
	return []Stage{
		FetchArtifacts,
		LoadKeys,
		ConcernAll,
		Connect,
		CheckFounding,
		NeedCluster,
		NeedStore,
		BuildPlan,
		Observe,
		CheckFounding,
		Judge,
		Refuse,
		Advance(rotation),
		Again(BuildPlan, Observe, Judge, Refuse),
	}
}

// Advance begins the next stage, or goes back to the one before, in memory. It does so only from a
// stage that is finished: when nothing differs on any host. Otherwise the run finishes that one.
func Advance(rotation Rotation) Stage {
	return func(_ context.Context, r *Run) error {
		stage := r.PKI.Stages()[rotation.Of]
		r.Rotating = Rotating{Of: rotation.Of, From: stage, To: stage.Next()}
		if rotation.Back {
			r.Rotating.To = stage.Previous()
		}
		switch differ := r.Plan.Changes(); {
		case differ > 0 && stage == certs.Stable:
			return fault.RotationUnready.Errorf("%d things on the hosts differ from what is wanted: run "+
				"`kbootstrap up` first, so that what the stage changes is all that changes", differ)
		case differ > 0:
			r.Rotating.To, r.Rotating.Finishes = stage, true
			return nil
		}
		since, err := r.store.StageSince(rotation.Of)
		if err != nil {
			return err
		}
		if left := rotation.Least - time.Since(since); stage == certs.Issue && !rotation.Back && left > 0 {
			return fault.RotationTooSoon.Errorf(
				"%s: the stage %q began %s, and lasts %s at least; wait %s, or say --after 0s",
				rotation.Of, stage, since.Format(time.DateTime), rotation.Least, left.Round(time.Second))
		}
		r.change.Rotation = certs.Rotation{Of: rotation.Of, To: r.Rotating.To}
		if err := previewKeys(r); err != nil {
			return fmt.Errorf("%s: %w", rotation.Of, err)
		}
		return nil
	}
}

// Again goes through stages once more, when a run has begun to want something else. It does nothing
// in a run that finishes what was wanted before.
func Again(stages ...Stage) Stage {
	return func(ctx context.Context, r *Run) error {
		if r.Rotating.Finishes {
			return nil
		}
		r.Refusals, r.Warnings = nil, nil
		return goThrough(ctx, r, stages)
	}
}
