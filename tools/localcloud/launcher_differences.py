"""Every way in which MiniStack is not AWS that the launcher puts right, in one place."""

from __future__ import annotations

from dataclasses import dataclass

_ECS = "https://docs.aws.amazon.com/AmazonECS/latest"


@dataclass(frozen=True)
class Difference:
    """One way in which MiniStack is not AWS.

    Attributes:
        name: short name.
        documented: what AWS does.
        source: AWS's page.
        by: where the launcher puts it right.
        test: the test that fails without it, in tests/integration/test_launcher_*.py or contract/.
    """

    name: str
    documented: str
    source: str
    by: str
    test: str


def _difference(name: str, documented: str, page: str, *, by: str, test: str) -> Difference:
    return Difference(name, documented, page if page.startswith("https:") else f"{_ECS}/{page}", by, test)


_CONTAINER = "APIReference/API_ContainerDefinition.html"
_LIFECYCLE = "developerguide/task-lifecycle-explanation.html"
_REASONS = "developerguide/stopped-task-error-codes.html"
_BREAKER = "developerguide/deployment-circuit-breaker.html"

DIFFERENCES = (
    _difference(
        "entry_point",
        "entryPoint replaces the image's",
        _CONTAINER,
        by="launcher_containers.docker_spec",
        test="test_entry_point_replaces_the_image_s",
    ),
    _difference(
        "user",
        "user sets the user and group inside",
        _CONTAINER,
        by="launcher_containers.docker_spec",
        test="test_user_sets_user_and_group",
    ),
    _difference(
        "working_directory",
        "workingDirectory is where the command runs",
        _CONTAINER,
        by="launcher_containers.docker_spec",
        test="test_working_directory_is_where_the_command_runs",
    ),
    _difference(
        "memory",
        "a container above its hard limit is killed: exit 137, OutOfMemoryError",
        _CONTAINER,
        by="launcher_containers.docker_host, launcher_task.TaskRun",
        test="test_memory_above_the_limit_is_killed_with_137_and_a_reason",
    ),
    _difference(
        "readonly_root",
        "readonlyRootFilesystem mounts the root read-only",
        _CONTAINER,
        by="launcher_containers.docker_host",
        test="test_readonly_root_refuses_writes",
    ),
    _difference(
        "ulimits",
        "ulimits are set in the container",
        _CONTAINER,
        by="launcher_containers.docker_host",
        test="test_ulimits_are_set",
    ),
    _difference(
        "linux_parameters",
        "initProcessEnabled and tmpfs are honoured",
        "APIReference/API_LinuxParameters.html",
        by="launcher_containers.docker_host",
        test="test_linux_parameters_give_an_init_process_and_tmpfs",
    ),
    _difference(
        "task_volumes",
        "a volume without host path is shared by the task's containers and ends with it",
        "developerguide/bind-mounts.html",
        by="launcher_task.TaskRun",
        test="test_task_volumes_are_shared_by_the_containers_and_end_with_the_task",
    ),
    _difference(
        "shared_network",
        "containers of an awsvpc task share localhost",
        "developerguide/task-networking-awsvpc.html",
        by="launcher_containers.network_owner",
        test="test_containers_of_an_awsvpc_task_share_localhost",
    ),
    _difference(
        "depends_on",
        "START, COMPLETE, SUCCESS and HEALTHY order the start; one that cannot be met ends it",
        "APIReference/API_ContainerDependency.html",
        by="launcher_containers.verdict",
        test="test_a_failed_init_container_stops_the_task_before_the_application_starts",
    ),
    _difference(
        "health_check",
        "healthCheck sets healthStatus",
        "APIReference/API_HealthCheck.html",
        by="launcher_tasks.Tasks.watch_health",
        test="test_healthy_waits_for_the_health_check",
    ),
    _difference(
        "stop_task",
        "SIGTERM, then SIGKILL after stopTimeout; STOPPED when the containers have stopped",
        "APIReference/API_StopTask.html",
        by="launcher_task.TaskRun",
        test="test_stop_task_waits_for_the_container_and_gives_its_exit_code",
    ),
    _difference(
        "sidecars",
        "an essential container's end stops the others",
        _CONTAINER,
        by="launcher_task.TaskRun",
        test="test_sidecars_stop_with_the_essential_container",
    ),
    _difference(
        "task_states",
        "states and their times are set one after the other",
        _LIFECYCLE,
        by="launcher_task.TaskRun",
        test="test_a_task_passes_through_its_states_with_their_times",
    ),
    _difference(
        "client_token",
        "the same token gives the same task, with other parameters ConflictException",
        "APIReference/ECS_Idempotency.html",
        by="launcher_tasks.Tasks.run_task",
        test="test_the_same_token_and_parameters_give_the_same_task",
    ),
    _difference(
        "client_token_of_a_stopped_task",
        "a repeated request tells of a stopped task its ARN and lastStatus only",
        "APIReference/ECS_Idempotency.html",
        by="launcher_tasks.Tasks.run_task",
        test="test_a_token_still_gives_its_task_when_that_has_stopped",
    ),
    _difference(
        "client_token_scope",
        "a token holds within its cluster",
        "APIReference/ECS_Idempotency.html",
        by="launcher_tasks.Tasks.run_task",
        test="test_a_token_holds_within_its_cluster",
    ),
    _difference(
        "request_limits",
        "startedBy, clientToken and overrides have a form and a length",
        "APIReference/API_RunTask.html",
        by="launcher_limits.run_task",
        test="test_starter_and_token_have_their_limits",
    ),
    _difference(
        "describe_limit",
        "DescribeTasks takes 1 to 100 tasks and shows tags only when asked for",
        "APIReference/API_DescribeTasks.html",
        by="launcher_limits.describe_tasks, launcher_tasks.Tasks.describe_tasks",
        test="test_1_to_100_tasks_can_be_described_at_once",
    ),
    _difference(
        "list_filters",
        "startedBy is the only filter; a page has 1 to 100 tasks",
        "APIReference/API_ListTasks.html",
        by="launcher_limits.list_tasks",
        test="test_the_starter_is_combined_with_no_other_filter",
    ),
    _difference(
        "task_group",
        "the group is family:FAMILY unless given",
        "APIReference/API_RunTask.html",
        by="launcher_tasks._with_defaults",
        test="test_a_task_tells_what_it_was_started_from",
    ),
    _difference(
        "propagated_tags",
        "propagateTags TASK_DEFINITION gives the task its definition's tags",
        "APIReference/API_RunTask.html",
        by="launcher_tasks._with_defaults",
        test="test_tags_of_the_task_definition_are_propagated_when_asked_for",
    ),
    _difference(
        "log_order",
        "PutLogEvents refuses events that are not in chronological order",
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html",
        by="launcher_limits.put_log_events",
        test="test_events_out_of_order_are_refused",
    ),
    _difference(
        "unknown_cluster",
        "ClusterNotFoundException",
        "APIReference/API_RunTask.html",
        by="launcher_tasks.Tasks.run_task",
        test="test_an_unknown_cluster_is_refused",
    ),
    _difference(
        "bad_override",
        "InvalidParameterException for an unknown container name",
        "APIReference/API_RunTask.html",
        by="launcher_tasks.Tasks.run_task",
        test="test_an_override_for_an_unknown_container_is_refused",
    ),
    _difference(
        "missing_network",
        "InvalidParameterException without networkConfiguration for awsvpc",
        "APIReference/API_AwsVpcConfiguration.html",
        by="launcher_tasks.check_network",
        test="test_awsvpc_without_a_network_configuration_is_refused",
    ),
    _difference(
        "inactive_definition",
        "an inactive or unknown task definition is refused",
        "APIReference/API_RunTask.html",
        by="launcher_tasks.Tasks.run_task",
        test="test_inactive_and_unknown_definitions_are_refused",
    ),
    _difference(
        "pull_errors",
        "TaskFailedToStart with CannotPullContainerError",
        "developerguide/task_cannot_pull_image.html",
        by="launcher_docker.Engine.fetch",
        test="test_an_image_that_is_not_there_fails_the_start",
    ),
    _difference(
        "missing_log_group",
        "TaskFailedToStart with ResourceInitializationError",
        _REASONS,
        by="launcher_logs.open_stream",
        test="test_a_missing_group_fails_the_start",
    ),
    _difference(
        "missing_secret",
        "TaskFailedToStart with ResourceInitializationError: unable to pull secrets",
        _REASONS,
        by="launcher_secrets.resolve",
        test="test_a_missing_key_of_a_secret_fails_the_start",
    ),
    _difference(
        "secure_string",
        "SecureString parameters arrive decrypted",
        "developerguide/secrets-envvar-ssm-paramstore.html",
        by="launcher_secrets.resolve",
        test="test_a_secure_string_arrives_decrypted",
    ),
    _difference(
        "amazon_image_names",
        "ACCOUNT.dkr.ecr.REGION.amazonaws.com/repo is the account's registry",
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html",
        by="launcher_docker.Engine.fetch",
        test="test_a_task_starts_from_amazon_s_name_by_digest",
    ),
    _difference(
        "other_accounts_images",
        "each account has a registry of its own, and images are pulled from the account that the name tells",
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html",
        by="launcher_ecr.select_scope, launcher_docker.Engine.fetch",
        test="test_an_image_of_another_account_is_pulled_from_there",
    ),
    _difference(
        "unknown_image_tag",
        "DescribeImages raises ImageNotFoundException",
        "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html",
        by="launcher_ecr.describe_images",
        test="test_describe_images_knows_no_unknown_tag",
    ),
    _difference(
        "layer_links",
        "GetDownloadUrlForLayer gives a link from which the layer can be fetched",
        "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html",
        by="launcher_ecr.layer_links",
        test="test_a_layer_can_be_fetched_by_its_link",
    ),
    _difference(
        "first_deployment",
        "a deployment is COMPLETED when its tasks run and are healthy, the first too",
        "APIReference/API_Deployment.html",
        by="launcher_service_api.make_deployment, launcher_scheduler.Pass",
        test="test_the_first_deployment_is_complete_when_its_task_is_healthy",
    ),
    _difference(
        "rolling_update",
        "old tasks stop when new ones are healthy, within the deployment's percentages",
        "developerguide/deployment-type-ecs.html",
        by="launcher_scheduler.Pass",
        test="test_a_rolling_update_never_leaves_the_site_without_an_answer",
    ),
    _difference(
        "circuit_breaker",
        "FAILED after 3 failed tasks, rolled back when asked for, and then forgotten",
        _BREAKER,
        by="launcher_scheduler.Pass",
        test="test_a_deployment_whose_tasks_fail_is_rolled_back",
    ),
    _difference(
        "target_health",
        "targets are initial, healthy, unhealthy or draining by real checks",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html",
        by="launcher_targets.Targets",
        test="test_targets_are_asked_and_say_why_they_are_unhealthy",
    ),
    _difference(
        "same_service_again",
        "UpdateService without a change starts no deployment",
        "APIReference/API_UpdateService.html",
        by="launcher_service_api.ServiceApi",
        test="test_an_update_without_a_change_starts_no_deployment",
    ),
    _difference(
        "service_deletion",
        "DRAINING until its tasks have stopped, then INACTIVE",
        "APIReference/API_DeleteService.html",
        by="launcher_service_api.ServiceApi",
        test="test_deleting_a_service_stops_its_containers",
    ),
    _difference(
        "zone_rebalancing",
        "DescribeServices gives availabilityZoneRebalancing",
        "APIReference/API_Service.html",
        by="launcher_service_api.ServiceApi",
        test="test_services_tell_their_zone_rebalancing",
    ),
    _difference(
        "alarm_members",
        "DescribeAlarms gives actions, dimensions, period and statistic",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html",
        by="launcher_reads.describe_alarms",
        test="test_describe_alarms_tells_everything_by_the_query_protocol",
    ),
    _difference(
        "egress_tags",
        "the allow-all egress rule keeps its tags",
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupEgress.html",
        by="launcher_reads.authorize_egress",
        test="test_the_allow_all_egress_rule_keeps_its_tags",
    ),
    _difference(
        "scalable_targets",
        "Application Auto Scaling's targets and policies are kept",
        "https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html",
        by="launcher_scaling.Scaling",
        test="test_scalable_targets_are_kept_and_limit_the_desired_count",
    ),
    _difference(
        "discovery_namespace",
        "CreateService takes the namespace from DnsConfig too",
        "https://docs.aws.amazon.com/cloud-map/latest/api/API_DnsConfig.html",
        by="launcher_discovery.create_service",
        test="test_a_service_of_cloud_map_takes_its_namespace_from_the_dns_configuration",
    ),
    _difference(
        "protocol_version",
        "a target group tells its protocol version, HTTP1 unless given",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html",
        by="launcher_groups.create_target_group",
        test="test_a_target_group_tells_its_protocol_version",
    ),
    _difference(
        "group_balancers",
        "a target group names the load balancers whose rules forward to it",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html",
        by="launcher_groups.balancers",
        test="test_a_target_group_names_the_load_balancers_of_its_rules",
    ),
    _difference(
        "database_password",
        "with ManageMasterUserPassword RDS keeps the password of an instance in a secret, which goes with it",
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html",
        by="launcher_databases.create_db_instance",
        test="test_rds_keeps_the_password_of_a_database_that_tasks_reach",
    ),
    _difference(
        "database_logs",
        "DescribeDBInstances gives the logs that go to CloudWatch",
        "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html",
        by="launcher_databases.instance_xml",
        test="test_rds_keeps_the_password_of_a_database_that_tasks_reach",
    ),
    _difference(
        "database_address",
        "a database answers at its endpoint and on its engine's port, for tasks too",
        "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Endpoint.html",
        by="launcher_databases.Containers",
        test="test_rds_keeps_the_password_of_a_database_that_tasks_reach",
    ),
    _difference(
        "mysql_databases",
        "a database of the engine mysql takes logins of its master user, who owns its first database",
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_MySQL.html",
        by="launcher_databases.Containers",
        test="test_a_mysql_database_takes_logins_of_its_master_user",
    ),
    _difference(
        "state_machine_deletion",
        "DeleteStateMachine of one that is gone is no error",
        "https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html",
        by="launcher_states.delete_state_machine",
        test="test_a_state_machine_can_be_deleted_twice",
    ),
    _difference(
        "awslogs",
        "every line once, in order, in PREFIX/CONTAINER/TASK",
        "developerguide/using_awslogs.html",
        by="launcher_logs.Follower",
        test="test_of_100_000_lines_none_is_lost_when_the_task_is_stopped",
    ),
)
