"""The list of numbers, one number beside it, finding and exporting."""
