"""What is true of every response, whichever request it answers. Each rule is one function that yields problems."""
