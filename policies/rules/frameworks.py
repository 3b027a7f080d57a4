"""The published frameworks that rules refer to, each in one version."""

from __future__ import annotations

from frame.rule import Framework


def cis_eks(control: str) -> Framework:
    """Return a control of the CIS Amazon EKS Benchmark."""
    return Framework(name="CIS Amazon EKS Benchmark", version="1.5.0", control=control)


def cis_aws(control: str) -> Framework:
    """Return a control of the CIS AWS Foundations Benchmark."""
    return Framework(name="CIS AWS Foundations Benchmark", version="3.0.0", control=control)


def pod_security(control: str) -> Framework:
    """Return a control of the Kubernetes Pod Security Standards."""
    return Framework(name="Kubernetes Pod Security Standards", version="1.35", control=control)


def nsa(control: str) -> Framework:
    """Return a section of the NSA/CISA Kubernetes Hardening Guide."""
    return Framework(name="NSA Kubernetes Hardening Guide", version="1.2", control=control)


def pci(control: str) -> Framework:
    """Return a requirement of PCI DSS."""
    return Framework(name="PCI DSS", version="4.0", control=control)


def well_architected(control: str) -> Framework:
    """Return a best practice of the AWS Well-Architected Framework."""
    return Framework(name="AWS Well-Architected", version="2024-06-27", control=control)
