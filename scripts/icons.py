"""Write static/desk/icons.svg: one sprite of the Lucide icons that the templates name.

Run by hand after using a new icon: `.venv/bin/python scripts/icons.py`. A test fails where one is missing.
"""

import re
from pathlib import Path

import lucide

ROOT = Path(__file__).resolve().parent.parent
IN_TEMPLATES = re.compile(r"""{%\s*icon\s+"([a-z0-9-]+)""")
# Modules that choose an icon list it in a comment: `# icons: check clock`.
IN_MODULES = re.compile(r"^# icons: (.+)$", re.MULTILINE)


def used_icons() -> list[str]:
    """Return the names of icons that templates and modules use."""
    templates = (name for file in ROOT.glob("templates/**/*.html") for name in IN_TEMPLATES.findall(file.read_text()))
    modules = (line for file in ROOT.glob("phones/**/*.py") for line in IN_MODULES.findall(file.read_text()))
    return sorted({*templates, *(name for line in modules for name in line.split())})


def symbol(name: str) -> str:
    """Return one icon as a symbol of the sprite."""
    svg = str(lucide._render_icon(name, None))
    inner = svg[svg.index(">") + 1 : svg.rindex("</svg>")].strip()
    tight = re.sub(r">\s+<", "><", inner)
    return f'<symbol id="{name}" viewBox="0 0 24 24">{tight}</symbol>'


if __name__ == "__main__":
    symbols = "\n".join(symbol(name) for name in used_icons())
    notice = "<!-- Lucide icons, ISC licence, https://lucide.dev -->"
    sprite = f'{notice}\n<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'
    (ROOT / "static/desk/icons.svg").write_text(sprite)
