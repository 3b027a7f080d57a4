"""AWS on loopback: moto with a memory, and what moto's EKS lacks."""
