// Package agentsocket connects to the SSH agent of this machine, wherever its system has it. Start
// at Dial.
package agentsocket
