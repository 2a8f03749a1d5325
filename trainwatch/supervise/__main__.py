"""`python -m trainwatch.supervise RUN_DIR`: the process that owns one training.

Started by `trainwatch run` in a session of its own, with an order on stdin (see `order`). Exits
with the training's own code, 128+N when signal N ended it.
"""

import sys
from pathlib import Path

from trainwatch.supervise.service import main

if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
