"""The words by which each change of given media is recognised."""

import re
from collections.abc import Mapping
from typing import get_args

from .amounts import ASPECTS
from .intents import EditTask
from .signs import MAKE, SKIP
from .times import NUMBER
from .wording import sign

THE = r"(?:(?:the|this|that|my|our|its|a|an|all|any|every|whole|first|only|just|me|of)\s+)*"
FILM = (
    r"(?:videos?|vids?|clips?|films?|movies?|recordings?|audio|sound|files?|footage|it|this|these|them|podcasts?"
    r"|songs?)"
)
FORMATS = "mp4|mkv|webm|mov|m4a|mp3|wav|flac|opus|ogg|webp|png|jpe?g"
OTHER_FORMATS = "avi|wmv|flv|mpe?g|3gp|m4v|ts|aac|wma|aiff?|amr|bmp|tiff?|heic|avif|svg|pdf"
_SOUNDS = "mp3|wav|m4a|flac|opus|ogg"
_A_SOUND = rf"(?:audio|sound|soundtrack|music|{_SOUNDS})(?: tracks?| files?)?"
_ITSELF = "(?! transcript| text| visuali| spectr| wave)"
_UNITS = "seconds?|minutes?|secs?|mins?|s|half"
_OMIT = "cut out|remove|delete|drop|leave out|get rid of|take out|skip"
_JOIN = "(?:merge|concatenate|concat|stitch|join|combine)"
_WORDS_SHOWN = "(?:subtitles|captions)"
_INTO = r"(?:(?:in)?to |as |of )?(?:an? )?"

