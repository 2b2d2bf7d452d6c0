"""The tools for other people's agents."""
