"""Who does it: one file a provider."""
