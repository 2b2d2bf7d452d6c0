"""How it is decided: plans, the graph that runs them, and the commands."""
