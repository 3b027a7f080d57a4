"""A Kubernetes provider over server-side apply, with the released one's inputs, outputs and ids.

Read it in the order a request takes: `provider` speaks the protocol, `settings`
and `kubeconfig` say which cluster, `checking` fills in names and namespaces,
`comparison` and `immutable` say what changed and what that costs, `objects_api`
writes, `awaiting` waits until what was written works.
"""
