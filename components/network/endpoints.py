"""Ways to AWS services that stay inside the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components import naming, tagging

TOKEN = naming.token("network", "Endpoints")


@dataclass(frozen=True, kw_only=True)
class EndpointsArgs:
    """Which services are reached without leaving the network."""

    vpc_id: Input[str]
    region: str
    # Route tables of whatever reads images and models: S3 becomes a route in each.
    route_table_ids: Sequence[Input[str]]
    # Such as ecr.api. Each costs by the hour and zone.
    services: Sequence[str] = ()
    # Where the interfaces lie, and what is let in to them; needed when there are services.
    subnet_ids: Sequence[Input[str]] = ()
    security_group_id: Input[str] | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Endpoints(pulumi.ComponentResource):
    """A gateway for S3, where images and models come from, and interfaces for other services.

    The gateway is free, and a model of 15 GB over a NAT gateway is not. Interfaces answer
    under the services' own names, so that no client needs to know.
    Creates: VPC endpoints.
    """

    s3_id: Output[str]

    def __init__(self, name: str, args: EndpointsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._child = ResourceOptions(parent=self)
        self.s3_id = self._build_gateway(name, args).id
        for service in args.services:
            self._build_interface(name, args, service)
        self.register_outputs({"s3_id": self.s3_id})

    def _build_gateway(self, name: str, args: EndpointsArgs) -> aws.ec2.VpcEndpoint:
        child = naming.child(name, "s3")
        return aws.ec2.VpcEndpoint(
            child,
            aws.ec2.VpcEndpointArgs(
                vpc_id=args.vpc_id,
                vpc_endpoint_type="Gateway",
                service_name=f"com.amazonaws.{args.region}.s3",
                route_table_ids=list(args.route_table_ids),
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )

    def _build_interface(self, name: str, args: EndpointsArgs, service: str) -> aws.ec2.VpcEndpoint:
        child = naming.child(name, service.replace(".", "-"))
        return aws.ec2.VpcEndpoint(
            child,
            aws.ec2.VpcEndpointArgs(
                vpc_id=args.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{args.region}.{service}",
                subnet_ids=list(args.subnet_ids),
                security_group_ids=[args.security_group_id] if args.security_group_id else None,
                private_dns_enabled=True,
                tags=tagging.tags(args.tags, child),
            ),
            self._child,
        )
