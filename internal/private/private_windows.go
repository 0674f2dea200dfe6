package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

// What an entry may allow: to read what is in a file, and to change or replace it.
const (
	reads  = windows.GENERIC_ALL | windows.GENERIC_READ | windows.FILE_READ_DATA
	writes = windows.GENERIC_ALL | windows.GENERIC_WRITE | windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA |
		windows.DELETE | windows.WRITE_DAC | windows.WRITE_OWNER
)

// look reads the access control list: modes say nothing in Windows. The system and administrators
// can do everything, and own what an elevated shell makes.
func look(path string, _ fs.FileInfo) (Access, error) {
	self, err := thisUser()
	if err != nil {
		return Access{}, err
	}
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return Access{}, fmt.Errorf("who can use %s: %w", path, err)
	}
	return judge(sd, self)
}

// judge reads a security descriptor as look does.
func judge(sd *windows.SECURITY_DESCRIPTOR, self *windows.SID) (Access, error) {
	a := Access{Self: nameOf(self)}
	owner, _, err := sd.Owner()
	if err != nil {
		return a, fmt.Errorf("owner: %w", err)
	}
	if !isTrusted(owner, self) {
		a.Owner = nameOf(owner)
	}
	list, _, err := sd.DACL()
	if errors.Is(err, windows.ERROR_OBJECT_NOT_FOUND) || err == nil && list == nil {
		a.Read, a.Write = "no access control list", "no access control list"
		return a, nil
	}
	if err != nil {
		return a, fmt.Errorf("access control list: %w", err)
	}
	for i := range uint32(list.AceCount) {
		var entry *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &entry); err != nil {
			return a, fmt.Errorf("access control list: %w", err)
		}
		if entry.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE ||
			entry.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 {
			continue
		}
		who := (*windows.SID)(unsafe.Pointer(&entry.SidStart)) // the entry ends with it
		if isTrusted(who, self) {
			continue
		}
		why := "an entry for " + nameOf(who)
		if entry.Mask&(reads|writes) != 0 && a.Read == "" {
			a.Read = why
		}
		if entry.Mask&writes != 0 && a.Write == "" {
			a.Write = why
		}
	}
	return a, nil
}

func isTrusted(who, self *windows.SID) bool {
	return who.Equals(self) || who.IsWellKnown(windows.WinLocalSystemSid) ||
		who.IsWellKnown(windows.WinBuiltinAdministratorsSid) || who.IsWellKnown(windows.WinCreatorOwnerRightsSid)
}

func nameOf(who *windows.SID) string {
	if account, domain, _, err := who.LookupAccount(""); err == nil {
		if domain == "" {
			return account
		}
		return domain + `\` + account
	}
	return who.String()
}

func thisUser() (*windows.SID, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, fmt.Errorf("who this user is: %w", err)
	}
	return user.User.Sid, nil
}

// MkdirAll makes a directory that only this user, the system and administrators may enter, with all
// that will be in it, and those above it where they are missing.
func MkdirAll(dir string) error {
	if _, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(dir, 0o700) // which says what is wrong, if anything is
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	self, err := thisUser()
	if err != nil {
		return err
	}
	sd, err := windows.SecurityDescriptorFromString(
		"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" + self.String() + ")")
	if err != nil {
		return fmt.Errorf("access control list: %w", err)
	}
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return &fs.PathError{Op: "mkdir", Path: dir, Err: err}
	}
	attributes := windows.SecurityAttributes{SecurityDescriptor: sd}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	if err := windows.CreateDirectory(name, &attributes); err != nil && !errors.Is(err, fs.ErrExist) {
		return &fs.PathError{Op: "mkdir", Path: dir, Err: err}
	}
	return nil
}

// icacls is the command that replaces the access control list of a path.
func icacls(path, rights string) string {
	user := os.Getenv("USERDOMAIN") + `\` + os.Getenv("USERNAME")
	return fmt.Sprintf(`icacls "%s" /inheritance:r /grant:r "%s:%s"`, path, user, rights)
}

// Own is the command that gives all below a path to this user.
func Own(path string) string { return fmt.Sprintf(`takeown /r /f "%s"`, path) }

// Close is the command that leaves a file to this user alone.
func Close(path string) string { return icacls(path, "F") }

// CloseAll is the command that does so for a directory and all below it.
func CloseAll(dir string) string { return icacls(dir, "(OI)(CI)F") + " /t" }

// StopWriting is the command that keeps others from writing to a file.
func StopWriting(path string) string { return Close(path) }

// StopWritingAll is the command that does so for a directory and all below it.
func StopWritingAll(dir string) string { return CloseAll(dir) }

// Remove is the command that removes a directory and all below it.
func Remove(dir string) string { return fmt.Sprintf(`rmdir /s "%s"`, dir) }
