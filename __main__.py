"""Ballast: settings -> providers -> platform -> exports."""

from __future__ import annotations

from functools import partial

import pulumi
from pulumi import ResourceOptions

from components.platform import Platform, PlatformArgs
from stacks import providers
from stacks.settings import Settings

settings = Settings.load()
cloud = providers.cloud(settings)
platform = Platform(
    "platform",
    PlatformArgs(
        settings=settings,
        cluster_access=partial(providers.cluster_access, settings),
        peer_access=partial(providers.peer, settings),
    ),
    ResourceOptions(providers=[cloud]),
)

pulumi.export("summary", platform.summary)
pulumi.export("network", platform.network)
if platform.kubeconfig is not None:
    pulumi.export("kubeconfig", providers.kubeconfig(settings, platform.kubeconfig))
