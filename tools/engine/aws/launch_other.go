//go:build !linux

package main

import "syscall"

// dieWithParent: no other kernel offers it; there the child outlives a kill -9 of this process, and only that.
func dieWithParent() *syscall.SysProcAttr { return nil }
