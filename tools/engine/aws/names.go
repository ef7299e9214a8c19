package main

import (
	"encoding/json"
	"io"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

// maxDepth ends the description of block types that contain themselves.
const maxDepth = 8

// property describes one property as a program sees it; the tests compare it with the pulumi_aws package.
type property struct {
	Terraform string               `json:"tf"`                 // Terraform's name
	Kind      string               `json:"kind"`               // scalar, list, map or object
	Required  bool                 `json:"required,omitempty"` // Terraform demands it
	Computed  bool                 `json:"computed,omitempty"` // an output only
	Default   bool                 `json:"default,omitempty"`  // we fill it in (auto-naming and the like)
	JSON      bool                 `json:"json,omitempty"`     // an object is accepted and sent as a JSON string
	Fields    map[string]*property `json:"fields,omitempty"`   // of an object, or of a list's or map's elements
}

// dumpNames writes all properties of the configuration and of every token as JSON.
func dumpNames(w io.Writer, prov info.Provider) error {
	resources, functions := map[string]any{}, map[string]any{}
	for name, r := range prov.Resources {
		s, _ := prov.P.ResourcesMap().GetOk(name)
		properties := completed(string(r.Tok), describe(s.Schema(), r.Fields, 0))
		for _, document := range jsonDocuments[name] {
			properties[string(document)].JSON = true
		}
		resources[string(r.Tok)] = properties
	}
	for name, d := range prov.DataSources {
		s, _ := prov.P.DataSourcesMap().GetOk(name)
		functions[string(d.Tok)] = completed(string(d.Tok), describe(s.Schema(), d.Fields, 0))
	}
	return json.NewEncoder(w).Encode(map[string]any{
		"config":    describe(prov.P.Schema(), prov.Config, 0),
		"resources": resources,
		"functions": functions,
	})
}

// completed adds what the compatibility server changes in the outputs of token (see outputs.go).
func completed(token string, properties map[string]*property) map[string]*property {
	add := func(name string) {
		if properties[name] == nil {
			properties[name] = &property{Kind: "scalar", Computed: true}
		}
	}
	add("region")
	if pair, ok := copied[token]; ok {
		add(pair.to)
	}
	for _, name := range flattened[token] {
		properties[name].Kind = "object"
	}
	return properties
}

func describe(m shim.SchemaMap, infos map[string]*info.Schema, depth int) map[string]*property {
	out := map[string]*property{}
	m.Range(func(key string, s shim.Schema) bool {
		i := infos[key]
		p := &property{
			Terraform: key,
			Required:  s.Required(),
			Computed:  s.Computed() && !s.Optional(),
			Default:   i != nil && i.Default != nil,
		}
		p.Kind, p.Fields = shapeOf(s, i, depth)
		out[tfbridge.TerraformToPulumiNameV2(key, m, infos)] = p
		return true
	})
	return out
}

func shapeOf(s shim.Schema, i *info.Schema, depth int) (kind string, fields map[string]*property) {
	nested := nestedFields(s, i, depth)
	one := tfbridge.IsMaxItemsOne(s, i)
	switch s.Type() {
	case shim.TypeList, shim.TypeSet:
		if !one {
			return "list", nested
		}
	case shim.TypeMap:
		if nested == nil {
			return "map", nil
		}
	default:
		return "scalar", nil
	}
	if nested == nil {
		return "scalar", nil
	}
	return "object", nested
}

func nestedFields(s shim.Schema, i *info.Schema, depth int) map[string]*property {
	elem := s.Elem()
	if e, ok := elem.(shim.Schema); ok && e.Type() == shim.TypeMap { // a list attribute of objects
		elem = e.Elem()
	}
	r, ok := elem.(shim.Resource)
	if !ok || depth >= maxDepth {
		return nil
	}
	var infos map[string]*info.Schema
	if i != nil {
		infos = i.Fields
		if i.Elem != nil {
			infos = i.Elem.Fields
		}
	}
	return describe(r.Schema(), infos, depth+1)
}
