"""Deploying from the dashboard: the file, the plan, and the steps as they go."""
