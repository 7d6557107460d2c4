"""Moorage: ECS clusters on the Docker hosts you already have."""

__version__ = "0.1.0"
