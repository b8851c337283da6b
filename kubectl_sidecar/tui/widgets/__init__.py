"""What the screens are put together from, named by what one sees."""
