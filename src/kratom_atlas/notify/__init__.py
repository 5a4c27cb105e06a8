"""What subscribers are told, and the channels that tell it."""
