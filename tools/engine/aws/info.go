package main

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

// member turns "ecs.TaskDefinition" into the token "aws:ecs/taskDefinition:TaskDefinition".
func member(dotted string) string {
	mod, name, _ := strings.Cut(dotted, ".")
	first := []rune(name)
	first[0] = unicode.ToLower(first[0])
	return fmt.Sprintf("%s:%s/%s:%s", packageName, mod, string(first), name)
}

// providerInfo describes to the bridge how Terraform's names and shapes become those of pulumi-aws.
func providerInfo(p shim.Provider) info.Provider {
	prov := info.Provider{
		P: p, Name: packageName, Version: packageVersion, ResourcePrefix: "aws",
		MetadataInfo: &info.Metadata{Path: "", Data: tfbridge.ProviderMetadata(nil)},
		Config:       configOverrides(),
		Resources:    map[string]*info.Resource{},
		DataSources:  map[string]*info.DataSource{},

		EnableAccuratePFBridgePreview: true,
	}
	p.ResourcesMap().Range(func(name string, res shim.Resource) bool {
		r := &info.Resource{Tok: tokens.Type(member(resourceTokens[name])), Fields: resourceFields(name)}
		r.DeleteBeforeReplace = deleteFirst[name]
		if docs := jsonDocuments[name]; len(docs) > 0 {
			r.PreCheckCallback = stringifyJSON(docs)
		}
		prov.Resources[name] = r
		return true
	})
	p.DataSourcesMap().Range(func(name string, _ shim.Resource) bool {
		prov.DataSources[name] = &info.DataSource{
			Tok: tokens.ModuleMember(member(functionTokens[name])), Fields: functionFields(name),
		}
		return true
	})
	prov.SetAutonaming(255, "-")
	return prov
}

// stringifyJSON lets documents such as IAM policies be given as objects, as pulumi-aws does.
func stringifyJSON(keys []resource.PropertyKey) info.PreCheckCallback {
	return func(_ context.Context, config, _ resource.PropertyMap) (resource.PropertyMap, error) {
		for _, k := range keys {
			v, ok := config[k]
			if !ok {
				continue
			}
			out, err := tfbridge.TransformJSONDocument(v)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			config[k] = out
		}
		return config, nil
	}
}
