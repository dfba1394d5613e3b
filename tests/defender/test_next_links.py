"""A link to the next page carries our token: it is followed to Graph's security lists and nowhere else."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender import errors, graph

GOOD = "https://graph.microsoft.com/v1.0/security/incidents?$skiptoken=abc"


@pytest.mark.parametrize(
    "link",
    [
        GOOD,
        GOOD.replace("graph.", "GRAPH."),
        GOOD.replace(".com/", ".com:443/"),
        GOOD.replace("incidents", "incidents/29/alerts"),
        GOOD + "%2F..%2F&$top=50",
    ],
)
def test_graphs_own_links_are_followed(link):
    assert graph.guarded(link) == link


@pytest.mark.parametrize(
    "link",
    [
        "",
        "nonsense",
        "/v1.0/security/incidents",
        GOOD.replace("https", "http"),
        GOOD.replace("microsoft", "micros0ft"),
        GOOD.replace(".com", ".com.example.org"),
        GOOD.replace(".com", ".com:8443"),
        GOOD.replace(".com", ".com:x"),
        GOOD.replace("//", "//user@"),
        GOOD.replace("//", "//graph.microsoft.com@example.org/"),
        GOOD.replace("//", "//@"),
        GOOD.replace("v1.0", "beta"),
        GOOD.replace("security", "users"),
        GOOD.replace("/security", ""),
        GOOD.replace("incidents", "../users"),
        GOOD.replace("incidents", "%2e%2e/users"),
        GOOD.replace("incidents", "%252e%252e/users"),
        GOOD.replace("incidents", ".%2E/users"),
        GOOD.replace("incidents", "x\\..\\y"),
        GOOD.replace("incidents", "x%5c..%5cy"),
        GOOD + "#x",
        GOOD + "\n",
        "\t" + GOOD,
        GOOD.replace("incidents", "inci\x00dents"),
        GOOD.replace("incidents", "inci\x7fdents"),
        GOOD.replace("incidents", "inci dents"),
        GOOD.replace("graph", "gr\u0430ph"),
        GOOD.replace("incidents", "inci\x85dents"),
        GOOD.replace(".com", ".com\uff0f"),
        GOOD.replace("graph.microsoft.com", "[::1]"),
        GOOD + "x" * 70_000,
    ],
)
def test_any_other_link_is_refused(link):
    with pytest.raises(errors.Untrustworthy, match="leads elsewhere"):
        graph.guarded(link)


PIECES = st.sampled_from(
    [
        "https://",
        "http://",
        "graph.microsoft.com",
        "example.org",
        "@",
        ":443",
        ":80",
        "/v1.0/security/",
        "..",
        "%2e%2e",
        "%252e",
        "/",
        "//",
        "\\",
        "#",
        "?",
        "x",
        ".",
        "\t",
        "\u2025",
        "[",
        "]",
        ";",
        "%00",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join)))
def test_whatever_is_let_through_reaches_graph_as_the_http_client_reads_it(link):
    try:
        url = httpx.URL(graph.guarded(link))
    except errors.Untrustworthy:
        return
    assert (url.scheme, url.host, url.port, url.userinfo, url.fragment) == (
        "https",
        "graph.microsoft.com",
        None,
        b"",
        "",
    )
    assert url.path.startswith("/v1.0/security/")
    assert ".." not in url.path


def test_a_refused_link_is_never_asked(microsoft):
    with pytest.raises(errors.Untrustworthy):
        microsoft.graph().linked_page("https://example.org/v1.0/security/incidents")
    assert microsoft.requests == []
