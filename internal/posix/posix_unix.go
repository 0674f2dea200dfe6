//go:build unix

package posix

import (
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// NoFollow are the flags to open a file with that follow no link, and do not wait for the other end
// of a pipe.
const NoFollow = unix.O_NOFOLLOW | unix.O_NONBLOCK

// SIGSTOP stops a process, which cannot handle it.
const SIGSTOP = syscall.SIGSTOP

func statOf(info fs.FileInfo) (Stat, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Stat{}, false
	}
	return Stat{int(s.Uid), int(s.Gid), uint64(s.Nlink)}, true //nolint:unconvert // the type differs between systems
}

// Kill signals a process, or a group if the number is negative.
func Kill(pid int, signal syscall.Signal) error { return syscall.Kill(pid, signal) }

// Sync writes all that is in memory to the disks.
func Sync() error {
	syscall.Sync()
	return nil
}

// Umask sets what the modes of new files lack.
func Umask(mask int) { syscall.Umask(mask) }

// SetNiceness sets the priority of a process or, in Linux, of a thread.
func SetNiceness(id, niceness int) error {
	return syscall.Setpriority(syscall.PRIO_PROCESS, id, niceness)
}

// Uptime is the time by the monotonic clock, which in Linux begins with the boot.
func Uptime() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return 0 // no Linux is without this clock
	}
	return time.Duration(now.Nano())
}

// TryLock takes the lock of an open file by flock; the error is EWOULDBLOCK if another has it.
func TryLock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

// LockHolder returns the process that has a lock of the file by fcntl, and false if none has.
func LockHolder(f *os.File) (pid int, held bool) {
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock)
	return int(lock.Pid), err == nil && lock.Type != unix.F_UNLCK
}
