"""Looking at pictures and videos through a model: what it is asked, what is shown to it, and what it may cost."""
