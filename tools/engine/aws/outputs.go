package main

import "google.golang.org/protobuf/types/known/structpb"

// alias is an output of pulumi-aws that Terraform's older provider has under another name.
type alias struct{ to, from string }

var copied = map[string]alias{
	"aws:ecs/service:Service":                              {to: "arn", from: "id"},
	"aws:secretsmanager/secretVersion:SecretVersion":       {to: "secretArn", from: "arn"},
	"aws:secretsmanager/getSecretVersion:getSecretVersion": {to: "secretArn", from: "arn"},
	"aws:s3/bucket:Bucket":                                 {to: "bucketRegion", from: "region"},
	"aws:s3/getBucket:getBucket":                           {to: "bucketRegion", from: "region"},
	"aws:index/getRegion:getRegion":                        {to: "region", from: "name"},
}

// flattened lists data source outputs that are computed lists in Terraform and single objects in pulumi-aws. They are
// unwrapped here: with MaxItemsOne the bridge would send an empty list where Terraform wants null.
var flattened = map[string][]string{
	"aws:lb/getLoadBalancer:getLoadBalancer":  {"accessLogs"},
	"aws:alb/getLoadBalancer:getLoadBalancer": {"accessLogs"},
	"aws:lb/getTargetGroup:getTargetGroup":    {"healthCheck", "stickiness"},
	"aws:alb/getTargetGroup:getTargetGroup":   {"healthCheck", "stickiness"},
}

// completeOutputs adds to the outputs of token what pulumi-aws declares and the Terraform provider lacks; "region" to
// all of them, when it is known. What is there already stays.
func completeOutputs(token string, outputs *structpb.Struct, region string) {
	if outputs == nil || outputs.Fields == nil {
		return
	}
	if c, ok := copied[token]; ok {
		if v, has := outputs.Fields[c.from]; has && outputs.Fields[c.to] == nil {
			outputs.Fields[c.to] = v
		}
	}
	for _, name := range flattened[token] {
		if items := outputs.Fields[name].GetListValue().GetValues(); len(items) == 1 {
			outputs.Fields[name] = items[0]
		}
	}
	if _, has := outputs.Fields["region"]; !has && region != "" {
		outputs.Fields["region"] = structpb.NewStringValue(region)
	}
}
