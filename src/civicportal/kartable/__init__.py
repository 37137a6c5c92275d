"""The kartable: who has to do what, who sent it, and by which rule."""
