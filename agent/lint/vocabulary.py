"""The words in the names of tools, and which of them mean the same."""

# Words that say nothing of what a tool does.
EMPTY = frozenset(
    ["tool", "tools", "api", "the", "a", "an", "of", "from", "for", "by", "and", "with", "my", "task", "function",
     "service", "model", "agent", "get", "run", "do", "call", "file", "files", "v1", "v2", "ai", "step", "in"]
)  # fmt: skip

# Words that mean the same in the names of tools: kinds of media first, then what is done.
SAME = (
    "audio sound speech voice spoken wav mp3",
    "image picture photo photograph pic img jpg jpeg png",
    "video movie film clip footage mp4",
    "text string txt words",
    "url link address web webpage website",
    "frames keyframe",
    "extract extraction extractor",
    "make create creation creator generate generation generator generating produce build builder write draw render",
    "edit editing editor modify modifier",
    "download downloader downloading fetch",
    "search searcher searching find finder lookup retrieve retrieval query",
    "remove remover removal delete eliminate erase",
    "reduce reduction reducer denoise",
    "improve enhance enhancement enhancer upscale",
    "join combine combiner merge merger stitch stitcher splice splicer concat concatenate concatenation",
    "detect detection detector recognise recognize recognition recogniser recognizer",
    "summary summarize summarise summarizer summariser summarization summarisation",
    "translate translation translator",
    "transcribe transcription transcriber transcript asr stt",
    "describe description caption captioning captioner",
    "simplify simplifier simplification",
    "paraphrase paraphraser paraphrasing rewrite rewriter",
    "analyze analyse analysis analyzer analyser",
    "check checker checking correct correction corrector",
    "convert conversion converter transform transformer transformation",
    "colour color colorize colorizer colorization colourise",
    "stabilize stabilise stabilizer stabiliser stabilization stabilisation",
    "synchronize synchronise sync synchronization synchronisation",
    "speed tempo",
    "trim trimmer cut cutter",
    "effect effects",
    "chart plot graph diagram",
    "report document",
    "scene scenes shot shots cuts",
    "moment moments",
    "chapter chapters",
    "probe inspect inspector metadata info information facts",
    "compare comparison comparer diff difference",
    "read reader reading ocr",
    "say speak narrate narration tts synthesise synthesize synthesis",
    "sentiment emotion",
    "expand expander expansion",
    "keyword keywords",
    "classify classification classifier",
    "segment segmentation",
    "count number num n amount",
    "language lang locale",
    "width w",
    "height h",
    "title heading",
    "start begin beginning from",
    "end stop until",
    "seconds second secs sec duration length",
    "times timestamps timestamp",
    "question request prompt instruction",
    "limit max maximum top",
    "kind type",
    "format extension",
)

KIND_WORDS = frozenset({"audio", "image", "video", "text", "url"})
MAKING = frozenset({"extract", "make", "convert", "process", "processing", "produce", "to"})
"""Words for coming by something, whatever it is."""

# Different words for one thing that a tool does; a name counts when it is one of a line, however it is spelt.
CONCEPTS = (
    "audio-to-text; speech to text; transcribe; transcribe audio; transcribe video; transcribe speech; asr; stt; "
    "speech recognition; audio transcription; speech transcription; automatic speech recognition; voice to text; "
    "sound to text; whisper; recognize speech; video transcription; listen",
    "text-to-audio; text to speech; tts; speech synthesis; synthesize speech; voice synthesis; speech generator; "
    "generate speech; voice generator; speak; say; read aloud; narrate; voice over text; create speech; "
    "text to voice; audio generation; create audio; speech generation; voice generation",
    "image-to-text; image captioning; image caption; image description; describe image; picture to text; "
    "caption image; describe picture; image captioner",
    "text-to-image; image generation; image generator; generate image; create image; draw; draw picture; make image; "
    "picture generation; t2i; text to picture; image creation; image creator",
    "text-to-video; video generation; video generator; generate video; create video; make video; t2v; video creation",
    "video-to-audio; extract audio; audio extraction; audio extractor; extract audio from video; separate audio; "
    "extract sound; get audio; demux audio; video audio extraction",
    "video-to-text; video captioning; video description; describe video; video caption",
    "video-to-image; extract frames; frame extraction; extract images; extract frames from video; sample frames; "
    "video to frames; get frames; keyframe extraction; grab frames; screenshot; capture frame; frame extractor; "
    "extract keyframes; video frame extraction; extract frame",
    "read_text; ocr; read text; extract text; text recognition; optical character recognition; text extraction; "
    "recognize text; image ocr; extract text from image; read text from image; detect text; video ocr; "
    "text detection; text extractor",
    "find_scenes; scene detection; detect scenes; shot detection; detect shots; split scenes; segment scenes; "
    "scene segmentation; detect cuts; scene detect; shot boundary detection; scene finder; list scenes",
    "probe_media; ffprobe; probe; media info; mediainfo; get metadata; video info; get video info; media metadata; "
    "inspect media; file info; get media info; probe video; probe file; analyze media; video metadata; "
    "get video metadata; inspect file",
    "write_report; report; generate report; create report; make report; report generation; report writer; "
    "compose report; build report; report generator",
    "make_chart; chart; plot; draw chart; create chart; generate chart; plot chart; plot data; draw plot; make plot; "
    "create plot; chart generator; visualize data",
    "find_moments; search moments; search transcript; find in transcript; find moment; search findings; "
    "locate moments; moment search; search text moments",
    "make_chapters; chapters; create chapters; generate chapters; chapter generation; split chapters; chapterize; "
    "segment chapters",
    "summarize_text; summarize; summary; text summarization; text summarizer; text summary; create summary; "
    "make summary; summarization; summarise text",
    "measure_speech; speech rate; speech metrics; speech statistics; analyze speech; measure speaking rate; "
    "speaking rate; words per minute; speech analysis",
    "image_facts; image info; image metadata; inspect image; analyze image facts; get image info; exif; "
    "picture facts; image properties; image statistics",
    "compare_media; compare; diff media; compare files; compare videos; compare images; media comparison; "
    "compare pictures",
    "read_artifact; read file; open artifact; read document; get artifact; load artifact; artifact reader",
    "audio-to-audio; audio enhancement; speech enhancement; source separation; audio source separation",
    "token classification; named entity recognition; ner; entity extraction; entity recognition; "
    "part of speech tagging; pos tagging",
    "look_at; look; see; vision; visual question answering; vqa; image question answering; look at image; "
    "look at picture; view image; analyze image",
)
