"""The packet of XMP that tells who made a file, as pictures, films and sound of most kinds can carry it."""

import html
import re

from .pieces import CannotTag
from .story import BY_RULES, COMPOSED, HERE, Story

NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "stRef": "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}
_END = re.compile(rb"</[A-Za-z0-9]{1,20}:RDF\s*>")
# Letters that XML 1.0 has none of, and halves of pairs, which no encoding has.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def packet(story: Story) -> bytes:
    """Return a whole packet."""
    inside = rdf(story)
    begin = "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>"
    return f"{begin}<x:xmpmeta xmlns:x='adobe:ns:meta/'>{inside}</x:xmpmeta><?xpacket end='r'?>".encode()


def rdf(story: Story) -> str:
    """Return what is told as RDF, as a packet or the metadata of a drawing holds it."""
    return f"<rdf:RDF xmlns:rdf='{NAMESPACES['rdf']}'>{_description(story, b'')}</rdf:RDF>"


def merged(there: bytes, story: Story) -> bytes:
    """Return a packet that another program wrote, with what it does not say itself.

    Raises:
        CannotTag: It is none that something can be added to.
    """
    ends = list(_END.finditer(there))
    if not ends:
        raise CannotTag("its XMP is of an unusual shape")
    at = ends[-1].start()
    return there[:at] + _description(story, there).encode() + there[at:]


def text(value: str) -> str:
    """Return a value as XML writes it."""
    return html.escape(_NO_XML.sub("", value), quote=True)


def _description(story: Story, there: bytes) -> str:
    """Return the properties, each only where none of its name is there: two would be no valid XMP."""
    properties = {
        "xmp:CreatorTool": story.by,
        "xmp:CreateDate": story.made_at,
        "Iptc4xmpExt:DigitalSourceType": story.source_address,
    }
    if story.provider != HERE and story.source_type not in (BY_RULES, COMPOSED):
        properties["Iptc4xmpExt:AISystemUsed"] = story.provider
    shown = "".join(
        f"<{name}>{text(value)}</{name}>"
        for name, value in properties.items()
        if value and name.partition(":")[2].encode() not in there
    )
    if story.inputs and b"Ingredients" not in there:
        items = "".join(f"<rdf:li stRef:filePath='{text(one.name)}'/>" for one in story.inputs)
        shown += f"<xmpMM:Ingredients><rdf:Bag>{items}</rdf:Bag></xmpMM:Ingredients>"
    names = "".join(f" xmlns:{name}='{address}'" for name, address in NAMESPACES.items())
    return f"<rdf:Description rdf:about=''{names}>{shown}</rdf:Description>"
