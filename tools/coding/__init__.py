"""What is known of code without running it."""
