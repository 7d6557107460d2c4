"""The Run form: what to launch, where it would go, and how the launch goes."""
