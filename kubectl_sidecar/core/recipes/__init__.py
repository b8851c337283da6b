"""What is known of each family of helpers: the closed vocabulary of a recipe, its reader and schema, and how it matches."""
