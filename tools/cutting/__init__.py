"""How media is cut, joined and turned into other forms."""
