"""What the tools that make media share."""
