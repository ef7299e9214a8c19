package main

import "syscall"

// dieWithParent has the kernel kill the child when this process ends in any way, kill -9 included.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
