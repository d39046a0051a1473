"""Our own fit is scikit-learn's logistic regression, only faster."""

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from bot.nlu.softmax import fit_softmax


def test_it_finds_the_weights_that_scikit_learn_finds() -> None:
    rng = np.random.default_rng(7)
    sparse = csr_matrix((rng.random((300, 40)) > 0.8).astype(np.float32))
    dense = rng.normal(size=(300, 8)).astype(np.float32)
    warm, loud = dense[:, 0] + sparse[:, [0]].toarray()[:, 0] * 2 > 0.3, dense[:, 1] > 0.5
    labels = [str(int(one) + int(other)) for one, other in zip(warm, loud, strict=True)]
    fitted = fit_softmax(sparse, dense, labels, 1.0)
    theirs = LogisticRegression(C=1.0, max_iter=1000, tol=1e-6).fit(hstack([sparse, csr_matrix(dense)]), labels)
    assert fitted.classes == list(theirs.classes_)
    np.testing.assert_allclose(fitted.weights, theirs.coef_, atol=0.02)


def test_a_gram_that_no_example_holds_weighs_nothing() -> None:
    sparse = csr_matrix(np.array([[1, 0], [1, 0], [0, 0]], dtype=np.float32))
    fitted = fit_softmax(sparse, np.zeros((3, 1), np.float32), ["a", "a", "b"], 1.0)
    assert (fitted.weights[:, 1] == 0).all()
