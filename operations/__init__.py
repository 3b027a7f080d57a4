"""How stacks are run: the `ballast` command, a thin layer over `pulumi`."""
