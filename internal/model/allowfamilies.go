package model

import "strings"

// family are names of one package that are clean in whichever of its modules they stand: between versions, packages move their classes
// from module to module, and a class is found nowhere but where it is defined or taken over from there.
type family struct {
	module string // the module or those below it
	names  map[string]bool
	used   bool // functions that may be named, but not called by the stream
}

// allowedFamilies are the classes that hold what a model has learnt, by their top-level package. Written from what the libraries pickle:
// none of them runs a function of its state when it is made or gets its state (sklearn.base.BaseEstimator.__setstate__, pandas.NDFrame,
// lightgbm.Booster and xgboost.Booster, which read their own formats). scipy.stats is left out on purpose: its distributions execute a text of their state.
var allowedFamilies = map[string][]family{
	"sklearn": {{module: "sklearn", names: newSet(`
		ARDRegression AbsoluteError AdaBoostClassifier AdaBoostRegressor AdamOptimizer AdditiveChi2Sampler AffinityPropagation AgglomerationTransform
		AgglomerativeClustering ArgKmin ArgKmin32 ArgKmin64 ArgKminClassMode ArgKminClassMode32 ArgKminClassMode64 ArrayDataset32 ArrayDataset64 ArraySlicingWrapper
		AttrsDict BLAS_Order BLAS_Trans BaggingClassifier BaggingRegressor BallTree BallTree32 BallTree64 BaseEstimator BayesianGaussianMixture BayesianRidge
		BernoulliNB BernoulliRBM BestFirstTreeBuilder BestSparseSplitter BestSplitter Binarizer BinaryCrossEntropy BinaryTree BinaryTree32 BinaryTree64 BinomialDeviance
		Birch BisectingKMeans BrayCurtisDistance BrayCurtisDistance32 BrayCurtisDistance64 Bunch CCA CSRDataset32 CSRDataset64 CalibratedClassifierCV CanberraDistance
		CanberraDistance32 CanberraDistance64 CategoricalCrossEntropy CategoricalEncoder CategoricalNB ChebyshevDistance ChebyshevDistance32 ChebyshevDistance64
		ClassicalMDS Classification ClassificationCriterion ClassifierChain ClassifierTags ColumnTransformer ComplementNB CompoundKernel ConstantKernel CountVectorizer
		Criterion CyAbsoluteError CyExponentialLoss CyHalfBinomialLoss CyHalfGammaLoss CyHalfMultinomialLoss CyHalfPoissonLoss CyHalfSquaredError CyHalfTweedieLoss
		CyHalfTweedieLossIdentity CyHuberLoss CyLossFunction CyPinballLoss DBSCAN DPGMM DecisionTreeClassifier DecisionTreeRegressor DenseDenseMiddleTermComputer32
		DenseDenseMiddleTermComputer64 DensePartitioner DeprecationDict DepthFirstTreeBuilder DiceDistance DiceDistance32 DiceDistance64 DictVectorizer
		DictionaryLearning DistanceMetric DistanceMetric32 DistanceMetric64 DotProduct DummyClassifier DummyRegressor ElasticNet ElasticNetCV EllipticEnvelope
		EmpiricalCovariance Entropy EpsilonInsensitive EuclideanArgKmin32 EuclideanArgKmin64 EuclideanDistance EuclideanDistance32 EuclideanDistance64
		EuclideanRadiusNeighbors32 EuclideanRadiusNeighbors64 ExpSineSquared ExponentialLoss Exponentiation ExtraTreeClassifier ExtraTreeRegressor ExtraTreesClassifier
		ExtraTreesRegressor FactorAnalysis FastICA FeatureAgglomeration FeatureHasher FeatureUnion FiniteStatus FixedThresholdClassifier ForestClassifier
		ForestRegressor FrozenEstimator FunctionTransformer GMM GammaRegressor GaussianMixture GaussianNB GaussianProcess GaussianProcessClassifier
		GaussianProcessRegressor GaussianRandomProjection GenericUnivariateSelect Gini GradientBoostingClassifier GradientBoostingRegressor GraphicalLasso
		GraphicalLassoCV GridSearchCV GroupKFold GroupShuffleSplit HDBSCAN HalfBinomialLoss HalfBinomialLossArrayAPI HalfGammaLoss HalfLogitLink HalfMultinomialLoss
		HalfMultinomialLossArrayAPI HalfPoissonLoss HalfPoissonLossArrayAPI HalfSquaredError HalfTweedieLoss HalfTweedieLossIdentity HalvingGridSearchCV
		HalvingRandomSearchCV HammingDistance HammingDistance32 HammingDistance64 HashingVectorizer HaversineDistance HaversineDistance32 HaversineDistance64 Hinge
		HistGradientBoostingClassifier HistGradientBoostingRegressor HistogramBuilder Huber HuberLoss HuberLossFunction HuberRegressor Hyperparameter IdentityLink
		Imputer IncrementalPCA InputTags IntFloatDict Interval IsolationForest Isomap IsotonicRegression IterativeImputer JaccardDistance JaccardDistance32
		JaccardDistance64 KBinsDiscretizer KDTree KDTree32 KDTree64 KFold KMeans KNNImputer KNeighborsClassifier KNeighborsRegressor KNeighborsTransformer
		KernelCenterer KernelDensity KernelPCA KernelRidge KulsinskiDistance32 KulsinskiDistance64 LDA LSHForest LabelBinarizer LabelEncoder LabelPropagation
		LabelSpreading Lars LarsCV Lasso LassoCV LassoLars LassoLarsCV LassoLarsIC LatentDirichletAllocation LeastAbsoluteError LeastSquares LeastSquaresError
		LeaveOneGroupOut LeaveOneOut LeavePGroupsOut LeavePOut LedoitWolf LinearDiscriminantAnalysis LinearModel LinearModelCV LinearModelLoss LinearRegression
		LinearSVC LinearSVR LocalOutlierFactor LocallyLinearEmbedding Log LogLink LogOddsEstimator LogisticRegression LogisticRegressionCV LogitLink LossFunction MAE
		MDS MLPClassifier MLPRegressor MSE MahalanobisDistance MahalanobisDistance32 MahalanobisDistance64 ManhattanDistance ManhattanDistance32 ManhattanDistance64
		MatchingDistance32 MatchingDistance64 Matern MaxAbsScaler MeanEstimator MeanShift MetadataRequest MetadataRouter MethodMapping MethodMetadataRequest MethodPair
		MiddleTermComputer32 MiddleTermComputer64 MinCovDet MinMaxScaler MiniBatchDictionaryLearning MiniBatchKMeans MiniBatchNMF MiniBatchSparsePCA MinkowskiDistance
		MinkowskiDistance32 MinkowskiDistance64 MissingIndicator MissingValues ModifiedHuber MultiLabelBinarizer MultiOutputClassifier MultiOutputLinearModel
		MultiOutputRegressor MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso MultiTaskLassoCV MultinomialDeviance MultinomialLogit MultinomialNB NMF
		NamespaceAndDevice NearestCentroid NearestNeighbors NeighborhoodComponentsAnalysis NeighborsBase NeighborsHeap32 NeighborsHeap64 NewtonCholeskySolver
		NoSampleWeightWrapper NodeHeap Normalizer NuSVC NuSVR Nystroem OAS OPTICS OneClassSVM OneHotEncoder OneVsOneClassifier OneVsRestClassifier OrdinalEncoder
		OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV OutputCodeClassifier PCA PLSCanonical PLSRegression PLSSVD PairwiseKernel ParameterGrid ParameterSampler
		ParamsDict PassiveAggressiveClassifier PassiveAggressiveRegressor PatchExtractor Perceptron PinballLoss Pipeline Poisson PoissonRegressor PolynomialCountSketch
		PolynomialFeatures PowerTransformer PredefinedSplit PresortBestSplitter PriorProbabilityEstimator Product ProjectedGradientNMF QDA QuadraticDiscriminantAnalysis
		QuantileEstimator QuantileLossFunction QuantileRegressor QuantileTransformer RANSACRegressor RBF RBFSampler RFE RFECV RadiusNeighbors RadiusNeighbors32
		RadiusNeighbors64 RadiusNeighborsClassMode RadiusNeighborsClassMode32 RadiusNeighborsClassMode64 RadiusNeighborsClassifier RadiusNeighborsRegressor
		RadiusNeighborsTransformer RandomForestClassifier RandomForestRegressor RandomSparseSplitter RandomSplitter RandomTreesEmbedding RandomizedLasso
		RandomizedLogisticRegression RandomizedPCA RandomizedSearchCV RationalQuadratic Regression RegressionCriterion RegressorChain RegressorTags RepeatedKFold
		RepeatedStratifiedKFold RequestMethod Ridge RidgeCV RidgeClassifier RidgeClassifierCV RobustScaler RogersTanimotoDistance32 RogersTanimotoDistance64
		RouterMappingPair RussellRaoDistance32 RussellRaoDistance64 SEuclideanDistance SEuclideanDistance32 SEuclideanDistance64 SGDClassifier SGDOneClassSVM
		SGDOptimizer SGDRegressor SVC SVR ScaledLogOddsEstimator SelectFdr SelectFpr SelectFromModel SelectFwe SelectKBest SelectPercentile SelfTrainingClassifier
		Sentinel SequentialDataset32 SequentialDataset64 SequentialFeatureSelector ShrunkCovariance ShuffleSplit SimpleImputer SkewedChi2Sampler SokalMichenerDistance32
		SokalMichenerDistance64 SokalSneathDistance32 SokalSneathDistance64 SparseCoder SparseDenseMiddleTermComputer32 SparseDenseMiddleTermComputer64 SparsePCA
		SparsePartitioner SparseRandomProjection SparseSparseMiddleTermComputer32 SparseSparseMiddleTermComputer64 SpectralBiclustering SpectralClustering
		SpectralCoclustering SpectralEmbedding SplineTransformer SplitInfo Splitter SquaredEpsilonInsensitive SquaredHinge SquaredLoss StackingClassifier
		StackingRegressor StandardScaler StdVectorSentinel StdVectorSentinelFloat64 StdVectorSentinelInt32 StdVectorSentinelInt64 StdVectorSentinelIntP
		StratifiedGroupKFold StratifiedKFold StratifiedShuffleSplit Sum TSNE Tags TargetEncoder TargetTags TfidfTransformer TfidfVectorizer TheilSenRegressor
		TimeSeriesSplit TransformedTargetRegressor TransformerTags Tree TreeBuilder TreeGrower TreeNode TreePredictor TreeUnionFind TruncatedSVD
		TunedThresholdClassifierCV TweedieRegressor UnionFind VBGMM VarianceThreshold VerboseReporter VotingClassifier VotingRegressor WMinkowskiDistance WeightVector32
		WeightVector64 WeightedEdge WeightedFenwickTree WhiteKernel ZeroEstimator _AlphaPruner _BinMapper _BinaryGaussianProcessClassifierLaplace _BisectingTree
		_CCPPruneController _CFNode _CFSubcluster _CVIterableWrapper _CalibratedClassifier _ConstantPredictor _CurveScorer _GeneralizedLinearRegressor
		_IdentityClassifier _IdentityRegressor _ImputerTriplet _MultiOutputEstimator _MultimetricScorer _PLS _PassthroughScorer _PathFinder _PredictScorer _ProbaScorer
		_QuadTree _RepeatedSplits _RidgeGCV _Scorer _SigmoidCalibration _SubsampleMetaSplitter _TemperatureScaling _ThresholdScorer _XT_CenterStackOp _X_CenterStackOp
		make_column_selector newObj`)}, {module: "sklearn", used: true, names: newSet(`chi2 f_classif f_regression f_oneway r_regression mutual_info_classif mutual_info_regression
		accuracy_score balanced_accuracy_score f1_score precision_score recall_score roc_auc_score log_loss mean_squared_error mean_absolute_error r2_score explained_variance_score median_absolute_error
		average_precision_score brier_score_loss matthews_corrcoef jaccard_score max_error root_mean_squared_error fbeta_score cohen_kappa_score rbf_kernel linear_kernel polynomial_kernel sigmoid_kernel
		cosine_similarity laplacian_kernel chi2_kernel additive_chi2_kernel euclidean_distances manhattan_distances cosine_distances _passthrough_scorer _kmeans_single_lloyd _kmeans_single_elkan strip_accents_unicode strip_accents_ascii`)}},
	"pandas": {{module: "pandas", names: newSet(`
		ArrowDtype ArrowExtensionArray ArrowStringArray ArrowStringArrayNumpySemantics BDay BMonthEnd Block BlockIndex BlockManager BlockPlacement BoolBlock
		BooleanArray BooleanDtype BusinessDay BusinessMonthBegin BusinessMonthEnd C_NAType Categorical CategoricalBlock CategoricalDtype CategoricalDtypeType
		CategoricalIndex ComplexBlock DataFrame DateOffset DatetimeArray DatetimeBlock DatetimeIndex DatetimeLikeBlock DatetimeTZBlock DatetimeTZDtype Day
		ExtensionBlock Flags Float32Dtype Float64Dtype Float64Index FloatBlock FloatingArray FrozenList FrozenNDArray Hour Index Int16Dtype Int32Dtype Int64Dtype
		Int64Index Int8Dtype IntBlock IntBlockIndex IntegerArray Interval IntervalArray IntervalDtype IntervalIndex LastWeekOfMonth Micro Milli Minute MonthBegin
		MonthEnd MultiIndex NA NAType NaT NaTType Nano NumericBlock NumericIndex NumpyBlock NumpyEADtype NumpyExtensionArray ObjectBlock PandasArray PandasDtype Period
		PeriodArray PeriodDtype PeriodIndex QuarterBegin QuarterEnd RangeIndex Second SemiMonthBegin SemiMonthEnd Series SingleBlockManager SparseArray SparseDataFrame
		SparseDtype SparseSeries StringArray StringArrayNumpySemantics StringDtype TimeDeltaBlock Timedelta TimedeltaArray TimedeltaIndex Timestamp UInt16Dtype
		UInt32Dtype UInt64Dtype UInt64Index UInt8Dtype Week WeekOfMonth YearBegin YearEnd _NAType __nat_unpickle __pyx_unpickle_BlockManager __pyx_unpickle_Interval
		__pyx_unpickle_IntervalMixin __pyx_unpickle_NDArrayBacked _nat_unpickle _new_DatetimeIndex _new_Index _new_IntervalIndex _new_PeriodIndex _timedelta_unpickle
		_unpickle_block _unpickle_timestamp make_block new_block`)}},
	"scipy": {
		{module: "scipy.sparse", names: newSet(`csr_matrix csc_matrix coo_matrix lil_matrix dok_matrix dia_matrix bsr_matrix csr_array csc_array coo_array lil_array dok_array dia_array bsr_array`)},
		{module: "scipy.spatial", names: newSet(`cKDTree KDTree cKDTreeNode Rotation`)},
		{module: "scipy.interpolate", names: newSet(`interp1d PPoly BPoly BSpline CubicSpline PchipInterpolator Akima1DInterpolator UnivariateSpline InterpolatedUnivariateSpline RegularGridInterpolator`)},
		{module: "scipy._lib.array_api_compat", used: true, names: newSet(`asarray`)},
		{module: "scipy.special", used: true, names: newSet(`expit logit softmax log_softmax inv_boxcox boxcox1p`)},
	},
	"numpy": {
		{module: "numpy", used: true, names: newSet(`log log1p log2 log10 exp expm1 sqrt square abs absolute sin cos tan tanh mean median std var min max sum argmax argmin sign cbrt reciprocal floor ceil round clip nan_to_num ufunc array asarray zeros ones`)},
		{module: "numpy.ma", names: newSet(`MaskedArray`)},
	},
	"lightgbm": {{module: "lightgbm", names: newSet(`Booster LGBMModel LGBMClassifier LGBMRegressor LGBMRanker _LGBMClassifier _InnerPredictor LGBMDeprecated`)}},
	"xgboost":  {{module: "xgboost", names: newSet(`Booster XGBModel XGBClassifier XGBRegressor XGBRanker XGBRFClassifier XGBRFRegressor`)}},
	"catboost": {{module: "catboost.core", names: newSet(`CatBoost CatBoostClassifier CatBoostRegressor CatBoostRanker`)}, {module: "catboost", names: newSet(`CatBoost CatBoostClassifier CatBoostRegressor CatBoostRanker`)}},
	"imblearn": {{module: "imblearn", names: newSet(`SMOTE SMOTENC SMOTEN BorderlineSMOTE SVMSMOTE ADASYN RandomOverSampler RandomUnderSampler NearMiss TomekLinks EditedNearestNeighbours SMOTEENN SMOTETomek Pipeline BalancedRandomForestClassifier BalancedBaggingClassifier EasyEnsembleClassifier RUSBoostClassifier`)}},
	"transformers": {{module: "transformers", names: newSet(`TrainingArguments Seq2SeqTrainingArguments IntervalStrategy EvaluationStrategy SaveStrategy HubStrategy SchedulerType OptimizerNames ParallelMode FSDPOption
		AcceleratorConfig DebugOption ExplicitEnum BatchEncoding BatchFeature`)}},
	"accelerate": {{module: "accelerate", names: newSet(`PartialState AcceleratorState DistributedType PrecisionType DynamoBackend RNGType`)}},
	"trl":        {{module: "trl", names: newSet(`SFTConfig DPOConfig GRPOConfig RewardConfig ORPOConfig KTOConfig CPOConfig PPOConfig RLOOConfig FDivergenceType`)}},
	"pyarrow":    {{module: "pyarrow.lib", names: newSet(`_restore_array py_buffer type_for_alias Buffer`)}},
}

// notInFamilies are parts of a module's path under which packages keep what is not for models.
var notInFamilies = newSet(`testing tests test conftest f2py externals datasets experimental setup compat plotting io`)

// inFamily reports whether a family has the import. calls says whether the stream calls it.
func inFamily(module, name string, calls int) bool {
	top, _, _ := strings.Cut(module, ".")
	for i := range allowedFamilies[top] {
		f := &allowedFamilies[top][i]
		if !f.names[name] || f.used && calls > 0 || module != f.module && !strings.HasPrefix(module, f.module+".") {
			continue
		}
		for part := range strings.SplitSeq(module, ".") {
			if notInFamilies[strings.TrimLeft(part, "_")] {
				return false
			}
		}
		return true
	}
	return false
}
