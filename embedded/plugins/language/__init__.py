"""`pulumi-language-python`: runs programs and policy packs for the engine."""
