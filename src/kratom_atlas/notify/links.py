"""The addresses that messages lead to: signed, and whole, since mail is read elsewhere."""

from __future__ import annotations

import re
from typing import Final

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.subscription import Subscription
from kratom_atlas.notify.tokens import Purpose, Tokens

__all__ = ["Links"]

# `https://atlas.example.org`, `https://example.org/kratom/`
_BASE: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?", re.ASCII)


class Links:
    """Links into the service at `base_url`.

    Raises:
        AtlasError: `base_url` is no address of the web.
    """

    def __init__(self, base_url: str, tokens: Tokens) -> None:
        if not _BASE.fullmatch(base_url):
            raise AtlasError(
                "KRATOM_ATLAS_BASE_URL is not set to the address of this site: messages need it "
                "for their links"
                if not base_url
                else f"KRATOM_ATLAS_BASE_URL is no address of the web: {base_url[:80]!r}"
            )
        self._root = base_url.rstrip("/")
        self._tokens = tokens

    def manage(self, subscription: Subscription) -> str:
        """Where it is changed, ended or erased."""
        return self._at(Purpose.MANAGE, subscription)

    def confirm(self, subscription: Subscription) -> str:
        """Where the owner of the address agrees."""
        return self._at(Purpose.CONFIRM, subscription, "/confirm")

    def leave(self, subscription: Subscription) -> str:
        """Where one POST ends it (RFC 8058)."""
        return self._at(Purpose.LEAVE, subscription, "/leave")

    def changes(self) -> str:
        """The page of all changes."""
        return f"{self._root}/changes/"

    def page(self, path: str) -> str:
        """A page of the site by its path, as `j/US-GA/`."""
        return f"{self._root}/{path}"

    def _at(self, purpose: Purpose, subscription: Subscription, step: str = "") -> str:
        return f"{self._root}/subscriptions/{self._tokens.make(purpose, subscription)}{step}"
