"""EKS: control plane, identity, node groups."""
