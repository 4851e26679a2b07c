"""What is done by itself at a later time: changes and plans that start then, or are put back then."""
