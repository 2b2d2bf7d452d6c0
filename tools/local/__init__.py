"""Models that run on this machine with PyTorch: where their weights are, and what they run on."""
