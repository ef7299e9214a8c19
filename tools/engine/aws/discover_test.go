package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func providerIn(t *testing.T, folder, version string, mode os.FileMode) string {
	t.Helper()
	dir := filepath.Join(folder, "some.registry", "hashicorp", "aws", version, platform())
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, binaryPrefix+"_v"+version+"_x5")
	if err := os.WriteFile(file, nil, mode); err != nil {
		t.Fatal(err)
	}
	return file
}

func notOnPath(string) (string, error) { return "", errors.New("not found") }

func TestTheFirstFolderWithAProviderWins(t *testing.T) {
	empty, first, second := t.TempDir(), t.TempDir(), t.TempDir()
	want := providerIn(t, first, "5.1.0", 0o755)
	providerIn(t, second, "5.2.0", 0o755)
	got, err := findProvider(places{folders: []string{"", empty, first, second}, onPath: notOnPath})
	if err != nil || got != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

func TestTheNewestVersionInAFolderWins(t *testing.T) {
	folder := t.TempDir()
	providerIn(t, folder, "5.99.1", 0o755)
	want := providerIn(t, folder, "5.100.0", 0o755) // later as a number, earlier as text
	providerIn(t, folder, "5.9.0", 0o755)
	providerIn(t, folder, "6.0.0", 0o644) // not executable
	got, err := findProvider(places{folders: []string{folder}, onPath: notOnPath})
	if err != nil || got != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

func TestFoldersMayBeGlobs(t *testing.T) {
	parent := t.TempDir()
	want := providerIn(t, filepath.Join(parent, "mirror"), "5.100.0", 0o755)
	got, err := findProvider(places{folders: []string{filepath.Join(parent, "*")}, onPath: notOnPath})
	if err != nil || got != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

func TestTheOverrideWinsOverAnyFolder(t *testing.T) {
	folder := t.TempDir()
	providerIn(t, folder, "5.100.0", 0o755)
	want := providerIn(t, t.TempDir(), "5.0.0", 0o755)
	got, err := findProvider(places{override: want, folders: []string{folder}, onPath: notOnPath})
	if err != nil || got != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

func TestAWrongOverrideIsNamedAndNothingElseIsUsed(t *testing.T) {
	folder := t.TempDir()
	providerIn(t, folder, "5.100.0", 0o755)
	_, err := findProvider(places{override: "/does/not/exist", folders: []string{folder}, onPath: notOnPath})
	if err == nil || !strings.Contains(err.Error(), envProvider) || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Fatalf("got %v", err)
	}
}

func TestNoProviderAtAllSaysWhatToDo(t *testing.T) {
	folder := t.TempDir()
	_, err := findProvider(places{folders: []string{folder}, onPath: notOnPath})
	if err == nil || !strings.Contains(err.Error(), folder) || !strings.Contains(err.Error(), envProvider) {
		t.Fatalf("got %v", err)
	}
}

func TestFoldersOfTerraformsConfigurationFileAreRead(t *testing.T) {
	t.Setenv("MIRRORS", "/srv")
	file := filepath.Join(t.TempDir(), "terraformrc")
	text := "plugin_cache_dir = \"/cache\"\nprovider_installation {\n  filesystem_mirror {\n" +
		"    path    = \"$MIRRORS/mirror\"\n  }\n}\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(configuredFolders(file), " "); got != "/cache /srv/mirror" {
		t.Fatalf("got %q", got)
	}
}
