"""Tools of other MCP servers, for the planner."""
