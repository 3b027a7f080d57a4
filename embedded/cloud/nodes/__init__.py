"""The node bridge: node groups of the embedded EKS are nodes of the embedded control plane."""
