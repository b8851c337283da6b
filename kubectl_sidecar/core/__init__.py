"""The pure core: values in, values out. No I/O, no clock, no terminal, and nothing of kubernetes, ruamel or textual."""