# In this order: what is left out is not kept, and a GIF is no format to convert to.
EDIT_SIGNS: Mapping[EditTask, re.Pattern[str]] = {
    "without_silence": sign(
        rf"""
            (?:remove|cut|delete|trim|skip|strip|drop|take|get rid of) (?:out )?{THE}(?:(?:awkward|long|short|boring
              empty|unwanted) )?(?:silences?|pauses?|dead air
              silent (?:parts?|gaps?|bits?|sections?)|quiet parts?)(?: out)?
            jump ?-?cuts?|cut {THE}{FILM} at (?:the )?(?:silences|pauses)
        """,
        r"""
            (?:去掉|删除|删掉|剪掉|去除|移除|裁掉)[^,。]{0,6}(?:静音|停顿|空白|沉默|无声)[^,。]{0,4}
            [把将][^,。]{0,6}(?:静音|停顿|空白|沉默|无声)[^,。]{0,6}[剪去删裁]掉?
        """,
    ),
    "burn_subtitles": sign(
        rf"""
            burn(?:ed|t)?(?: in| the| into)* ?(?:\w+ ){{0,3}}?{_WORDS_SHOWN}|hard-?code(?:d)? (?:the )?{_WORDS_SHOWN}
            burn (?:it |them )?(?:in(?:to)?|on(?:to)?|to)
            burn(?:ed|t)?-?in {_WORDS_SHOWN}|{_WORDS_SHOWN} burn(?:ed|t)(?: in)?
        """,
        r"(?:烧录|烧|压制|内嵌|硬)[^,。]{0,4}字幕|字幕[^,。]{0,3}(?:烧录|烧|压制|压|嵌)"
        r"|^烧录?(?:进|到|在)[^,。]{0,8}$",
    ),
    "mux_subtitles": sign(
        rf"""
            (?:add|put|embed|mux|attach|insert) (?:\w+ ){{0,3}}?{_WORDS_SHOWN}(?: (?:in(?:to)?|to|on|onto
              with) {THE}{FILM})?
            subtitle {THE}(?:videos?|clips?|films?|movies?|footage)
        """,
        r"(?:给|为)[^,。]{0,6}(?:加上?|添加|配上?)[^,。]{0,4}字幕|(?:加上?|添加|嵌入|配上?)[^,。]{0,4}字幕轨?",
    ),
    "gif": sign(
        rf"""
            (?:{MAKE}|convert|turn|export|save|change) {SKIP}{_INTO}(?:(?:animated |looping )?gifs?|animated webp)
            (?:in)?to (?:an? )?(?:animated )?(?:gif|animation)|as (?:an? )?(?:animated )?gif
        """,
        r"(?:转换?|做|生成|制作|导出|保存)[^,。]{0,6}(?:gif|动图)",
    ),
    "replace_sound": sign(
        rf"""
            (?:replace|swap|exchange|change|switch) (?:out )?{THE}(?:original )?{_A_SOUND}(?! {_INTO}(?:{_SOUNDS}))
        """,
        r"""
            替换[^,。]{0,6}(?:声音|音轨|音频|原声|配乐|背景音乐)|(?:声音|音轨|音频|原声|配乐|音乐|bgm)[^,。]{0,3}(?:换成|替换|换掉)
            换(?:一?[个首段])?(?:声音|音轨|背景音乐|配乐|歌曲?)
        """,
    ),
    "mix_sound": sign(
        rf"""
            (?:add|put|lay|mix|overlay|insert) (?:in )?{SKIP}(?:music|songs?|soundtracks?|audio|sounds?|recordings?
              narration|voice-?overs?|bgm)(?: (?:in(?:to)?|to|under|over|on|onto|with|behind|beneath))?
            mix (?:in(?:to)?|with|under|over)
            (?:add|put|lay) (?:(?:it|this|that|them) )?(?:(?:in)?to|under|behind|beneath)(?: {THE}{FILM})?
            add (?:to {THE}{FILM} )?as (?:an? |the )?(?:background )?(?:music|sound|narration|voice-?over|soundtrack)
            use {SKIP}(?:music|songs?|audio|sounds?|recordings?) (?:as|under) {SKIP}(?:music|soundtrack|background
              narration)
        """,
        r"""
            (?:加上?|添加|配上?|放上?|混入|混合|铺)[^,。]{0,8}(?:音乐|配乐|bgm|歌曲?|音频|录音|旁白|[琴乐]曲)|配乐
            [把将][^,。]{0,8}(?:音乐|配乐|歌曲?|音频|录音)[^,。]{0,4}(?:加|混|放|配)[^,。]{0,4}
        """,
    ),
    "sound": sign(
        rf"""
            (?:extract|save|export|get|rip|separate|isolate|pull|convert) (?:out )?{THE}(?:audio|sound|mp3|wav
              soundtrack)(?: tracks?)?(?! transcript| text)(?: (?:as|to|into) (?:an? )?(?:{FORMATS}))?
            (?:convert|turn|change) (?:{THE}{FILM} )?(?:in)?to (?:an? )?(?:audio|sound|{_SOUNDS})(?: files?)?
            (?:give me|get|keep|i want|make|save)(?: me)? (?:just |only |an? )+{THE}{_A_SOUND}{_ITSELF}
            (?:just|only) the {_A_SOUND}{_ITSELF}
        """,
        r"""
            (?:提取|分离|导出|抽取)(?:出)?[^,。]{0,6}(?:音频|声音|音轨)
            [把将][^,。]{0,6}(?:音频|声音|音轨)[^,。]{0,3}(?:提取|分离|导出|抽)出?来?
            (?:音频|声音|音轨)(?:另?存|保存|导出|转换?|提取)[成为到]?(?:mp3|wav|m4a|flac|opus|ogg|音频)
        """,
    ),
    "mute": sign(
        rf"""
            mute(?:d)?(?: {THE}{FILM})?
            (?:remove|strip|delete|drop|take out) {THE}(?:audio|sound)(?: tracks?)?
        """,
        r"(?:去掉|删除|删掉|去除|移除)(?:视频的?)?(?:声音|音轨|音频|原声)|消音|(?:设为|变成|改为)静音|^静音$|[\d秒分段频]静音$",
    ),
    "leave_out": sign(
        rf"""
            (?:cut|trim|chop|clip|shave|take) (?:[\w.:-]+ ){{0,7}}?(?:off|away)
            (?:trim|cut|chop|{_OMIT}) the (?:first|last|final|opening) (?:[\w.]+ )?(?:{_UNITS})(?! (?:in|as|to|for)\b)
            (?:{_OMIT}) {THE}(?:{FILM}|parts?|sections?|bits?
              piece|everything|from|between|seconds|minutes|half|intro|outro)?
        """,
        r"剪掉|去掉|删掉|删除|去除|跳过",
    ),
    "split": sign(
        rf"(?:split|divide|cut|chop|slice) (?:up )?(?:{THE}{FILM} )?(?:up )?(?:in(?:to)?|at|every|by|on)",
        r"分割|切分|切成|拆分|分成[^,。]{0,4}(?:段|份|片)|每[^,。]{0,8}切|切[^,。]{0,2}一[段份]|[处把将][^,。]{0,8}[切剪断分]开",
    ),
    "join": sign(
        rf"""
            {_JOIN} (?:together )?{THE}(?:{NUMBER} )?{FILM}(?: together)?
            {_JOIN}(?: (?:and|with|to|,|together))*(?=$| (?:with|in(?:to)?|as)\b)
            put (?:{THE}(?:{NUMBER} )?{FILM} )?(?:and )*together|one after (?:the other|another)
            (?:put|add|append|attach) (?:the (?:second|other|last) (?:one|{FILM}) )?after {THE}(?:other|one|{FILM})
        """,
        r"合并|拼接|拼起来|拼在一起|(?:连|接)(?:在一起|起来)|合成一个(?:视频|文件)|首尾相[接连]",
    ),
    "crop": sign(
        rf"crop {THE}(?:\w+ )?{_INTO}(?:{ASPECTS})?|(?:make|convert|turn) (?:{THE}{FILM} )?{_INTO}(?:{ASPECTS})"
        r"|crop (?:\w+ ){0,4}?\d{2,5} ?[x×] ?\d{2,5}",
        rf"(?:裁剪?|裁切|裁|改|变|转换?)[成为到]+(?:{ASPECTS})",
    ),
    "upscale": sign(
        rf"upscale(?: {THE}(?:{FILM}|images?|pictures?|photos?))?|super[- ]resolution",
        r"超分|放大(?:图片|照片|到?\s*[\d.一二两三四]+倍)",
    ),
    "scale": sign(
        rf"""
            (?:resize|rescale|scale|downscale|shrink|compress)(?: down)?(?: {THE}(?:{FILM}|images?|pictures?
              photos?))?
            reduce {THE}(?:{FILM}|(?:file ?)?size)|make {THE}(?:{FILM}|images?|pictures?|photos?) smaller
            (?:{MAKE}|turn|convert|export|save) (?:{THE}{FILM} )?{_INTO}(?:\d{{3,4}}p|4k)(?! (?:{FORMATS}))
        """,
        r"缩放|压缩|缩小|调整(?:尺寸|分辨率|大小)",
    ),
    "speed": sign(
        rf"""
            speed (?:{THE}{FILM} )?up|slow (?:{THE}{FILM} )?down|speed(?:ed)? (?:up|{THE}{FILM} (?:to|by))
            (?:{MAKE}|play) {THE}{FILM} (?:[\w.]+ ?%? ?)?(?:faster|slower)|\d+(?:\.\d+)?x (?:speed|faster|slower)
            (?:{MAKE}|play|run) {THE}{FILM} (?:at )?(?:[\w.]+ (?:times )?as (?:fast|slow)|\d+(?:\.\d+)?x
              (?:half|double) (?:the )?speed)
            at (?:half|double|twice|\d+(?:\.\d+)?x|\d+ ?%)(?: the)? (?:the )?speed
            time ?-?lapse|slow ?-?motion
        """,
        r"倍速|加速|减速|慢放|快放|慢动作|放慢|变[快慢]|调[快慢]|[快慢](?:一半|一?[点些]|[一二两三四\d.]+倍)",
    ),
    "rotate": sign(
        rf"rotate(?: {THE}(?:{FILM}|images?|pictures?|photos?))?|turn {THE}{FILM} (?:by )?\d+ ?(?:°|degrees)",
        r"旋转|[顺逆]时针转|(?:向[左右]|往[左右]|画面|视频|图片?|照片)转(?=[\d一九半])|颠?倒过来(?![放播])",
    ),
    "flip": sign(
        rf"(?:flip(?! through)|mirror)(?: {THE}(?:{FILM}|images?|pictures?|photos?))?(?! (?:cards?|charts?|books?))",
        r"镜像|(?:左右|上下|水平|垂直)翻转|翻转",
    ),
    "reverse": sign(
        rf"reverse {THE}{FILM}|play {THE}{FILM} backwards?|backwards? (?:video|clip)",
        r"倒着?[放播]|反[向着]播?放|倒序播?放",
    ),
    "loop": sign(
        rf"""
            loop {THE}{FILM}|{MAKE} {THE}{FILM} loop|(?:loop|repeat {THE}{FILM})(?= (?:{NUMBER} times|twice|\d+x))
            play {THE}{FILM} (?:{NUMBER} times|twice)(?! (?:as|the))
        """,
        r"循环播放|(?:循环|重复)(?=[^,。]{0,6}[次遍])",
    ),
    "convert": sign(
        rf"""
            (?:convert|transcode|re-?encode|remux|export|save|turn|change) {SKIP}{_INTO}(?:\d{{3,4}}p )?(?:{FORMATS}
              {OTHER_FORMATS})(?: files?)?
        """,
        rf"(?:转换?|导出|保存|转码)[成为到换]*(?:格式)?(?:{FORMATS}|{OTHER_FORMATS})(?:格式)?",
    ),
    "keep": sign(
        rf"""
            (?:trim|cut|clip|shorten)(?: (?:out|off|away|down))?(?: {THE}(?:{FILM}|parts?|sections?|half))?(?: of)?
            (?:{MAKE}|extract|save|export|get|take|cut|keep) {SKIP}(?:clips?|excerpts?|sub-?clips?|snippets?|parts?
              sections?|segments?|seconds|minutes?|half|ringtones?|shorts?|teasers?
              previews?|highlights?)(?: (?:from|between|at|out|of))?
            keep (?:only |just )?(?:the )?
        """,
        r"剪辑|剪出|剪切|剪下|剪成|剪(?=[前最后开\d第])|裁剪|裁切|只?保留|截取?(?:成|出)|截取(?![^,。]{0,20}[图画帧张])|只要",
    ),
}
assert set(EDIT_SIGNS) == set(get_args(EditTask))
