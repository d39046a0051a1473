"""Multinomial logistic regression on sparse and dense features side by side: what training spends its time on."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

MOST_STEPS = 150
PRECISION = 1e-3
"""Largest gradient, as a share of an example, at which training ends."""


class Fitted(NamedTuple):
    """Classes with their weights: sparse columns first, then dense ones."""

    classes: list[str]
    weights: np.ndarray
    bias: np.ndarray


def fit_softmax(sparse: csr_matrix, dense: np.ndarray, labels: list[str], strength: float) -> Fitted:
    """Minimise the loss of the labels plus |weights|² / (2 · strength).

    It is scikit-learn's `LogisticRegression(C=strength)`, which takes one matrix: with 512 dense columns in sparse form
    that needs three times as long.

    Args:
        sparse: shape (examples, s).
        dense: shape (examples, d), float32.
        labels: one of at least two classes for each example.
        strength: inverse regularisation.
    """
    classes = sorted(set(labels))
    target = np.zeros((len(labels), len(classes)), dtype=np.float32)
    target[np.arange(len(labels)), [classes.index(label) for label in labels]] = 1
    used = np.unique(sparse.indices)
    own, across = sparse[:, used].tocsr(), sparse[:, used].T.tocsr()
    shapes = ((len(used), len(classes)), (dense.shape[1], len(classes)), (1, len(classes)))
    ends = np.cumsum([rows * columns for rows, columns in shapes])

    def parts(point: np.ndarray) -> list[np.ndarray]:
        return [part.reshape(shape) for part, shape in zip(np.split(point, ends[:-1]), shapes, strict=True)]

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        of_sparse, of_dense, bias = parts(point.astype(np.float32))
        scores = own @ of_sparse + dense @ of_dense + bias
        scores -= scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        total = powers.sum(axis=1, keepdims=True)
        wrong = powers / total - target
        weighed = point[: ends[1]]
        value = float(np.log(total).sum() - (scores * target).sum()) + float(weighed @ weighed) / (2 * strength)
        slopes = np.concatenate([(across @ wrong).ravel(), (dense.T @ wrong).ravel(), wrong.sum(axis=0)])
        slopes = slopes.astype(np.float64)
        slopes[: ends[1]] += weighed / strength
        return value, slopes

    options = {"maxiter": MOST_STEPS, "maxcor": 8, "gtol": PRECISION * len(labels) ** 0.5}
    found = minimize(loss, np.zeros(ends[-1]), jac=True, method="L-BFGS-B", options=options)
    of_sparse, of_dense, bias = parts(found.x.astype(np.float32))
    weights = np.zeros((len(classes), sparse.shape[1] + dense.shape[1]), dtype=np.float32)
    weights[:, used], weights[:, sparse.shape[1] :] = of_sparse.T, of_dense.T
    return Fitted(classes, weights, bias[0])
