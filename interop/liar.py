"""An OpenID provider that says whatever a test wants, to see who believes it.

Its only keys are those of `Mint`. It lets everybody in: there is no page, a test goes straight to the client with
the answer.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from flask import Flask, request

from flask_apps import Mint, serving


@dataclass
class Liar:
    """A running one: honest but for what a test changes in it."""

    mint: Mint
    metadata: dict
    client_id: str
    # Where each request for a token came in, and what it brought.
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    nonce: str = ""
    answer: Callable[["Liar"], object] = lambda liar: liar.tokens()

    @property
    def issuer(self) -> str:
        """Its name."""
        return self.mint.url

    def answers(self, led: str) -> dict[str, str]:
        """The answer to the authorization request that somebody was led to, as parameters for the callback."""
        sent = {name: value for name, (value,) in parse_qs(urlsplit(led).query).items()}
        self.nonce = sent["nonce"]
        return {"code": "the-code", "state": sent["state"], "iss": self.issuer}

    def id_token(self, header: dict | None = None, **claims: object) -> str:
        """A good one but for what is given; None takes something away."""
        claims = {"aud": self.client_id, "nonce": self.nonce, "sub": "somebody", "name": "Some Body"} | claims
        return self.mint.token({"typ": "JWT"} | (header or {}), **claims)

    def tokens(self, **tokens: object) -> dict:
        """What its token endpoint answers, good but for what is given."""
        good = {"token_type": "Bearer", "access_token": "opaque", "expires_in": 60, "id_token": self.id_token()}
        return good | tokens


@contextmanager
def lying(client_id: str = "flask-app") -> Iterator[Liar]:
    """A running one, for a client of that name."""
    app = Flask(__name__)
    with serving(app) as url:
        metadata = {
            "issuer": url,
            "authorization_endpoint": f"{url}/auth",
            "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        liar = Liar(Mint(url), metadata, client_id)

        def token() -> object:
            liar.asked.append((request.path, request.form.to_dict()))
            return liar.answer(liar)

        app.add_url_rule("/.well-known/openid-configuration", "metadata", lambda: metadata)
        app.add_url_rule("/keys", "keys", lambda: {"keys": liar.mint.keys()})
        app.add_url_rule("/token", "token", token, methods=["POST"])
        app.add_url_rule("/elsewhere", "elsewhere", token, methods=["GET", "POST"])
        yield liar
