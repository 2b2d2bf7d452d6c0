"""The brain without a model: it understands a request, plans it, and says what came out."""
