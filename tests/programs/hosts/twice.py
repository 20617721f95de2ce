"""The right and, if asked to, the wrong work of work.py in one process. A number among the questions: so many MiB are taken, and kept."""
import sys

import work

kept = []
for question in sys.argv[1:]:
    if question.isdigit():
        kept.append(bytearray(int(question) << 20))
        continue
    print(work.answer(question), flush=True)
