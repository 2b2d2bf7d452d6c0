"""How texts become scripts of films: slides by rules, dialogues by whoever writes them."""
