package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// envProvider names the Terraform provider binary to run; no search is made when it is set.
const envProvider = "MIGRATABLE_AWS_TF_PROVIDER"

const binaryPrefix = "terraform-provider-aws"

// places is where a Terraform AWS provider is looked for.
type places struct {
	override string   // the value of envProvider
	folders  []string // plugin folders and mirrors, globs allowed, in order of preference
	onPath   func(string) (string, error)
}

// defaultPlaces lists Terraform's own plugin folders first, then mirrors (see README.md).
func defaultPlaces() places {
	home, _ := os.UserHomeDir()
	data := os.Getenv("XDG_DATA_HOME")
	if data == "" {
		data = filepath.Join(home, ".local", "share")
	}
	folders := []string{os.Getenv("TF_PLUGIN_CACHE_DIR")}
	folders = append(folders, configuredFolders(cliConfigFile(home))...)
	folders = append(folders,
		filepath.Join(".terraform", "providers"),
		filepath.Join(home, ".terraform.d", "plugins"),
		filepath.Join(home, ".terraform.d", "plugin-cache"),
		filepath.Join(data, "terraform", "plugins"),
		"/usr/local/share/terraform/plugins",
		"/usr/share/terraform/plugins",
		"/opt/*", // where images keep a mirror beside the distribution
	)
	return places{override: os.Getenv(envProvider), folders: folders, onPath: exec.LookPath}
}

// findProvider returns the absolute path of the provider binary to run: the override, else the newest version in the
// first folder that has one for this platform, else the one on PATH.
func findProvider(p places) (string, error) {
	if p.override != "" {
		if !isExecutable(p.override) {
			return "", fmt.Errorf("%s is %q, which is not an executable file: set it to a %s binary or unset it",
				envProvider, p.override, binaryPrefix)
		}
		return filepath.Abs(p.override)
	}
	var searched []string
	for _, folder := range p.folders {
		if folder == "" {
			continue
		}
		if found := newestIn(folder); found != "" {
			return filepath.Abs(found)
		}
		searched = append(searched, folder)
	}
	if found, err := p.onPath(binaryPrefix); err == nil {
		return filepath.Abs(found)
	}
	return "", fmt.Errorf("no Terraform AWS provider (%s*) for %s under %s, nor on PATH: run \"terraform init\" with "+
		"hashicorp/aws once, or set %s to the binary, or put the official pulumi-resource-aws on PATH",
		binaryPrefix, platform(), strings.Join(searched, ", "), envProvider)
}

// newestIn looks in Terraform's unpacked layout: <folder>/<registry host>/hashicorp/aws/<version>/<platform>/<binary>.
func newestIn(folder string) string {
	pattern := filepath.Join(folder, "*", "hashicorp", "aws", "*", platform(), binaryPrefix+"*")
	matches, _ := filepath.Glob(pattern)
	best := ""
	for _, m := range matches {
		if isExecutable(m) && (best == "" || newer(versionOf(m), versionOf(best))) {
			best = m
		}
	}
	return best
}

func versionOf(binary string) string { return filepath.Base(filepath.Dir(filepath.Dir(binary))) }

// newer compares dotted numbers; a pre-release counts as its release, which is enough to pick a folder.
func newer(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, y := leadingNumber(as[i]), leadingNumber(bs[i])
		if x != y {
			return x > y
		}
	}
	return len(as) > len(bs)
}

func leadingNumber(s string) int {
	n, _ := strconv.Atoi(regexp.MustCompile(`^\d*`).FindString(s))
	return n
}

// cliConfigFile is Terraform's own configuration file.
func cliConfigFile(home string) string {
	if file := os.Getenv("TF_CLI_CONFIG_FILE"); file != "" {
		return file
	}
	return filepath.Join(home, ".terraformrc")
}

var folderSetting = regexp.MustCompile(`(?m)^\s*(?:plugin_cache_dir|path)\s*=\s*"([^"]+)"`)

// configuredFolders returns the plugin cache and the file system mirrors that Terraform's configuration file names.
func configuredFolders(file string) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var folders []string
	for _, m := range folderSetting.FindAllStringSubmatch(string(text), -1) {
		folders = append(folders, os.ExpandEnv(m[1]))
	}
	return folders
}

func isExecutable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

func platform() string { return runtime.GOOS + "_" + runtime.GOARCH }
