package main

// mutation takes one safety measure out of the sources.
type mutation struct {
	what  string // is left out
	file  string
	old   string // must be there exactly once
	with  string
	tests string // a regular expression: those that must notice
}

const (
	everything = "^Test(Crash|Rollback|Converge)" // what the mutations are to be noticed by
	files      = "^TestCrashMatrix$/^laws$/^(file|link|dir)$"
	host       = "^TestCrash(Host|Lies)$"
	wrote      = "host/write.go"
	flush      = "host/flush.go"
)

var mutations = []mutation{
	{
		what: "the sync of a file before its rename", file: wrote, tests: files,
		old: "\tif err := r.files.Sync(r.Temp); err != nil {\n\t\treturn err\n\t}\n",
	},
	{
		what: "the sync of the directory after a rename", file: wrote, tests: files,
		old: "\treturn r.files.Sync(filepath.Dir(r.path))", with: "\treturn nil",
	},
	{
		what: "the rename: the file is written in place", file: wrote, tests: files,
		old: "\treturn r.files.Write(r.Temp, content, 0o600)",
		with: "\tif err := r.files.Write(r.path, content, 0o600); err != nil {\n\t\treturn err\n\t}\n" +
			"\treturn r.files.Write(r.Temp, content, 0o600)",
	},
	{
		what: "the removal of what a killed run has left next to a file", file: wrote, tests: files,
		old: "\tif err := f.clearTemps(path); err != nil {\n\t\treturn Replacement{}, err\n\t}\n",
	},
	{
		what: "the sync of the directory after a removal", file: wrote, tests: files,
		old: "\treturn f.Sync(filepath.Dir(path))", with: "\treturn nil",
	},
	{
		what: "the sync of the parent of a new directory", file: wrote, tests: files,
		old: "\treturn f.Sync(parent)", with: "\treturn nil",
	},
	{
		what: "the sync of a directory's own mode", file: "resource/dir.go", tests: files,
		old: "\treturn sys.Sync(path) // its owner and its mode", with: "\treturn nil",
	},
	{
		what: "the system call itself", file: "host/step.go", tests: "^TestCrashSyncIsReal$",
		old: "\t\treturn f.Sync()", with: "\t\treturn nil",
	},
	{
		what: "the sync of large files at the end", file: flush, tests: files,
		old: "\tif err := f.Sync(path); err != nil {\n\t\treturn err\n\t}\n",
	},
	{
		what: "the sync of what a killed run has written", file: flush, tests: files,
		old:  "err := f.Step(Step{Op: OpSync, Path: string(f.Root)}, func() error { syscall.Sync(); return nil })",
		with: "var err error\n\t_ = syscall.Sync",
	},
	{
		what: "the note that something is not on the disk yet", file: flush, tests: files,
		old: "\tif err := f.Write(f.Path(UnflushedMark), nil, 0o600); err != nil {\n\t\treturn err\n\t}\n",
	},
	{
		what: "the sync of what was put back, before its record goes", file: "resource/kinds/record.go", tests: files,
		old: "\tif err := sys.FlushSoFar(); err != nil {\n\t\treturn err\n\t}\n",
	},
	{
		what: "the sync of the directory of records after its removal", file: "resource/kinds/originals.go",
		tests: "^TestCrashMatrix$/^laws$/^originals$",
		old:   "\treturn sys.Sync(filepath.Dir(dir))", with: "\t_ = filepath.Dir\n\treturn nil",
	},
	{
		what: "the look at what records have left", file: "resource/kinds/originals.go",
		tests: "^TestCrashMatrix$/^laws$/^originals$",
		old:   "len(names) == 0 && sys.Exists(host.BeforeDir) {", with: "false {",
	},
	{
		what: "the record of what was there", file: "resource/kinds/record.go", tests: files,
		old: "\tif !Has(found, Recorded) {\n\t\treturn nil\n\t}\n", with: "\tif true {\n\t\treturn nil\n\t}\n",
	},
	{
		what: "the look at what was applied", file: "resource/kinds/apply.go", tests: host,
		old: "\tif resource.Changed(now, wanted) {\n", with: "\tif false {\n",
	},
	{
		what: "the new look at what comes after a change", file: "resource/converge/converge.go",
		tests: "^TestConverge",
		old:   "if t.all != nil && !t.changed {", with: "if t.all != nil {",
	},
	{
		what: "the restart of a process that is older than its configuration", file: "resource/service.go", tests: host,
		old: "return u.Runs() && configOf(sys, u.PID) == s.Config", with: "return u.Runs()",
	},
	{
		what: "the second pass of a rollback", file: "resource/converge/rollback.go", tests: "^TestRollback",
		old: "\tstart := forwards(ctx, sys, found, report)\n", with: "\tvar start error\n",
	},
	{
		what: "the question whether systemd knows that a cluster may be founded",
		file: "resource/member.go", tests: "^TestCrashMatrix$/^laws$/^(member|bootstrapped)$",
		old: "found.Absent = u.Stale(bootstrapDropIn(m.Unit), true)", with: "_ = u\n\t\tfound.Absent = false",
	},
	{
		what: "the question whether systemd knows that no cluster may be founded",
		file: "resource/bootstrapped.go", tests: "^TestCrashMatrix$/^laws$/^(member|bootstrapped)$",
		old:  "found.Allowed = slices.Contains(u.DropIns, bootstrapDropIn(b.Unit))",
		with: "found.Allowed = slices.Contains(u.DropIns, \"\")",
	},
	{
		what: "the removal of a group whose user is gone", file: "resource/user.go",
		tests: "^TestCrashMatrix$/^laws$/^user$",
		old:   "Absent: group == nil, OnlyGroup: group != nil}", with: "Absent: true}",
	},
	{
		what: "the removal of a half-written cache of sums", file: flush, tests: files,
		old: "f.Exists(SumsFile + \".new\")", with: "false && f.Exists(SumsFile)",
	},
}
