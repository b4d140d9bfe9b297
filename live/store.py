"""The images that the live channel may read, each reached only by the unguessable token of the page that owns it."""

import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cnn_core.arguments import Array

MAX_IMAGES = 512
MAX_BYTES = 192_000_000


class SessionLock:
    """A lock for what sessions hold. One that ends may be collected anywhere, so its leaving never waits for the lock."""

    def __init__(self, forget: Callable[[str], None]) -> None:
        self._forget, self._left, self._lock = forget, deque[str](), threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the lock; whoever left meanwhile is forgotten."""
        with self._lock:
            self._sweep()
            yield
            self._sweep()

    def leave(self, name: str) -> None:
        """Forget a name now, or, while someone holds the lock, when they are done."""
        self._left.append(name)
        if self._lock.acquire(blocking=False):
            try:
                self._sweep()
            finally:
                self._lock.release()

    def _sweep(self) -> None:
        while self._left:
            self._forget(self._left.popleft())


class ImageStore:
    """Prepared images by token, least recently used out. Equal images are held once, whoever put them.

    >>> import numpy as np
    >>> store = ImageStore()
    >>> token = store.put(np.zeros((1, 2, 2), np.float32), "digest")
    >>> store.get(token).shape, store.get("guess")
    ((1, 2, 2), None)
    """

    def __init__(self, max_images: int = MAX_IMAGES, max_bytes: int = MAX_BYTES) -> None:
        self._max_images, self._max_bytes = max_images, max_bytes
        self._tokens: OrderedDict[str, str] = OrderedDict()  # token -> digest
        self._images: dict[str, Array] = {}  # digest -> image
        self._owners: dict[str, int] = {}  # digest -> number of tokens
        self._lock = SessionLock(self._drop)

    def put(self, image: Array, digest: str, token: str | None = None) -> str:
        """Hold a read-only image under its content's digest; returns the token, a new one unless one is given."""
        with self._lock.taken():
            token = token or secrets.token_urlsafe(24)
            self._drop(token)
            self._images.setdefault(digest, image)
            self._owners[digest] = self._owners.get(digest, 0) + 1
            self._tokens[token] = digest
            while len(self._tokens) > 1 and (len(self._tokens) > self._max_images or self.bytes > self._max_bytes):
                self._drop(next(iter(self._tokens)))
            return token

    def get(self, token: object) -> Array | None:
        """The image of this token, or None."""
        with self._lock.taken():
            digest = self._tokens.get(token) if isinstance(token, str) else None
            if digest is None:
                return None
            self._tokens.move_to_end(str(token))
            return self._images[digest]

    def release(self, token: str) -> None:
        """Forget a token; the image goes with its last one."""
        self._lock.leave(token)

    @property
    def bytes(self) -> int:
        return sum(image.nbytes for image in self._images.values())

    def __len__(self) -> int:
        return len(self._tokens)

    def _drop(self, token: str) -> None:
        digest = self._tokens.pop(token, None)
        if digest is None:
            return
        self._owners[digest] -= 1
        if not self._owners[digest]:
            del self._owners[digest], self._images[digest]


STORE = ImageStore()


class Ticket:
    """A session's hold on one image: when the session ends and this object goes, so does the token."""

    def __init__(self, store: ImageStore = STORE) -> None:
        self._store, self.digest = store, ""
        self.token = secrets.token_urlsafe(24)

    def show(self, image: Array, digest: str) -> str:
        """Let the live channel read this image under the session's token."""
        if digest != self.digest or self._store.get(self.token) is None:
            self._store.put(image, digest, self.token)
            self.digest = digest
        return self.token

    def __del__(self) -> None:
        self._store.release(self.token)
