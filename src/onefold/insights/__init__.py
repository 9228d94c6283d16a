"""Questions asked of profiles and events."""
