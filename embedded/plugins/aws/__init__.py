"""The embedded AWS provider: pulumi-aws 7 over boto3, against loopback endpoints only."""
