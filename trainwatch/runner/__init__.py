"""What a run is made of, seen from the command line: starting a supervisor and staying with it.

launch      a supervisor is started, and the training under it
foreground  without a dashboard: output passes through, signals stop the training
passage     the bytes of console.log to stdout
logout      whether the system ends a user's processes at logout
"""
