"""What is too wide or too small on a narrow page."""

# What sticks out of the window, and controls too small for a finger (24 px, WCAG 2.5.8) outside of sentences.
CRAMPED = """() => {
    const width = document.documentElement.clientWidth, found = [];
    if (document.documentElement.scrollWidth > width) found.push(`scrolls: ${document.documentElement.scrollWidth}`);
    for (const element of document.querySelectorAll("a, button, input, select, summary")) {
        const box = element.getBoundingClientRect(), name = element.outerHTML.slice(0, 90);
        const isClipped = getComputedStyle(element).clipPath !== "none";
        if (!box.width || !box.height || isClipped || element.closest(".visually-hidden, p, .row-x > .link")) continue;
        if (box.right > width + 1 || box.left < -1) found.push(`sticks out: ${name}`);
        const area = element.labels?.[0]?.getBoundingClientRect() ?? box;
        if (Math.max(area.height, box.height) < 24) found.push(`small: ${Math.round(box.height)} ${name}`);
    }
    return found;
}"""
