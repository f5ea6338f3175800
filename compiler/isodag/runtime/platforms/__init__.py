"""What the platforms add around a component's call; each module knows one."""
