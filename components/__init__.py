"""What Ballast builds, in the order in which a reader asks questions.

network/   the VPC: subnets in tiers, ways out, security groups
cluster/   EKS: control plane, identity, node groups
capacity/  GPU node pools
serving/   the request pipeline: gateway, models, aggregator
platform.py wires them; naming.py, tagging.py and migrations.py serve them all.
"""
