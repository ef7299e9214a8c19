package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/pulumi/pulumi/pkg/v3/resource/provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

// compatServer closes the gap between the generation of the Terraform provider and that of pulumi-aws: it supplies
// outputs that the newer package declares (see outputs.go) and warns of inputs that the provider does not know, which
// the bridge would drop without a word.
type compatServer struct {
	pulumirpc.ResourceProviderServer
	host   *provider.HostClient
	known  map[string]map[string]bool // resource token -> names of its properties
	named  map[string]string          // resource token -> the property that is auto-named, where there is one
	region atomic.Pointer[string]     // of the provider's configuration; nil before Configure
}

func newCompatServer(
	srv pulumirpc.ResourceProviderServer, host *provider.HostClient, prov info.Provider,
) pulumirpc.ResourceProviderServer {
	s := &compatServer{ResourceProviderServer: srv, host: host, known: map[string]map[string]bool{}, named: map[string]string{}}
	for name, r := range prov.Resources {
		res, ok := prov.P.ResourcesMap().GetOk(name)
		if !ok {
			continue
		}
		// "region" is an input of every resource since pulumi-aws 7; giving the configured one changes nothing.
		names := map[string]bool{"region": true}
		res.Schema().Range(func(key string, _ shim.Schema) bool {
			name := tfbridge.TerraformToPulumiNameV2(key, res.Schema(), r.Fields)
			names[name] = true
			if field := r.Fields[key]; field != nil && field.Default != nil && field.Default.AutoNamed {
				s.named[string(r.Tok)] = name
			}
			return true
		})
		s.known[string(r.Tok)] = names
	}
	return s
}

func (s *compatServer) Configure(
	ctx context.Context, req *pulumirpc.ConfigureRequest,
) (*pulumirpc.ConfigureResponse, error) {
	region := req.GetArgs().GetFields()["region"].GetStringValue()
	if region == "" {
		region = req.GetVariables()["aws:config:region"]
	}
	s.region.Store(&region)
	return s.ResourceProviderServer.Configure(ctx, req)
}

func (s *compatServer) Check(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	s.warnOfUnknown(ctx, req.GetUrn(), req.GetNews())
	resp, err := s.ResourceProviderServer.Check(ctx, req)
	if err == nil && len(resp.GetFailures()) == 0 {
		resp.Failures = unnamed(s.named[typeOf(req.GetUrn())], req, resp)
	}
	return resp, err
}

func (s *compatServer) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	resp, err := s.ResourceProviderServer.Create(ctx, req)
	if err == nil {
		s.complete(typeOf(req.GetUrn()), resp.GetProperties())
	}
	return resp, err
}

func (s *compatServer) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	resp, err := s.ResourceProviderServer.Update(ctx, req)
	if err == nil {
		s.complete(typeOf(req.GetUrn()), resp.GetProperties())
	}
	return resp, err
}

func (s *compatServer) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	resp, err := s.ResourceProviderServer.Read(ctx, req)
	if err == nil && resp.GetId() != "" {
		s.complete(typeOf(req.GetUrn()), resp.GetProperties())
	}
	return resp, err
}

func (s *compatServer) Invoke(ctx context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	resp, err := s.ResourceProviderServer.Invoke(ctx, req)
	if err == nil {
		s.complete(req.GetTok(), resp.GetReturn())
	}
	return resp, err
}

func (s *compatServer) complete(token string, outputs *structpb.Struct) {
	region := ""
	if known := s.region.Load(); known != nil {
		region = *known
	}
	completeOutputs(token, outputs, region)
}

// warnOfUnknown tells the user which inputs have no effect.
func (s *compatServer) warnOfUnknown(ctx context.Context, urn string, inputs *structpb.Struct) {
	unknown := unknownInputs(s.known[typeOf(urn)], inputs)
	if len(unknown) == 0 || s.host == nil {
		return
	}
	_ = s.host.Log(ctx, diag.Warning, resource.URN(urn), fmt.Sprintf(
		"ignored, because the Terraform AWS provider on this machine does not know it: %s", strings.Join(unknown, ", ")))
}

// unnamed refuses a resource that got no name. The bridge only logs it when the logical name is too long for a physical
// one, and Terraform then invents a name of its own.
func unnamed(property string, req *pulumirpc.CheckRequest, resp *pulumirpc.CheckResponse) []*pulumirpc.CheckFailure {
	_, named := resp.GetInputs().GetFields()[property]
	_, prefixed := req.GetNews().GetFields()[property+"Prefix"]
	if property == "" || named || prefixed {
		return nil
	}
	return []*pulumirpc.CheckFailure{{Property: property, Reason: fmt.Sprintf(
		"the resource is called %q, which with a random suffix is too long to be its name in AWS: give %q or a shorter name",
		resource.URN(req.GetUrn()).Name(), property)}}
}

// unknownInputs lists, sorted, the inputs that are not in known; nothing when known is nil (a type not of ours).
func unknownInputs(known map[string]bool, inputs *structpb.Struct) []string {
	var unknown []string
	for name := range inputs.GetFields() {
		if known != nil && !known[name] && !strings.HasPrefix(name, "__") {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

func typeOf(urn string) string {
	u := resource.URN(urn)
	if !u.IsValid() {
		return ""
	}
	return string(u.Type())
}
