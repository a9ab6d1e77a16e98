"""What `obcore bench` is made of: streams, floors and the race. Imported by that command alone."""
