"""The strict reading of address texts: by example, and held against made-up ones."""

import os
import re
import unicodedata

import idna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools import address_text
from tools.address_text import is_text_of, read_address, read_addresses, take_hints

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1000"))


def normals(text):
    return list(read_addresses(text).normals)


def codes(text):
    return [problem.code for problem in read_addresses(text).problems]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ivan@mail.ru", ["ivan@mail.ru"]),
        ("  Ivan@Mail.RU ", ["ivan@mail.ru"]),
        ("ivan@mail.ru.", ["ivan@mail.ru"]),
        ("IVAN+кв5@mail.ru".replace("кв", "kv"), ["ivan+kv5@mail.ru"]),
        ("i.van@gmail.com", ["i.van@gmail.com"]),
        # one mailbox, whichever way its domain is written
        ("ivan@почта.рф", ["ivan@xn--80a1acny.xn--p1ai"]),
        ("ivan@ПОЧТА.РФ.", ["ivan@xn--80a1acny.xn--p1ai"]),
        ("IVAN@XN--80A1ACNY.XN--P1AI", ["ivan@xn--80a1acny.xn--p1ai"]),
        ("ИВАН@ПОЧТА.РФ", ["иван@почта.рф"]),
        ("иван@xn--80a1acny.xn--p1ai", ["иван@почта.рф"]),
        ("support@mail.почта.рус", ["support@mail.xn--80a1acny.xn--p1acf"]),
        # NFC: й of one and of two characters
        ("сергей@почта.рф", ["сергей@почта.рф"]),
        ("серге" + "и\u0306@почта.рф", ["сергей@почта.рф"]),
        # what cannot be seen
        ("\ufeffivan@mail.ru\u200b", ["ivan@mail.ru"]),
        ("\u202aivan@mail.ru\u202c", ["ivan@mail.ru"]),
        ("iv\u00adan@ma\u200bil.ru", ["ivan@mail.ru"]),
        ("\u00a0ivan@mail.ru\t", ["ivan@mail.ru"]),
        # lists
        ("a@x.ru, b@x.ru", ["a@x.ru", "b@x.ru"]),
        ("a@x.ru;b@x.ru", ["a@x.ru", "b@x.ru"]),
        ("a@x.ru\r\nb@x.ru\n", ["a@x.ru", "b@x.ru"]),
        ("a@x.ru,, ;b@x.ru;", ["a@x.ru", "b@x.ru"]),
        ("A@x.ru, a@X.RU.", ["a@x.ru"]),
        # names
        ("Иван <a@b.ru>", ["a@b.ru"]),
        ('"Петров, Иван" <a@b.ru>, <c@d.ru>', ["a@b.ru", "c@d.ru"]),
        ("", []),
        (None, []),
        (" \n ", []),
        (" ,;\u200b, ", []),
    ],
)
def test_good_texts(typed, expected):
    assert normals(typed) == expected
    assert codes(typed) == []


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ivan petrov@mail.example", ["space"]),
        ("q nov@mail.ru", ["space"]),
        ("ivan@mail.ru petrov@mail.ru", ["many_at"]),
        ("ivan@ mail.ru", ["space"]),
        ("ivan\u2003petrov@mail.ru", ["space"]),
        ("ivan@mail", ["no_dot"]),
        ("ivan@localhost.", ["no_dot"]),
        ("@mail.ru", ["no_local"]),
        ("ivan@", ["no_domain"]),
        ("нет", ["no_at"]),
        ("ivan.mail.ru", ["no_at"]),
        ("ivan＠mail.ru", ["no_at"]),
        ("ivan@mail..ru", ["dots"]),
        ("ivan@mail.ru..", ["dots"]),
        ("ivan@.mail.ru", ["dots"]),
        ("ivan..petrov@mail.ru", ["dots"]),
        (".ivan@mail.ru", ["dots"]),
        ("ivan.@mail.ru", ["dots"]),
        ("ivan@mail.ru/petrov@mail.ru", ["many_at"]),
        ("ivan@@mail.ru", ["many_at"]),
        # letters of two alphabets
        ("ivan@mаil.ru", ["look_alike"]),
        ("ivan@mail.rи", ["look_alike"]),
        ("ivan@mail.ру", ["look_alike"]),
        ("ivan@уа.ru", ["look_alike"]),
        ("ivаn@mail.ru", ["look_alike"]),
        ("хор@mail.ru", ["look_alike"]),
        ("ivan@пoчта.рф", ["look_alike"]),
        ("ivan@xn--mil-5cd.ru", ["look_alike"]),  # mаil.ru, written by a program
        ("ivan@mail.сом", ["look_alike"]),
        # what no letter service takes
        ('"ivan petrov"@mail.ru', ["quoted"]),
        ('"ivan@petrov"@mail.ru', ["quoted"]),
        ("ivan@[192.0.2.1]", ["literal"]),
        ("ivan@office.local", ["special_domain"]),
        ("ivan@mail.test", ["special_domain"]),
        ("mailto:ivan@mail.ru", ["characters"]),
        ("ivan(home)@mail.ru", ["characters"]),
        ("ivan@ma_il.ru", ["characters"]),
        ("ivan@mail\uff0eru", ["characters"]),
        ("i№@mail.ru", ["characters"]),
        ("ivan@-mail.ru", ["syntax"]),
        ("ivan\x00@mail.ru", ["control"]),
        ("\u202eivan@mail.ru", ["control"]),
        ("a" * 65 + "@mail.ru", ["too_long"]),
        ("a@" + "b" * 64 + ".ru", ["too_long"]),
        ("a" * 60 + "@" + ".".join(["b" * 60] * 4) + ".ru", ["too_long"]),
        ("ivan@mail.ru" + "," * 2000, ["too_long"]),
        (",".join(f"a{n}@mail.ru" for n in range(21)), ["too_many"]),
        # names that hide another address
        ("petrov@mail.ru <ivan@mail.ru>", ["display_name"]),
        ("Иван <a@b.ru", ["display_name"]),
        ("Иван a@b.ru>", ["display_name"]),
        ("<a@b.ru> <c@d.ru>", ["display_name"]),
        ("Иван <a@b.ru> сын", ["display_name"]),
        ("Петров, Иван <a@b.ru>", ["no_at"]),
        # a comma for a dot: petrov is a stranger
        ("ivan,petrov@mail.ru", ["no_at"]),
        ("ivan@mail,ru", ["no_dot", "no_at"]),
        ("ivan@mail.ru, q nov@mail.ru", ["space"]),
        ("ivan@\nmail.ru", ["no_domain", "no_at"]),
    ],
)
def test_bad_texts_give_no_address_at_all(typed, expected):
    reading = read_addresses(typed)
    assert [problem.code for problem in reading.problems] == expected
    assert reading.addresses == ()
    assert set(expected) <= set(address_text.PROBLEM_CODES)


