"""How pictures, clips, words and sound become a film."""
