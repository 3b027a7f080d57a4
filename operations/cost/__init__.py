"""What a stack costs: at its smallest, as it starts, and at its largest."""
