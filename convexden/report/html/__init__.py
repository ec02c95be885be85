"""A page of HTML on what became of theorems."""
