"""Providers that take a job, and are asked again until it is done: described by data, served by one engine."""