def test_a_problem_names_the_text_as_typed():
    (problem,) = read_addresses(" good@mail.ru;  Ivan Petrov@Mail.example ").problems
    assert problem.typed == "Ivan Petrov@Mail.example"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("ivan@gmial.com", "ivan@gmail.com"),
        ("ivan@gmail.con", "ivan@gmail.com"),
        ("ivan@yandx.ru", "ivan@yandex.ru"),
        ("ivan@yadnex.ru", "ivan@yandex.ru"),
        ("ivan@maill.ru", "ivan@mail.ru"),
        ("ivan@mail.rи", "ivan@mail.ru"),
        ("ivan@mаil.ru", "ivan@mail.ru"),
        ("ivan@mail.ру", "ivan@mail.ru"),
        ("ivan@mаil.tu", "ivan@mail.ru"),
        ("хор@mail.ru", "xop@mail.ru"),
        ("ivan@mail.ru", ""),
        ("ivan@mai.ru", ""),  # the Aviation Institute
        ("ivan@vk.ru", ""),
        ("ivan@ok.ru", ""),
        ("ivan@gmail.ru", ""),
        ("ivan@почта.рф", ""),
    ],
)
def test_hints_are_only_said(typed, hint):
    reading = read_addresses(typed)
    item = (*reading.addresses, *reading.problems)[0]
    assert item.hint == hint
    assert reading.hints == (((typed, hint),) if hint else ())
    if reading.addresses:
        assert reading.normal == typed.replace("почта.рф", "xn--80a1acny.xn--p1ai")


@pytest.mark.parametrize(
    ("text", "wanted", "taken"),
    [
        ("ivan@gmial.com", ["ivan@gmail.com"], "ivan@gmail.com"),
        # the one stands inside the other: «ba@gmail.comm» is a stranger
        ("a@gmail.co, ba@gmail.com", ["a@gmail.com"], "a@gmail.com, ba@gmail.com"),
        # only what a person was shown
        ("a@gmial.com; b@yandx.ru", ["a@gmail.com"], "a@gmail.com, b@yandx.ru"),
        ("a@gmial.com; b@yandx.ru", ["a@gmail.com", "b@yandex.ru"], "a@gmail.com, b@yandex.ru"),
        ("a@gmial.com; b@yandx.ru", [], "a@gmial.com; b@yandx.ru"),
        ('"Петров, И." <p@gmial.com>, b@x.ru', ["p@gmail.com"], "p@gmail.com, b@x.ru"),
        ("ivan@mail.rи, q nov@x.ru", ["ivan@mail.ru"], "ivan@mail.ru, q nov@x.ru"),
        ("", ["a@x.ru"], ""),
        (None, ["a@x.ru"], ""),
    ],
)
def test_a_hint_is_taken_for_its_own_piece_alone(text, wanted, taken):
    assert take_hints(text, wanted) == taken


def test_no_provider_is_a_slip_of_another():
    for provider in address_text.PROVIDERS:
        assert read_addresses(f"ivan@{provider}").hints == ()


