"""What was measured once and is kept beside the networks, with the digest of the network that it belongs to."""
