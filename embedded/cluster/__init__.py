"""The Kubernetes control plane on loopback, with KWOK playing the kubelets."""
