package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// install copies this program into a folder, for a container of another image to run it from there.
func install(folder string) error {
	if err := copySelf(filepath.Join(folder, "ledger")); err != nil {
		return fmt.Errorf("the ledger could not be copied: %w", err)
	}
	return nil
}

// copySelf leaves either the whole program or none, however often it is repeated.
func copySelf(target string) error {
	own, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer own.Close()
	partial, err := os.CreateTemp(filepath.Dir(target), ".ledger-")
	if err != nil {
		return err
	}
	defer os.Remove(partial.Name())
	defer partial.Close()
	if _, err := io.Copy(partial, own); err != nil {
		return err
	}
	if err := partial.Chmod(0o755); err != nil {
		return err
	}
	if err := partial.Close(); err != nil {
		return err
	}
	return os.Rename(partial.Name(), target)
}
