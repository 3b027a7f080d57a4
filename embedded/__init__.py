"""The environment that needs no account: toolchain, cluster, cloud and plugins.

Nothing outside this folder and `operations` knows that it exists, but for
`stacks/providers.py`, which points the providers of an embedded stack at it.
"""
