"""Reads the outputs of the stack `courses`, and tells its address to whoever looks in the Parameter Store."""

import pulumi
import pulumi_aws as aws

courses = pulumi.StackReference(pulumi.Config().require("stack"))
url = courses.require_output("url")

aws.ssm.Parameter("courses-url", name="/courses/url", type="String", value=url)

pulumi.export("service", courses.require_output("service"))
pulumi.export("image_digest", courses.require_output("image_digest"))
pulumi.export("url", url)
