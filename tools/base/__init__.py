"""What every tool stands on."""
