"""Settings: `schema` holds every default, `reader` turns a YAML file and the environment into a frozen `Config`."""
