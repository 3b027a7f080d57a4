"""How a pipeline gets into an account: who is trusted, and what the roles may do."""
