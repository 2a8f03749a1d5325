"""Launching, guarding and stopping a training: a process tree, its record and its end.

Linux only: everything here is read from `/proc`. The supervisor's process imports the standard
library, `trainwatch.events` and `trainwatch.errors`, nothing else, and stays under 40 MB.

    paths       every file name of a run directory
    process     one process: identity, state, safe signalling
    machine     where a process id means something
    tree        all processes of one training, orphans included
    ladder      SIGTERM, a wait, SIGKILL, proof
    record      run.json
    journal     events.jsonl
    order       what the front end tells the supervisor, and its answer
    reserve     a run directory of one's own
    registry    the runs of this user
    supervisor  the process that owns the training
    stop        ending a run from any later process
"""
