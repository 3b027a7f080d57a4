"""The EKS that the embedded AWS has in the place of moto's."""
