"""An emulator of the vendor's servers, and a stand-in for its Lab: try pipelines offline."""
