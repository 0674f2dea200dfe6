package report

import "kbootstrap/fault"

// Error is one thing that went wrong.
type Error struct {
	// The code of the fault, such as "KB2104"; `kbootstrap explain` has more about it. Absent if
	// there is none.
	Code string `json:"code,omitempty"`
	// The path to the cause, such as "m1: etcd: write /etc/x: no space left on device".
	Message string `json:"message"`
	// What to do about it, if that is known.
	Hint string `json:"hint,omitempty"`
	// The host where it happened.
	Host string `json:"host,omitempty"`
	// The component, or the stage of the run, such as "connect".
	Component string `json:"component,omitempty"`
	// Of an error in one of the user's files: the path of the file.
	File string `json:"file,omitempty"`
	// The line in that file; the first is 1.
	Line int `json:"line,omitempty"`
	// The column in that line; the first is 1.
	Column int `json:"column,omitempty"`
}

// Errors are the single errors that an error of a run consists of: one for each failure on a host,
// and for each problem of an inventory. An error without a text, which is only an exit code, is
// none.
func Errors(err error) []Error {
	if err == nil || err.Error() == "" {
		return nil
	}
	var all []Error
	for _, part := range fault.Parts(err) {
		all = append(all, single(part))
	}
	return all
}

func single(err error) Error {
	at := fault.PlaceOf(err)
	return Error{
		Code: string(fault.OfLocal(err)), Message: err.Error(), Hint: fault.HintOfLocal(err),
		Host: at.Host, Component: at.Component, File: at.File, Line: at.Line, Column: at.Column,
	}
}
