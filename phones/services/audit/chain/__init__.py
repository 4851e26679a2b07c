"""The hash chain: sealing, verifying, its heads and its breaks."""
