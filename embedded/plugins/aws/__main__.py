"""Entry point: python -m embedded.plugins.aws (started by the engine as pulumi-resource-aws)."""

from embedded.plugins.aws.provider import AwsProvider
from embedded.plugins.provider import serve

if __name__ == "__main__":
    serve(AwsProvider())
