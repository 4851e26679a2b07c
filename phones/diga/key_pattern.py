"""What an API key of Diga looks like, so that one that was pasted in the wrong place is masked."""

import re

# Capitals, small letters and digits in one run. Ids and hashes have small letters and digits only.
KEY = re.compile(r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{20,}(?![\w-])")
MASK = "[masked]"
