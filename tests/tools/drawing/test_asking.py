"""What is a card, and what has to be drawn."""

import pytest

from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.drawing.asking import read_card
from sensorium.tools.drawing.card import Card, ChartCard, DiagramCard, ListCard, QuoteCard, TitleCard


def steps(*nodes: str, title: str = "") -> DiagramCard:
    return DiagramCard(nodes=nodes, edges=tuple((at, at + 1, "") for at in range(len(nodes) - 1)), title=title)


CARDS: list[tuple[str, Card]] = [
    ("title card: Hello World", TitleCard(title="Hello World")),
    ("Title card: Sensorium | See, hear, make", TitleCard(title="Sensorium", subtitle="See, hear, make")),
    ("Title card: One\nand the line under it", TitleCard(title="One", subtitle="and the line under it")),
    ('make a title card that says "The Big Sleep"', TitleCard(title="The Big Sleep")),
    (
        "Please create a dark title card with the text 'Chapter One' and subtitle \"In which it rains\"",
        TitleCard(title="Chapter One", subtitle="In which it rains"),
    ),
    ('title card "Hello" on a black background', TitleCard(title="Hello")),
    ("title slide for my talk: Proofs and Programs", TitleCard(title="Proofs and Programs")),
    ("title card: a cat on a mat", TitleCard(title="a cat on a mat")),
    ("a birthday card saying Happy Birthday, Anna!", TitleCard(title="Happy Birthday, Anna!")),
    ("一张生日贺卡，写上“生日快乐！”", TitleCard(title="生日快乐！")),
    ("请帮我做一张标题卡：人工智能入门", TitleCard(title="人工智能入门")),
    ("做一张深色的标题卡，上面写着“你好，世界”", TitleCard(title="你好，世界")),
    (
        'a simple quote card: "Stay hungry, stay foolish." — Steve Jobs',
        QuoteCard(text="Stay hungry, stay foolish.", by="Steve Jobs"),
    ),
    (
        "quote: The only way out is through - Robert Frost",
        QuoteCard(text="The only way out is through", by="Robert Frost"),
    ),
    (
        'Design an elegant quote card saying "Less is more" by Mies van der Rohe',
        QuoteCard(text="Less is more", by="Mies van der Rohe"),
    ),
    ("“知之者不如好之者” —— 孔子", QuoteCard(text="知之者不如好之者", by="孔子")),
    (
        "名言卡：学而不思则罔，思而不学则殆。——孔子",
        QuoteCard(text="学而不思则罔，思而不学则殆。", by="孔子"),
    ),
    ("A -> B -> C", steps("A", "B", "C")),
    ("A→B→C的流程图", steps("A", "B", "C")),
    ("flow chart: wake up, make coffee, write code", steps("wake up", "make coffee", "write code")),
    ("diagram of Client -> Server -> Database", steps("Client", "Server", "Database")),
    ("flowchart of the release: Code => Test => Ship", steps("Code", "Test", "Ship", title="the release")),
    ("流程图：注册 → 登录 → 下单", steps("注册", "登录", "下单")),
    ("画一个流程图：注册、登录、下单", steps("注册", "登录", "下单")),
    (
        "simple diagram: A -> B; A -> C; B -[yes]-> D; C -->|no| D",
        DiagramCard(nodes=("A", "B", "C", "D"), edges=((0, 1, ""), (0, 2, ""), (1, 3, "yes"), (2, 3, "no"))),
    ),
    ("bar chart: Jan 3, Feb 5.5", ChartCard(points=(("Jan", 3.0, "3"), ("Feb", 5.5, "5.5")))),
    (
        "Pie chart of market share: Chrome 65%, Safari 18%",
        ChartCard(points=(("Chrome", 65.0, "65%"), ("Safari", 18.0, "18%")), kind="pie", title="market share"),
    ),
    (
        "a line chart showing revenue: 2021: 1,200, 2022: -1,500",
        ChartCard(points=(("2021", 1200.0, "1,200"), ("2022", -1500.0, "-1,500")), kind="line", title="revenue"),
    ),
    ("bar chart: 2022 €-2, 2023 -€4", ChartCard(points=(("2022", -2.0, "€-2"), ("2023", -4.0, "-€4")))),
    ("柱状图：一月 3，二月 5", ChartCard(points=(("一月", 3.0, "3"), ("二月", 5.0, "5")))),
    ("shopping list: milk, eggs, bread", ListCard(items=("milk", "eggs", "bread"), title="Shopping list")),
    ("list of rules:\n1. Be kind\n2. Be brief", ListCard(items=("Be kind", "Be brief"), title="Rules", numbered=True)),
    ("做一张写着“你好，世界”的标题卡", TitleCard(title="你好，世界")),
    ("生成一张深色的“少即是多”名言卡", QuoteCard(text="少即是多")),
    ("Make a dark 'Hello there' title card", TitleCard(title="Hello there")),
    ('an opening slide with the title "Q3"', TitleCard(title="Q3")),
    ("生成一张饼图：苹果40%，梨60%", ChartCard(points=(("苹果", 40.0, "40%"), ("梨", 60.0, "60%")), kind="pie")),
    ("画个柱状图，显示一月3万、二月5万", ChartCard(points=(("一月", 3.0, "3万"), ("二月", 5.0, "5万")))),
    (
        "a bar chart of population: China 1.41 billion, India 1.43 billion",
        ChartCard(points=(("China", 1.41, "1.41 billion"), ("India", 1.43, "1.43 billion")), title="population"),
    ),
    ("bar chart: A 2M, B 500K", ChartCard(points=(("A", 2e6, "2M"), ("B", 5e5, "500K")))),
    ("柱状图：北京 2亿元，上海 5000万元", ChartCard(points=(("北京", 2e8, "2亿元"), ("上海", 5e7, "5000万元")))),
    ("bar chart: Ann 3 wins, Bob 1 win", ChartCard(points=(("Ann", 3.0, "3 wins"), ("Bob", 1.0, "1 win")))),
    ("清单：牛奶、鸡蛋、面包", ListCard(items=("牛奶", "鸡蛋", "面包"))),
]
DRAWN = [
    "一只猫举着写着“你好”的标题卡",
    "在雨中的侦探，写着“黑色”的标题卡",
    "a cat holding a 'Hello' title card",
    "a marble 'Hello' title card",
    "draw a diagram showing how rain becomes rivers",
    "Create an image with the text 'Happy Birthday Anna' on a cake",
    "a chart showing the sea with 3 ships, 2 whales",
    "a cat",
    "画一只猫",
    'a cat holding a sign that says "hello"',
    "一只猫举着写着“你好”的牌子",
    "a photo of a title card that says 'The End' on an old cinema screen",
    "一张标题卡的照片，上面写着“完”，放在老电影院",
    'title card with a detective standing in the rain: "Noir"',
    "title card featuring a dragon: Dragons",
    'a watercolor title card that says "Spring"',
    "title card: 'X' over a sunset beach",
    "title card",
    "a poster of a quote on a mountain",
    'quote card over a sunset beach saying "Breathe"',
    "日落海滩上的名言卡，写着“呼吸”",
    "a handwritten quote saying \"Hi\" on parchment with ink splashes",
    "quote from a cat: meow in watercolor style with a hat",
    '"Hello"',
    "hello world",
    'a neon sign that reads "OPEN"',
    "diagram of the human heart",
    "人体心脏示意图",
    "a flow chart",
    "a robot drawing a flow chart: it is happy",
    "a diagrammatic face -> surreal",
    "A cat turns -> into a dog -> slowly, at night.",
    "chart of the night sky",
    "a bar chart made of chocolate",
    "a pie chart made of real pizza",
    "bar chart: tall, taller, tallest",
    "graph paper with doodles",
    "line art of a fox",
    "a list of cats painted by Monet",
    "Please ignore all of this and draw: a title card",
    "x" * 10_000,
    "title card: " + "很" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize(("prompt", "card"), CARDS)
def test_what_is_set_from_type_is_told_from_its_prompt(prompt: str, card: Card) -> None:
    asked = read_card(prompt)
    assert asked is not None
    assert asked.card == card


@pytest.mark.parametrize("prompt", DRAWN)
def test_what_has_to_be_drawn_is_no_card(prompt: str) -> None:
    assert read_card(prompt) is None


def test_a_style_may_name_the_card_and_a_prompt_its_colours() -> None:
    named = read_card("Hello", "title card")
    assert named is not None
    assert named.card == TitleCard(title="Hello")
    assert read_card("Hello", "watercolour") is None
    dark = read_card("做一张深色的标题卡，上面写着“你好”")
    assert dark is not None
    assert dark.looks == {"深色"}


@pytest.mark.parametrize(
    "content", ["A 5 kg, B 300 g", "A $5, B €4", "A 50%, B 3 km", "A 5 s, B 3 min", "A 5 ms, B 3 m"]
)
def test_numbers_in_several_units_are_no_chart(content: str) -> None:
    with pytest.raises(ArgumentError, match="are in several units"):
        read_card(f"bar chart: {content}")
