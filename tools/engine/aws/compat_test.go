package main

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"
)

func outputs(t *testing.T, fields map[string]any) *structpb.Struct {
	t.Helper()
	s, err := structpb.NewStruct(fields)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryOutputGetsTheConfiguredRegion(t *testing.T) {
	s := outputs(t, map[string]any{"id": "x"})
	completeOutputs("aws:ecs/cluster:Cluster", s, "ap-northeast-1")
	if got := s.Fields["region"].GetStringValue(); got != "ap-northeast-1" {
		t.Fatalf("got %q", got)
	}
}

func TestAnOutputThatIsThereStays(t *testing.T) {
	s := outputs(t, map[string]any{"id": "one", "arn": "two", "region": "eu-west-1"})
	completeOutputs("aws:ecs/service:Service", s, "ap-northeast-1")
	if s.Fields["arn"].GetStringValue() != "two" || s.Fields["region"].GetStringValue() != "eu-west-1" {
		t.Fatalf("got %v", s)
	}
}

func TestAServicesArnIsItsId(t *testing.T) {
	s := outputs(t, map[string]any{"id": "arn:aws:ecs:x"})
	completeOutputs("aws:ecs/service:Service", s, "")
	if s.Fields["arn"].GetStringValue() != "arn:aws:ecs:x" || s.Fields["region"] != nil {
		t.Fatalf("got %v", s)
	}
}

func TestAListOfOneBecomesTheObjectThePackageDeclares(t *testing.T) {
	s := outputs(t, map[string]any{"healthCheck": []any{map[string]any{"path": "/healthz"}}})
	completeOutputs("aws:lb/getTargetGroup:getTargetGroup", s, "")
	if got := s.Fields["healthCheck"].GetStructValue().GetFields()["path"].GetStringValue(); got != "/healthz" {
		t.Fatalf("got %v", s)
	}
}

func TestUnknownInputsAreNamedInOrder(t *testing.T) {
	in := outputs(t, map[string]any{"name": "a", "zeta": 1, "alpha": 2, "__defaults": []any{}})
	if got := strings.Join(unknownInputs(map[string]bool{"name": true}, in), " "); got != "alpha zeta" {
		t.Fatalf("got %q", got)
	}
	if got := unknownInputs(nil, in); got != nil {
		t.Fatalf("a type that is not ours must not warn, got %v", got)
	}
}

func TestTokensFollowPulumisForm(t *testing.T) {
	if got := member("ecs.TaskDefinition"); got != "aws:ecs/taskDefinition:TaskDefinition" {
		t.Fatalf("got %q", got)
	}
}
