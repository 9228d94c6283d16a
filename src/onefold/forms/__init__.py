"""Lead capture: forms that marketers build, sites embed, and visitors send."""
