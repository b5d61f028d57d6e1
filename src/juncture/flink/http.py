"""Requests to Flink's REST service: bounded in time, with its own words when it refuses."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from juncture.errors import JunctureError, Refused, Unreachable

_TIMEOUT = httpx2.Timeout(10, connect=3)
_ATTEMPTS = 3
_BUSY = (502, 503, 504)
_STACK = re.compile(r"\n\s*(?:at |\.\.\. |Caused by: ).*", re.DOTALL)
_CLASS = re.compile(r"^(?:[a-z_][\w$]*\.)+[A-Z][\w$]*: ")
_PLACE = re.compile(r"(https?://)(?:[^/?#]*@)?([^/?#@]+)", re.IGNORECASE)
"""An address without a login, and without what is asked for there."""
_LONGEST_QUERY = 3_500
"""Characters of what is asked for at once: Flink reads a request's first line up to 4096, and the path is in it."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class NotFound(Refused):
    """Flink knows nothing under that address: a job that it has forgotten, or never had."""


class Forbidden(Unreachable):
    """The service, or what stands before it, does not let this user ask that."""


class Http:
    """A connection to one Flink cluster. Use as a context manager, or `close()` it.

    Args:
        base_url: 'http://host:8081', with a path where a proxy serves it under one.
        headers: sent with every request, expanded; they are shown in no error.
        ca_file: a PEM file of authorities to trust, instead of the system's.
    """

    def __init__(
        self, base_url: str, headers: Mapping[str, str] | None = None, ca_file: str | None = None
    ) -> None:
        self.base_url = base_url.rstrip("/")
        for name, value in (headers or {}).items():
            # What is sent would refuse it with its value in the error.
            if value != value.strip() or any(ord(each) < 0x20 or ord(each) == 0x7F for each in value):
                raise JunctureError(
                    f"the value of the header '{name}' begins or ends with a blank, or has a line break in it",
                    remedy="correct the variable that flink.headers of the environment in juncture.toml names",
                )
        try:
            address = urlsplit(base_url)
            # A name with an empty part, or with one that is too long, would be told of when it is asked.
            (address.hostname or "").encode("idna")
            self._client = httpx2.Client(
                headers=dict(headers or {}),
                timeout=_TIMEOUT,
                trust_env=(address.hostname or "") not in _LOOPBACK,
                # To read the system's authorities takes as long as ten requests, and plain HTTP needs none.
                verify=ssl.create_default_context(cafile=ca_file) if ca_file else address.scheme == "https",
            )
        except (UnicodeError, ValueError, ssl.SSLError, OSError) as error:
            # Not the error's own words: they may quote a header.
            raise JunctureError(
                f"no client can be made for Flink at {self.base_url} ({type(error).__name__})",
                remedy="correct flink.rest, flink.ca_file and flink.headers of the environment in juncture.toml",
            ) from None

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON under a path. Tried again while the service is away or overloaded, for some seconds.

        Raises:
            NotFound: there is nothing under that path.
            Refused: any other 4xx, with Flink's message.
            Forbidden: 401 or 403, an Unreachable.
            Unreachable: no answer, a 5xx, or an answer that is not Flink's.
        """
        attempts = Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(multiplier=0.3, max=2),
            retry=retry_if_exception(_may_pass),
            reraise=True,
        )
        try:
            response = attempts(self._get, path, params)
        except httpx2.HTTPStatusError as error:
            response = error.response
        except httpx2.HTTPError as error:
            raise self._silent(error) from None
        return self._read(response)

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A request that changes something: sent once. Raises as `get` does."""
        try:
            response = self._client.request(method, self.base_url + path, json=body)
        except httpx2.HTTPError as error:
            raise self._silent(error) from None
        return self._read(response)

    def _get(self, path: str, params: Mapping[str, str] | None) -> httpx2.Response:
        response = self._client.get(self.base_url + path, params=params)
        if response.status_code in _BUSY:
            response.raise_for_status()
        return response

    def _read(self, response: httpx2.Response) -> Any:
        code = response.status_code
        try:
            answer = response.json() if response.content else {}
        except ValueError:
            answer = None
        if code < 300 and answer is not None:
            return answer
        said = _said(answer)
        if code == 404 and said:
            raise NotFound(said)
        if code in (401, 403):
            raise Forbidden(
                f"Flink at {self.base_url} refused the request ({code})",
                remedy="check flink.headers of the environment in juncture.toml, and the variables they name",
            )
        if 300 <= code < 400:
            to = _PLACE.match(response.headers.get("Location", ""))
            raise Unreachable(
                f"what answers at {self.base_url} sends requests on{f' to {to[1]}{to[2]}' if to else ''} (HTTP {code})",
                remedy="if Flink is there, write that address into flink.rest of the environment in juncture.toml; if"
                " it is a login, give what it wants in flink.headers",
            )
        if not said and code >= 500:
            raise Unreachable(
                f"what stands before Flink at {self.base_url} got no answer from it (HTTP {code})",
                remedy="see whether the JobManager runs, and run the command again; if it does, correct flink.rest of"
                " the environment in juncture.toml",
            )
        if not said:
            raise Unreachable(
                f"what answers at {self.base_url} is not Flink's REST service (HTTP {code})",
                remedy="correct flink.rest of the environment in juncture.toml",
            )
        if code < 500:
            raise Refused(f"Flink at {self.base_url} refused: {said}")
        raise Unreachable(
            f"Flink at {self.base_url} failed: {said}", remedy="see the JobManager's log for the cause"
        )

    def _silent(self, error: httpx2.HTTPError) -> Unreachable:
        slow = isinstance(error, httpx2.TimeoutException)
        why = "no answer in time" if slow else str(error) or type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in why:
            return Unreachable(
                f"no trusted connection to the Flink cluster at {self.base_url}: {why}",
                remedy="name the PEM file of its certificate's authority in flink.ca_file of juncture.toml",
            )
        return Unreachable(
            f"the Flink cluster at {self.base_url} cannot be reached: {why}",
            remedy="check flink.rest in juncture.toml and that a cluster runs there; "
            "the local one is started by `juncture local up`",
        )


def message(trace: str) -> str:
    """The message at the head of a Java stack trace, without the exception's class and the frames."""
    return _CLASS.sub("", _STACK.sub("", trace.strip())).strip()


def in_requests(names: Iterable[str]) -> Iterator[list[str]]:
    """Names, such as of metrics, in as many lists as there have to be requests for them."""
    part: list[str] = []
    length = 0
    for name in names:
        took = len(quote(name, safe="")) + len("%2C")
        if part and length + took > _LONGEST_QUERY:
            yield part
            part, length = [], 0
        part.append(name)
        length += took
    if part:
        yield part


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, httpx2.HTTPStatusError):
        return True
    return isinstance(error, httpx2.TransportError) and not isinstance(error, httpx2.UnsupportedProtocol)


def _said(answer: Any) -> str:
    errors = answer.get("errors") if isinstance(answer, dict) else None
    found = [message(str(each)) for each in errors or () if each]
    return found[-1] if found else ""
