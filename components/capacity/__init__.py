"""GPU node pools."""
