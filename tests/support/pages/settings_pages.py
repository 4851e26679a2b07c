"""The pages of connecting and settings as a person reads them."""

from tests.support.pages.pages import Answer, read


def text_of(response: Answer) -> str:
    """Return the words of an answer with single blanks, also between elements."""
    return " ".join(" ".join(str(text) for text in read(response).itertext()).split())


def abilities_in(response: Answer) -> dict[str, str]:
    """Return the words that stand at each right of the key."""
    lines = read(response).xpath("//ul[@class='caps']/li/strong")
    return {line.text.strip(): line[0].text_content() for line in lines}
