"""What a migration would do to one workload: the moves and edits, their words, and policy's verdict. Nothing here writes."""
