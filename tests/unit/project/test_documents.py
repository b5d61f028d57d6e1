import pytest

from juncture.errors import JunctureError
from juncture.project.toml import read_toml
from juncture.project.yaml import read_yaml

TOML = '''\
a.b."c.d" = 1.5   # a comment = 1
text = """
[not] = a header # no
"""
list = [ # nested
  1, "]",
  {p = "}", q = [3, [4]]},
]
day = 2024-01-01 00:00:00Z
[[items]]
k = 1
[[items]]
k = 'x'
[items.sub]
z = 1
[["q.r"]]
"m" = -1e-3
'''


def test_the_positions_of_toml():
    document = read_toml("x.toml", TOML)
    assert document.data["day"] == "2024-01-01T00:00:00+00:00"
    assert document.keys[("a", "b", "c.d")] == (1, 5)
    assert document.values[("a", "b", "c.d")] == (1, 13)
    assert document.values[("list", 2, "q", 1, 0)] == (7, 22)
    assert document.keys[("day",)] == (9, 1)
    assert document.keys[("items", 1, "k")] == (13, 1)
    assert document.keys[("items", 1, "sub", "z")] == (15, 1)
    assert document.keys[("q.r", 0, "m")] == (17, 1)


def test_every_value_of_toml_has_its_place():
    document = read_toml("x.toml", TOML)

    def leaves(value, path=()):
        if isinstance(value, dict):
            return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
        if isinstance(value, list):
            return [leaf for i, item in enumerate(value) for leaf in leaves(item, (*path, i))]
        return [path]

    assert set(leaves(document.data)) <= set(document.values)


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("a = \n", "x:1:5", "not TOML: invalid value"),
        ("a = 1\na = 2\n", "x:2:6", "not TOML: cannot overwrite a value"),
        ("a = '''", "x:1", "not TOML: expected \"'''\""),
        ("[a", "x:1", "not TOML: expected ']' at the end of a table declaration"),
    ],
)
def test_text_that_is_not_toml(text, place, problem):
    with pytest.raises(JunctureError) as caught:
        read_toml("x", text)
    assert (str(caught.value.location), caught.value.problem) == (place, problem)


def test_yaml_is_plain_data():
    document = read_yaml(
        "x", "a: yes\nb: 2024-01-01T00:00:00Z\nc: [1, 0x10, 1.5, ~, true]\n1: &k {2: x}\nd: *k\n"
    )
    assert document.data == {
        "a": "yes",
        "b": "2024-01-01T00:00:00Z",
        "c": [1, 16, 1.5, None, True],
        "1": {"2": "x"},
        "d": {"2": "x"},
    }
    assert document.keys[("1", "2")] == (4, 8)
    assert document.values[("c", 1)] == (3, 8)


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("a: 1\n\tb: 2\n", "x:2:1", "a tab where YAML wants spaces"),
        (
            "a: [1\nb: 2",
            "x:2:2",
            "not YAML: expected ',' or ']', but got ':' (while parsing a flow sequence)",
        ),
        ("a: b: c\n", "x:1:5", "not YAML: a ':' where no key can stand"),
        ("a: 1\n---\nb: 1\n", "x:2:1", "not YAML: a second document begins"),
        ("a: *x\n", "x:1:4", "not YAML: found undefined alias 'x'"),
        ("a: \x00b", "x:1:4", "not YAML: special characters are not allowed"),
        ("- a\n", "x:1:1", "the file is not a mapping of keys to values"),
        ("# nothing\n", "x", "the file is empty"),
        ("a: &x [*x]\n", "x:1:4", "the value contains itself"),
    ],
)
def test_text_that_is_not_yaml(text, place, problem):
    with pytest.raises(JunctureError) as caught:
        read_yaml("x", text)
    assert (str(caught.value.location), caught.value.problem) == (place, problem)


def test_problems_that_yaml_can_be_read_past():
    document = read_yaml("x", "a: 1\na: 2\nb: !!python/object:os.system ls\n<<: {c: 1}\n? [k]\n: v\n")
    assert [(str(p.location), p.problem) for p in document.problems] == [
        ("x:2:1", "'a' is already given in line 1"),
        ("x:3:4", "the tag '!!python/object:os.system' is not read"),
        ("x:4:1", "merge keys (<<) are not read"),
        ("x:5:3", "a key is not a plain word"),
    ]


def test_aliases_cannot_fill_the_memory():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(JunctureError, match="more than 10,000 values"):
        read_yaml("x", "\n".join(lines))


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_yaml, "x: " + "[" * 1000),
        (read_toml, f"x = {'[' * 5000}{']' * 5000}"),
        (read_toml, "a." * 5000 + "b = 1"),
    ],
)
def test_what_is_nested_too_deep_is_told(read, text):
    with pytest.raises(JunctureError, match="file: its values are nested too deep"):
        read("file", text)


def test_a_number_that_is_too_long_is_told():
    with pytest.raises(JunctureError, match="file: a number has more digits than can be read"):
        read_toml("file", "x = " + "1" * 5000)
