package main

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
)

type fields = map[string]*info.Schema

// renamed gives the property a name other than the inferred one, and keeps its shape.
func renamed(name string) *info.Schema { return &info.Schema{Name: name} }

// listOf is a list although Terraform allows one block only.
func listOf(name string) *info.Schema {
	return &info.Schema{Name: name, MaxItemsOne: tfbridge.False()}
}

// single is one object although Terraform has a list of blocks.
func single(name string) *info.Schema {
	return &info.Schema{Name: name, MaxItemsOne: tfbridge.True()}
}

// nested describes the fields of a block.
func nested(f fields) *info.Schema { return &info.Schema{Elem: &info.Schema{Fields: f}} }

// configOverrides is resourceFields for the provider's own configuration.
func configOverrides() fields {
	return fields{
		"default_tags":                  single("defaultTags"),
		"ignore_tags":                   single("ignoreTags"),
		"assume_role_with_web_identity": single("assumeRoleWithWebIdentity"),
		"region":                        {Default: &info.Default{EnvVars: []string{"AWS_REGION", "AWS_DEFAULT_REGION"}}},
		"skip_credentials_validation":   {Default: &info.Default{Value: false}},
		"skip_region_validation":        {Default: &info.Default{Value: true}},
	}
}

// resourceFields holds what pulumi-aws names, shapes or auto-names differently from the bridge's own inference.
// Everything else that has an input called "name" is auto-named by SetAutonaming.
func resourceFields(tf string) fields {
	switch tf {
	case "aws_lb", "aws_alb", "aws_lb_target_group", "aws_alb_target_group":
		return fields{"name": tfbridge.AutoName("name", 32, "-")}
	case "aws_iam_role":
		return fields{"name": tfbridge.AutoName("name", 64, "-")}
	case "aws_iam_instance_profile", "aws_iam_policy", "aws_iam_role_policy":
		return fields{"name": tfbridge.AutoName("name", 128, "-")}
	case "aws_security_group", "aws_default_security_group", "aws_network_acl":
		return fields{"ingress": renamed("ingress"), "egress": renamed("egress")}
	case "aws_cloudwatch_log_subscription_filter":
		return fields{"log_group_name": renamed("logGroup")}
	case "aws_cloudwatch_metric_alarm":
		return fields{"alarm_name": tfbridge.AutoName("name", 255, "-")}
	case "aws_route53_record":
		return fields{
			"name":                       renamed("name"),
			"alias":                      listOf("aliases"),
			"failover_routing_policy":    listOf("failoverRoutingPolicies"),
			"geolocation_routing_policy": listOf("geolocationRoutingPolicies"),
			"latency_routing_policy":     listOf("latencyRoutingPolicies"),
			"weighted_routing_policy":    listOf("weightedRoutingPolicies"),
		}
	case "aws_sns_topic_subscription":
		return fields{"topic_arn": renamed("topic")}
	case "aws_sqs_queue", "aws_sns_topic":
		return fields{"name": fifoName()}
	case "aws_ecs_service":
		return fields{"service_connect_configuration": nested(fields{
			"service": nested(fields{"client_alias": listOf("clientAlias")}),
		})}
	case "aws_efs_file_system":
		return fields{"creation_token": tfbridge.AutoName("creationToken", 255, "-")}
	case "aws_kms_alias":
		return fields{"name": tfbridge.AutoNameWithCustomOptions("name", tfbridge.AutoNameOptions{
			Separator: "-", Maxlen: 238, Randlen: 7,
			PostTransform: func(_ *tfbridge.PulumiResource, n string) (string, error) {
				return "alias/" + strings.TrimPrefix(n, "alias/"), nil
			},
		})}
	case "aws_db_instance":
		return fields{"identifier": tfbridge.AutoNameWithCustomOptions("identifier",
			tfbridge.AutoNameOptions{Maxlen: 255, Randlen: 7})}
	case "aws_s3_bucket":
		return fields{"bucket": tfbridge.AutoNameTransform("bucket", 63, strings.ToLower)}
	case "aws_s3_bucket_lifecycle_configuration":
		return fields{"rule": nested(fields{
			"abort_incomplete_multipart_upload": single("abortIncompleteMultipartUpload"),
			"expiration":                        single("expiration"),
			"filter":                            {Name: "filter", MaxItemsOne: tfbridge.True(), Elem: &info.Schema{Fields: fields{"and": single("and"), "tag": single("tag")}}},
			"noncurrent_version_expiration":     single("noncurrentVersionExpiration"),
		})}
	}
	return nil
}

// fifoName auto-names queues and topics, which must end in ".fifo" when they are first-in-first-out.
func fifoName() *info.Schema {
	return tfbridge.AutoNameWithCustomOptions("name", tfbridge.AutoNameOptions{
		Separator: "-", Maxlen: 75, Randlen: 7,
		PostTransform: func(res *tfbridge.PulumiResource, n string) (string, error) {
			for _, k := range []resource.PropertyKey{"fifoQueue", "fifoTopic"} {
				if v, ok := res.Properties[k]; ok && v.IsBool() && v.BoolValue() {
					return n + ".fifo", nil
				}
			}
			return n, nil
		},
	})
}

// functionFields is resourceFields for data sources.
func functionFields(tf string) fields {
	switch tf {
	case "aws_lb", "aws_alb":
		return fields{"access_logs": renamed("accessLogs")}
	case "aws_lb_target_group", "aws_alb_target_group":
		return fields{"health_check": renamed("healthCheck"), "stickiness": renamed("stickiness")}
	case "aws_ecr_lifecycle_policy_document":
		return fields{"rule": nested(fields{"action": single("action"), "selection": single("selection")})}
	}
	return nil
}

// jsonDocuments lists properties pulumi-aws accepts either as a JSON string or as an object.
var jsonDocuments = map[string][]resource.PropertyKey{
	"aws_ecr_lifecycle_policy":  {"policy"},
	"aws_ecr_repository_policy": {"policy"},
	"aws_iam_policy":            {"policy"},
	"aws_iam_role":              {"assumeRolePolicy"},
	"aws_iam_role_policy":       {"policy"},
	"aws_s3_bucket":             {"policy"},
	"aws_s3_bucket_policy":      {"policy"},
	"aws_sns_topic_policy":      {"policy"},
	"aws_sqs_queue_policy":      {"policy"},
}

// deleteFirst lists resources whose replacement must delete before creating: the pair would be the same object.
var deleteFirst = map[string]bool{
	"aws_ecr_lifecycle_policy":       true,
	"aws_efs_mount_target":           true,
	"aws_iam_role_policy_attachment": true,
	"aws_security_group_rule":        true,
	"aws_appautoscaling_policy":      true,
}
