"""The VPC: subnets in tiers over the zones, ways out, security groups."""
