package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-mux/tf5to6server"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/internal/shim/protov5"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/vendored/tfplugin5"
)

// terraformServer connects to the started provider and presents it in version 6 of the protocol, as the bridge wants it.
func terraformServer(ctx context.Context, child *goplugin.Client, binary string) (tfprotov6.ProviderServer, error) {
	rpc, err := child.Client()
	if err != nil {
		return nil, fmt.Errorf("the Terraform provider %s does not answer: %w", binary, err)
	}
	raw, err := rpc.Dispense("provider")
	if err != nil {
		return nil, fmt.Errorf("the Terraform provider %s does not speak plugin protocol 5: %w", binary, err)
	}
	client := &subsetClient{ProviderClient: raw.(tfplugin5.ProviderClient), cacheFile: schemaCacheFile(binary)}
	return tf5to6server.UpgradeServer(ctx, func() tfprotov5.ProviderServer { return protov5.New(client) })
}

// subsetClient hides every resource type and data source that has no Pulumi token here, so that the bridge builds only
// what it serves, and keeps that part of the schema on disk: asking the provider for all of it takes a second.
type subsetClient struct {
	tfplugin5.ProviderClient
	cacheFile string // empty: no cache
}

// GetSchema answers from disk when it can. Providers that set get_provider_schema_optional allow that.
func (c *subsetClient) GetSchema(
	ctx context.Context, req *tfplugin5.GetProviderSchema_Request, opts ...grpc.CallOption,
) (*tfplugin5.GetProviderSchema_Response, error) {
	if kept := readSchema(c.cacheFile); kept != nil {
		return kept, nil
	}
	// The whole schema of the AWS provider is larger than gRPC's usual limit of 4 MB.
	resp, err := c.ProviderClient.GetSchema(ctx, req, append(opts, grpc.MaxCallRecvMsgSize(64<<20))...)
	if err != nil {
		return nil, err
	}
	keepOnly(resp.ResourceSchemas, resourceTokens)
	keepOnly(resp.DataSourceSchemas, functionTokens)
	clear(resp.EphemeralResourceSchemas)
	clear(resp.Functions)
	if resp.GetServerCapabilities().GetGetProviderSchemaOptional() && len(resp.GetDiagnostics()) == 0 {
		writeSchema(c.cacheFile, resp)
	}
	return resp, nil
}

func keepOnly[V any](schemas map[string]V, tokens map[string]string) {
	for name := range schemas {
		if _, ok := tokens[name]; !ok {
			delete(schemas, name)
		}
	}
}

// schemaCacheFile is named after everything the kept schema depends on: the provider binary (path, size, time) and the
// names served by this program.
func schemaCacheFile(binary string) string {
	base := os.Getenv("MIGRATABLE_CACHE")
	if base == "" {
		user := os.Getenv("XDG_CACHE_HOME")
		if user == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return ""
			}
			user = filepath.Join(home, ".cache") // the same folder on every system, as scripts/setup has it
		}
		base = filepath.Join(user, "migratable-ecs")
	}
	info, err := os.Stat(binary)
	if err != nil {
		return ""
	}
	key := fmt.Sprint(binary, info.Size(), info.ModTime().UnixNano(), resourceTokens, functionTokens)
	return filepath.Join(base, "engine", fmt.Sprintf("aws-schema-%x", sha256.Sum256([]byte(key)))[:32])
}

func readSchema(file string) *tfplugin5.GetProviderSchema_Response {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	resp := &tfplugin5.GetProviderSchema_Response{}
	if proto.Unmarshal(data, resp) != nil || len(resp.GetResourceSchemas()) == 0 {
		return nil
	}
	return resp
}

// writeSchema keeps the schema when it can; without it the next start only takes longer.
func writeSchema(file string, resp *tfplugin5.GetProviderSchema_Response) {
	data, err := proto.Marshal(resp)
	if err != nil || file == "" || os.MkdirAll(filepath.Dir(file), 0o755) != nil {
		return
	}
	unfinished, err := os.CreateTemp(filepath.Dir(file), ".aws-schema-")
	if err != nil {
		return
	}
	defer os.Remove(unfinished.Name())
	_, err = unfinished.Write(data)
	if unfinished.Close() == nil && err == nil {
		_ = os.Rename(unfinished.Name(), file)
	}
}
