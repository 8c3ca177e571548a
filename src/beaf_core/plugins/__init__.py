"""How do strangers' packages become part of BEAF? Hooks, a catalogue, and a host."""
