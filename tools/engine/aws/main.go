// Command pulumi-resource-aws serves the part of Pulumi's package "aws" that an ECS service and its surroundings need,
// by bridging a Terraform AWS provider that is already on this machine. It needs no network of its own.
//
// It is the last resort of scripts/setup: where the official plugin can be had, that one is used.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/pulumi/pulumi/pkg/v3/resource/provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/proto"
	pfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
)

const (
	packageName    = "aws"
	packageVersion = "7.51.1" // of the pulumi_aws Python package this plugin stands in for
)

// request is what the command line asks for besides serving.
type request struct {
	version      bool // print the version
	findProvider bool // print the Terraform provider's path
	dumpNames    bool // print the bridged property names as JSON
}

func init() {
	// The kernel ends the Terraform process with the thread that started it (see launch_linux.go). Locked here,
	// main runs on the process's first thread, which lives as long as the process.
	runtime.LockOSThread()
}

func main() {
	if err := run(parseRequest(os.Args[1:]), os.Stdout); err != nil {
		cmdutil.ExitError(err.Error())
	}
}

func run(req request, out io.Writer) error {
	if req.version {
		_, err := fmt.Fprintln(out, packageVersion)
		return err
	}
	binary, err := findProvider(defaultPlaces())
	if err != nil {
		return err
	}
	if req.findProvider {
		_, err = fmt.Fprintln(out, binary)
		return err
	}

	ctx, child, err := launchWithLifetime(binary)
	if err != nil {
		return err
	}
	defer child.Kill()
	tf, err := terraformServer(ctx, child, binary)
	if err != nil {
		return err
	}
	info := providerInfo(proto.New(ctx, tf))
	if req.dumpNames {
		return dumpNames(out, info)
	}

	meta := pfbridge.ProviderMetadata{
		XGetSchema: func(context.Context, plugin.GetSchemaRequest) ([]byte, error) {
			return json.Marshal(map[string]any{"name": packageName, "version": packageVersion})
		},
	}
	return provider.MainContext(ctx, packageName,
		func(host *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
			srv, err := pfbridge.NewProviderServer(ctx, host, info, meta)
			if err != nil {
				return nil, err
			}
			return newCompatServer(srv, host, info), nil
		})
}

// parseRequest reads our own flags; those of the engine (-tracing, …) are left to provider.MainContext.
func parseRequest(args []string) request {
	var req request
	fs := flag.NewFlagSet("pulumi-resource-aws", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.BoolVar(&req.version, "version", false, "print the version and exit")
	fs.BoolVar(&req.findProvider, "find-provider", false, "print the path of the Terraform provider and exit")
	fs.BoolVar(&req.dumpNames, "dump-names", false, "print the bridged property names as JSON and exit")
	_ = fs.Parse(args)
	return req
}
