"""Languages as programs name them: a code for the English name that some give instead."""

# Those of Whisper with more than a few hours of training, which is what `verbose_json` names.
_NAMES = """
af afrikaans ar arabic az azerbaijani be belarusian bg bulgarian bn bengali bs bosnian ca catalan cs czech cy welsh
da danish de german el greek en english es spanish et estonian eu basque fa persian fi finnish fr french gl galician
gu gujarati he hebrew hi hindi hr croatian hu hungarian hy armenian id indonesian is icelandic it italian ja japanese
ka georgian kk kazakh km khmer kn kannada ko korean lt lithuanian lv latvian mi maori mk macedonian ml malayalam
mn mongolian mr marathi ms malay my burmese ne nepali nl dutch no norwegian pa punjabi pl polish pt portuguese
ro romanian ru russian si sinhala sk slovak sl slovenian sq albanian sr serbian sv swedish sw swahili ta tamil
te telugu th thai tl tagalog tr turkish uk ukrainian ur urdu uz uzbek vi vietnamese yo yoruba zh chinese"""
_WORDS = _NAMES.split()
_CODES = dict(zip(_WORDS[1::2], _WORDS[::2], strict=True))


def language_code(named: object) -> str | None:
    """Return the ISO 639-1 code of `english`, `en` or `en-US`; None when it is not known."""
    name = str(named or "").strip().lower()
    code = name.replace("_", "-").split("-")[0]
    if code in _CODES.values():
        return code
    return "zh" if name in ("mandarin", "cantonese", "yue") else _CODES.get(name)
