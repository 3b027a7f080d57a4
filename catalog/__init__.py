"""What is true of the world: pure data and arithmetic. Imports no pulumi."""
