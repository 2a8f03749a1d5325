"""Reading logs of any size a few lines at a time: no I/O, bytes come from a function."""
