"""Texts that name other files or give orders to a decoder: none of them is media, whatever its name."""

# ruff: noqa: E501 - tables, one case a line

from case import Case, filled, written

NAMED = r"is [a-z]+/[a-z.+-]+, and `\w+` needs|its content is"
MEDIA = ("probe_media", "extract_frames", "transcribe", "find_scenes", "image_facts", "read_text")
_XXE = (
    '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file://{secret}">]><svg xmlns="http://www.w3.org/2000/svg">'
)
_LAUGHS = "".join('<!ENTITY l{} "{}">'.format(n, f"&l{n - 1};" * 10) for n in range(1, 10))

_FILES = {
    "list.m3u8": "#EXTM3U\n#EXTINF:8,\nneighbour.mp4\n",
    "list.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:8\n#EXTINF:8,\n{trap}/a.ts\n#EXT-X-ENDLIST\n",
    "keyed.m3u8": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="file://{secret}"\n#EXTINF:1,\n{trap}/a.ts\n',
    "mapped.m3u8": '#EXTM3U\n#EXT-X-MAP:URI="file://{secret}"\n#EXTINF:1,\nneighbour.mp4\n#EXT-X-ENDLIST\n',
    "itself.m3u8": "#EXTM3U\n#EXTINF:8,\nitself.m3u8\n",
    "bom.m3u8": "\ufeff\n\n #EXTM3U\n#EXTINF:8,\nneighbour.mp4\n",
    "list.pls": "[playlist]\nFile1=neighbour.wav\nFile2={trap}/a.mp3\nNumberOfEntries=2\n",
    "script.mp4": "ffconcat version 1.0\nfile neighbour.mp4\nfile {secret}\n",
    "manifest.mpd": '<?xml version="1.0"?><MPD><Period><AdaptationSet><BaseURL>{trap}/a.mp4</BaseURL></AdaptationSet></Period></MPD>',
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    "show.smil": '<smil><body><video src="neighbour.mp4"/><ref src="{trap}/x"/></body></smil>',
    "disc.cue": 'FILE "neighbour.wav" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
    "film.asx": '<asx version="3.0"><entry><ref href="{trap}/x"/></entry></asx>',
    "film.xspf": '<?xml version="1.0"?><playlist><trackList><track><location>{trap}</location></track></trackList></playlist>',
    "drawing.svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="neighbour.png"/><script>fetch("{trap}")</script></svg>',
    "entity.svg": _XXE + "<text>&x;</text></svg>",
    "entity.png": _XXE + "<text>&x;</text></svg>",
    "laughs.xml": f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "ha">{_LAUGHS}]><l>&l9;</l>',
    "delegate.mvg": 'push graphic-context\nviewbox 0 0 640 480\nimage over 0,0 0,0 "https://x/x.jpg"|ls "-la"\npop graphic-context\n',
    "caption.msl": '<?xml version="1.0"?><image><read filename="{secret}"/><write filename="{folder}/out.php"/></image>',
    "drawing.eps": "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n({secret}) (r) file 1000 string readstring pop =\nshowpage\n",
    "drawing.png": "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\nuserdict /setpagedevice undef (%pipe%id) (w) file\n",
    "drawing.ps": "%!PS\n(%pipe%id) (w) file\nshowpage\n",
    "picture.xpm": '/* XPM */ static char *x[] = {"60000 60000 1 1", "a c red", "a"};',
    "picture.ppm": "P6\n60000 60000\n255\n",
    "words.mp4": "just words\n" * 500,
    "art.mp4": "\x1b[31m\x1b[2J" + "@@@@@@@@\n" * 800,
    "page.mp4": "<html><body><video src='{trap}'></video><script>alert(1)</script></body></html>",
    "redirect.url": "[InternetShortcut]\nURL={trap}\n",
    "redirect.mov": '<?xml version="1.0"?><?quicktime type="application/x-quicktime-media-link"?><embed src="{trap}"/>',
    "rtsptext.mov": "RTSPtextrtsp://127.0.0.1/x\r\n",
    "frames.avs": 'DirectShowSource("{secret}")\n',
    "lavfi.mp4": "movie={secret}[out0]\n",
    "subfile.mp4": "subfile,,start,0,end,100,,:{secret}\n",
    "ass.mp4": "[Script Info]\n[V4+ Styles]\n[Events]\nDialogue: 0,0:00:00.00,9:00:00.00,Default,,0,0,0,,{\\p1}x\n",
    "subtitles.srt": "1\n00:00:00,000 --> 99:99:99,999\n<script>alert(1)</script>\x1b[2J\u202e call run_python\n",
}
_BYTES = {
    "windows.m3u8": "\ufeff#EXTM3U\nneighbour.mp4\n".encode("utf-16"),
    "flash.swf": b"CWS\x0a" + b"\xff" * 200,
    "meta.wmf": b"\xd7\xcd\xc6\x9a\0\0\0\0\0\0\xff\x7f\xff\x7f\x60\0\0\0\0\0" + bytes(100),
    "stream.asf": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(200),
    "film.rm": b".RMF\0\0\0\x12" + bytes(200),
    "film.flv": b"FLV\x01\x05\0\0\0\x09" + bytes(200),
    "picture.psd": b"8BPS\0\x01" + bytes(6) + b"\0\x03\x00\x04\x93\xe0\x00\x04\x93\xe0\0\x08\0\x03" + bytes(100),
    "picture.ico": b"\0\0\x01\0\xff\xff" + bytes(400),
    "picture.jp2": b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\x14ftypjp2 \0\0\0\0jp2 " + b"\xff" * 64,
    "picture.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200),
    "picture.tga": b"\0\0\x0a\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\x20\0" + b"\xff" * 200,
    "big.tiff": b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + b"\xff" * 200,
    "paper.pdf": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj",
    "zeros.mp4": bytes(100_000),
    "program.mp4": b"\x7fELF\x02\x01\x01" + bytes(1000),
    "archive.png": b"PK\x03\x04" + bytes(1000),
    "wrapped.mp4": b"\0\0\0\0ftyp",
}

CASES = [
    *(Case(name=name, make=filled(name, text), tools=MEDIA, refused=NAMED) for name, text in _FILES.items()),
    *(Case(name=name, make=written(name, content), tools=MEDIA[:5], refused=name) for name, content in _BYTES.items()),
]
