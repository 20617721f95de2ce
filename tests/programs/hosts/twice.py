"""The right and, if asked to, the wrong work of work.py in one process."""
import sys

import work

for question in sys.argv[1:]:
    print(work.answer(question), flush=True)
