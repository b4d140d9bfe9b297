"""One BLAS thread, as `app.py` has it: two threads that wait for each other on busy cores are eight times slower."""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # must be set before NumPy is imported
