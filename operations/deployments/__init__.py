"""Pulumi Deployments as code: what Pulumi Cloud runs for each stack, when, and as whom."""