def test_one_address():
    assert read_address("Ivan@mail.ru").normal == "ivan@mail.ru"
    assert read_address("").normal == ""
    (problem,) = read_address("a@x.ru, b@x.ru").problems
    assert problem.code == "several"
    assert read_addresses("a@x.ru, b@x.ru").normal == ""


def test_same_addresses_in_other_words():
    assert is_text_of("B@x.ru; a@X.ru", ("a@x.ru", "b@x.ru"))
    assert not is_text_of("a@x.ru", ("a@x.ru", "b@x.ru"))
    assert not is_text_of("a @x.ru", ())


def test_forms_of_a_domain_are_one():
    (one,) = read_addresses("ivan@почта.рф").addresses
    assert one.shown == "ivan@почта.рф"
    assert read_addresses(one.shown).normals == read_addresses(one.normal).normals


# --- made-up texts ---------------------------------------------------------------------------------

ALPHABET = "abivnpetrovmailruxnАаоеиванрфЙ019.@@@,;<>\"' \t\n-_+=()\\/:№\u00a0\u200b\u202e\u202a\u00ad\u0306＠．İßſ한"
TEXTS = st.text(alphabet=ALPHABET, max_size=60) | st.text(max_size=40)
GOOD = st.sampled_from(
    [
        "ivan@mail.ru",
        "Petrov@Mail.ru.",
        "a+b@ya.ru",
        "ИВАН@ПОЧТА.РФ",
        "o'neil@xn--80a1acny.xn--p1ai",
        '"Петров, И." <p@list.ru>',
    ]
)
SMUDGED = st.lists(GOOD | TEXTS, max_size=4).flatmap(
    lambda parts: st.sampled_from([",", ";", "\n", " ", "", ", ", "."]).map(
        lambda glue: glue.join(parts)
    )
)


def flatten(text):
    """Another way to the letters of a text, so that an address can be looked for in it."""
    text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
    return re.sub(r"xn--[a-z0-9-]+", lambda label: read_label(label.group()), text)


def read_label(label):
    try:
        return idna.ulabel(label)
    except UnicodeError:
        return label


@settings(max_examples=EXAMPLES, deadline=None)
@given(TEXTS | SMUDGED)
def test_mutated_an_address_stands_whole_in_what_was_typed(text):
    reading = read_addresses(text)
    assert not (reading.addresses and reading.problems)
    flat = flatten(text)
    for address in reading.addresses:
        assert address.typed in text
        # as a whole: nothing that could belong to an address touches it on either side
        places = [
            (flat[: found.start()].rstrip(" \t\u00a0"), flat[found.end() :].lstrip(". \t\u00a0"))
            for found in re.finditer(f"(?={re.escape(address.shown)})", flat)
            for found in [re.compile(re.escape(address.shown)).match(flat, found.start())]
        ]
        assert any(
            not (before[-1:].isalnum() or after[:1].isalnum()) for before, after in places
        ), (text, address)


@settings(max_examples=EXAMPLES, deadline=None)
@given(TEXTS | SMUDGED)
def test_mutated_reading_again_changes_nothing(text):
    reading = read_addresses(text)
    assert read_addresses(reading.text).normals == reading.normals
    for address in reading.addresses:
        assert read_address(address.normal).normal == address.normal
        assert read_address(address.shown).normal == address.normal
        assert address.normal == address.normal.lower()
        assert not any(char.isspace() for char in address.normal)
        assert address.normal.count("@") == 1


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(GOOD | TEXTS, max_size=4), st.sampled_from([",", ";", "\n", ", ", ";\r\n"]))
def test_mutated_a_list_is_its_pieces(pieces, glue):
    """No address is made of pieces of two, and none of a list with a bad piece."""
    pieces = [piece for piece in pieces if not set(piece) & set('"<>' + address_text.SEPARATORS)]
    alone = [read_addresses(piece) for piece in pieces]
    reading = read_addresses(glue.join(pieces))
    if any(each.problems for each in alone):
        assert reading.addresses == ()
        assert len(reading.problems) == sum(len(each.problems) for each in alone)
    else:
        assert list(reading.normals) == list(
            dict.fromkeys(normal for each in alone for normal in each.normals)
        )


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(["ivan", "a.b", "x+y"]), st.sampled_from(" ,;\t\n\u00a0"), st.data())
def test_mutated_a_blank_or_comma_for_a_dot_reaches_no_stranger(local, slip, data):
    """The fault of the old parser: the part after the slip is somebody else's mailbox."""
    address = f"{local}.petrov@mail.example.com"
    place = data.draw(st.sampled_from([n for n, char in enumerate(address) if char == "."]))
    assert read_addresses(address[:place] + slip + address[place + 1 :]).addresses == ()


def test_the_domain_of_a_sender_is_that_of_the_dns():
    assert address_text.get_domain("УК <Office@Пример.РФ>") == "xn--e1afmkfd.xn--p1ai"
    assert address_text.get_domain("two@a.example.com, three@b.example.com") == ""
    assert address_text.get_domain(None) == ""
