"""Texts that want to be more than text: what a nickname, a number, a name or an error message could hold."""

import re

HOSTILE = [
    # Elements.
    "<script>alert(1)</script>",
    "</script><script src=//evil.example/x.js></script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<b>bold</b>",
    "</td></tr></table><h1>gone</h1>",
    "</template><form action=//evil.example><button>Save</button></form>",
    "</option></select><input name=nickname value=x>",
    "</textarea></title></style></noscript><p>out",
    "<!-- comment",
    "<![CDATA[ x ]]>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href=javascript:alert(1)>x</a>",
    "<x",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x&#62;",
    # Attributes.
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    "` onclick=`alert(1)",
    '" style="position:fixed;inset:0',
    '" id="drawer" class="x',
    # htmx.
    '" hx-get="/account/" hx-trigger="load" x="',
    '<div hx-post="/account/logout/" hx-trigger="load"></div>',
    '<div hx-on:load="alert(1)" data-hx-get="/"></div>',
    '<template data-row="main"><p>x</p></template>',
    '<div id="drawer" hx-swap-oob="true"></div>',
    # Addresses and scripts.
    "javascript:alert(1)",
    "//evil.example/?x=1&y=2#z",
    "'-alert(1)-'",
    '";alert(1);//',
    "\\u003cscript\\u003e",
    # Template syntax.
    "{{ settings.SECRET_KEY }}",
    "{% include 'base.html' %}",
    "{# comment #}",
    "%(name)s %s %% ${7*7} #{7*7}",
    # Bidirectional and invisible characters, line breaks.
    "\u202egnp.exe\u202c\u2066x",
    "\u200bzero\u200d\ufeffwidth\u00ad",
    "line\r\nSet-Cookie: x=1\u2028next",
    "\x1b[31mred\x07",
]

_SPECIAL = re.compile(r"[^\w\s]")


def harmless(text: str) -> str:
    """Return a text of the same length, with the same blanks, that no parser could take for more than text."""
    return _SPECIAL.sub("x", text)
