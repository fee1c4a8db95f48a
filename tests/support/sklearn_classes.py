"""Every class of scikit-learn, by what it does with the rows that it is fitted on.

A class that is new in scikit-learn stands in none of the groups, and a test fails until it does.
"""

import numpy as np
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
from sklearn.utils import all_estimators

EVERY = dict(all_estimators())

# Classes that learn nothing from rows, in the settings named; the other settings are void.
LEARN_NOTHING = {
    "AdditiveChi2Sampler": {},
    "Binarizer": {},
    "CountVectorizer": {"vocabulary": ["yes", "no"]},
    "FeatureHasher": {"n_features": 4, "input_type": "string"},
    "FunctionTransformer": {"func": np.sign},
    "GaussianRandomProjection": {"n_components": 2, "random_state": 0},
    "HashingVectorizer": {"n_features": 4},
    "MissingIndicator": {"features": "all"},
    "Normalizer": {},
    "OneHotEncoder": {"categories": [[0.0, 1.0]] * 3, "handle_unknown": "ignore"},
    "OrdinalEncoder": {
        "categories": [[0.0, 1.0]] * 3,
        "handle_unknown": "use_encoded_value",
        "unknown_value": -1,
    },
    "PatchExtractor": {"patch_size": (2, 2)},
    "PolynomialCountSketch": {"random_state": 0},
    "PolynomialFeatures": {},
    "RBFSampler": {"random_state": 0},
    "SimpleImputer": {"strategy": "constant", "fill_value": 0.0, "keep_empty_features": True},
    "SkewedChi2Sampler": {"random_state": 0},
    "SparseRandomProjection": {"n_components": 2, "random_state": 0},
    "SplineTransformer": {"knots": np.array([[0.0] * 3, [0.5] * 3, [1.0] * 3])},
    "TfidfTransformer": {"use_idf": False},
}
# Classes that fit estimators: each is built below.
META = {
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "BaggingClassifier",
    "BaggingRegressor",
    "CalibratedClassifierCV",
    "ClassifierChain",
    "ColumnTransformer",
    "FeatureUnion",
    "FixedThresholdClassifier",
    "FrozenEstimator",
    "GridSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "IterativeImputer",
    "MultiOutputClassifier",
    "MultiOutputRegressor",
    "OneVsOneClassifier",
    "OneVsRestClassifier",
    "OutputCodeClassifier",
    "Pipeline",
    "RANSACRegressor",
    "RFE",
    "RFECV",
    "RandomizedSearchCV",
    "RegressorChain",
    "SelectFromModel",
    "SelfTrainingClassifier",
    "SequentialFeatureSelector",
    "StackingClassifier",
    "StackingRegressor",
    "TransformedTargetRegressor",
    "TunedThresholdClassifierCV",
    "VotingClassifier",
    "VotingRegressor",
}
CANNOT_HOLD_DP = {
    "AdaBoostClassifier": "its estimator must take sample_weight, which DP estimators refuse",
    "IterativeImputer": "it imputes by regressions on the rows, and no DP regressor draws samples",
}
# Everything else, by name.
LEARN = """
ARDRegression AffinityPropagation AgglomerativeClustering BayesianGaussianMixture BayesianRidge
BernoulliNB BernoulliRBM Birch BisectingKMeans CCA CategoricalNB ClassicalMDS ComplementNB DBSCAN
DecisionTreeClassifier DecisionTreeRegressor DictVectorizer DictionaryLearning DummyClassifier
DummyRegressor ElasticNet ElasticNetCV EllipticEnvelope EmpiricalCovariance ExtraTreeClassifier
ExtraTreeRegressor ExtraTreesClassifier ExtraTreesRegressor FactorAnalysis FastICA
FeatureAgglomeration GammaRegressor GaussianMixture GaussianNB GaussianProcessClassifier
GaussianProcessRegressor GenericUnivariateSelect GradientBoostingClassifier
GradientBoostingRegressor GraphicalLasso GraphicalLassoCV HDBSCAN HistGradientBoostingClassifier
HistGradientBoostingRegressor HuberRegressor IncrementalPCA IsolationForest Isomap
IsotonicRegression KBinsDiscretizer KMeans KNNImputer KNeighborsClassifier KNeighborsRegressor
KNeighborsTransformer KernelCenterer KernelDensity KernelPCA KernelRidge LabelBinarizer LabelEncoder
LabelPropagation LabelSpreading Lars LarsCV Lasso LassoCV LassoLars LassoLarsCV LassoLarsIC
LatentDirichletAllocation LedoitWolf LinearDiscriminantAnalysis LinearRegression LinearSVC LinearSVR
LocalOutlierFactor LocallyLinearEmbedding LogisticRegression LogisticRegressionCV MDS MLPClassifier
MLPRegressor MaxAbsScaler MeanShift MinCovDet MinMaxScaler MiniBatchDictionaryLearning
MiniBatchKMeans MiniBatchNMF MiniBatchSparsePCA MultiLabelBinarizer MultiTaskElasticNet
MultiTaskElasticNetCV MultiTaskLasso MultiTaskLassoCV MultinomialNB NMF NearestCentroid
NearestNeighbors NeighborhoodComponentsAnalysis NuSVC NuSVR Nystroem OAS OPTICS OneClassSVM
OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV PCA PLSCanonical PLSRegression PLSSVD
PassiveAggressiveClassifier PassiveAggressiveRegressor Perceptron PoissonRegressor PowerTransformer
QuadraticDiscriminantAnalysis QuantileRegressor QuantileTransformer RadiusNeighborsClassifier
RadiusNeighborsRegressor RadiusNeighborsTransformer RandomForestClassifier RandomForestRegressor
RandomTreesEmbedding Ridge RidgeCV RidgeClassifier RidgeClassifierCV RobustScaler SGDClassifier
SGDOneClassSVM SGDRegressor SVC SVR SelectFdr SelectFpr SelectFwe SelectKBest SelectPercentile
ShrunkCovariance SparseCoder SparsePCA SpectralBiclustering SpectralClustering SpectralCoclustering
SpectralEmbedding StandardScaler TSNE TargetEncoder TfidfVectorizer TheilSenRegressor TruncatedSVD
TweedieRegressor VarianceThreshold
""".split()  # noqa: SIM905
