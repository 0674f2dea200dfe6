package provision

import "slices"

// Up lists what comes before the first change that `up` makes: everything is known by then. approve
// is asked when the plan is known; it may be nil. The checks that are ignored only warn. Run.Apply
// carries the plan out.
func Up(approve func(*Run) error, ignored []string) []Stage {
	return slices.Concat(lookForUp(), judgeForUp(approve, ignored))
}

// lookForUp lists how `up` finds out what there is.
func lookForUp() []Stage { return slices.Concat(reachForUp(), planForUp()) }

// reachForUp lists how `up` gets to the hosts.
func reachForUp() []Stage {
	return []Stage{
		LockState,
		FetchArtifacts,
		LoadKeys,
		ConcernAll,
		ConnectLocked,
		AskShared,
		CheckFounding,
	}
}

// planForUp lists how `up` finds out what differs.
func planForUp() []Stage {
	return []Stage{
		IssueKeys,
		BuildPlan,
		ObserveAndSurvey,
	}
}

// judgeForUp lists how `up` judges what there is.
func judgeForUp(approve func(*Run) error, ignored []string) []Stage {
	return []Stage{
		CheckFounding, // again: hosts may be lost by now
		KeepLead,
		Judge,
		Refuse,
		Approve(approve),
		CheckHosts(ignored),
		KeepKeys,
	}
}

// Rejoin lists what `recover` does when one member of etcd has become the cluster: it is `up`, and
// waits for that member.
func Rejoin(ignored []string) []Stage {
	return slices.Concat(lookForUp(), []Stage{AwaitAnswers}, judgeForUp(nil, ignored))
}

// AddNode lists what comes before the first change that `add-node` makes: it is `up`, limited to
// the new hosts, and they join a cluster that is there.
func AddNode(ignored []string) []Stage {
	return slices.Concat(reachForUp(), []Stage{NeedCluster}, planForUp(), judgeForUp(nil, ignored))
}

// Plan lists how `plan` finds out what `up` would do.
func Plan() []Stage {
	return []Stage{
		FetchArtifacts,
		LoadKeys,
		ConcernAll,
		Connect,
		CheckFounding,
		IssueKeys,
		BuildPlan,
		Observe,
		CheckFounding,
		Judge,
	}
}

// PlanToSave lists how `plan -o` finds out what `up` would do: the certificates that have to be
// issued are kept, because the plan names them.
func PlanToSave() []Stage { return append(Plan(), KeepKeys) }

// Look lists how `status` and `support-bundle` find out how it stands, as far as any host answers.
func Look() []Stage {
	return []Stage{
		TolerateAll,
		FetchArtifacts,
		LoadKeys,
		Connect,
		AskShared,
		PreviewKeys,
		BuildPlan,
		ObserveAndCheckUp,
		Judge,
	}
}

// Drift lists how `drift` compares the hosts with the inventory.
func Drift() []Stage {
	return []Stage{
		TolerateAll,
		FetchArtifacts,
		LoadKeys,
		Connect,
		NeedTrace,
		PreviewKeys,
		BuildPlan,
		Observe,
		Judge,
		NeedKeys,
	}
}

// Reset lists what comes before the first change that `reset` makes: its plan is to make hosts what
// they were before. confirm is asked when it is known what will go, and nothing is refused.
// Run.Apply carries the plan out.
func Reset(confirm func(*Run) error, deleteData bool) []Stage {
	return []Stage{
		MayReset,
		TolerateAll,
		ConnectLocked,
		FindOurs,
		JudgeReset,
		Refuse,
		BuildTeardown(deleteData),
		ObservePlan,
		KeepLead,
		Approve(confirm),
	}
}

// RemoveNode lists what comes before the first change that `remove-node` makes: its plan takes
// hosts out of a cluster that stays. confirm is asked when it is known what will go, and nothing is
// refused. Run.Apply carries the plan out.
func RemoveNode(leave Leave, confirm func(*Run) error) []Stage {
	return []Stage{
		LockState,
		LoadKeys,
		ConcernLeavers(leave),
		ProveDead,
		ConnectLocked,
		NeedRemains,
		FindOurs,
		JudgeReset,
		BuildRemoval,
		ObserveRemoval,
		JudgeRemoval,
		Refuse,
		KeepLead,
		Approve(confirm),
	}
}

// Upgrade lists what comes before the first change that `upgrade` makes: its plan is that of `up`,
// in an order in which a cluster may move to other versions. confirm is asked when it is known what
// will be done, and nothing is refused. Run.Apply carries the plan out.
func Upgrade(u Upgrading, confirm func(*Run) error, ignored []string) []Stage {
	return []Stage{
		LockState,
		FetchArtifacts,
		LoadKeys,
		ConcernUpgrade(u),
		ConcernAll,
		ConnectLocked,
		CheckFounding,
		NeedCluster,
		IssueKeys,
		BuildUpgrade,
		ObserveAndSurvey,
		AwaitAnswers,
		SpareNodes,
		OrderMembers,
		AwaitBudgets,
		KeepLead,
		Judge,
		Refuse,
		Approve(confirm),
		CheckHosts(ignored),
		KeepKeys,
	}
}

// PlanUpgrade lists how `upgrade --dry-run` finds out what `upgrade` would do and refuse.
func PlanUpgrade(u Upgrading) []Stage {
	return []Stage{
		FetchArtifacts,
		LoadKeys,
		ConcernUpgrade(u),
		ConcernAll,
		Connect,
		CheckFounding,
		NeedCluster,
		IssueKeys,
		BuildUpgrade,
		Observe,
		SpareNodes,
		OrderMembers,
		KeepLead,
		Judge,
	}
}

// PlanReset lists how `reset --dry-run` finds out what `reset` would do.
func PlanReset(deleteData bool) []Stage {
	return []Stage{
		MayReset,
		TolerateAll,
		Connect,
		FindOurs,
		JudgeReset,
		BuildTeardown(deleteData),
		ObservePlan,
		KeepLead,
	}
}

// Preflight lists how `preflight` checks the hosts; what fails is found, and no error.
func Preflight(ignored []string) []Stage {
	return []Stage{
		TolerateAll,
		FetchArtifacts,
		LoadKeys,
		Connect,
		PreviewKeys,
		BuildPlan,
		ObserveAndSurvey,
		Judge,
		ProbeHosts(ignored),
	}
}
