package model

import "strings"

// grade is what the tables say of an import.
type grade uint8

const (
	gradeUnknown grade = iota
	gradeClean         // constructing it does nothing but hold data
	gradeReview        // harmless by itself, but it runs code of a library on data of the file, or leads further
)

// allowed are the imports that may stand in a model, by module and exact name. Nothing else is ever clean.
// Written from the libraries' own documentation of what they pickle, and for torch from what torch.load(weights_only=True) admits.
var allowed = newTable(map[string]string{
	"builtins":    "object set frozenset list dict tuple str bytes bytearray int float complex bool range slice Ellipsis NotImplemented",
	"__builtin__": "object set frozenset list dict tuple str unicode bytes bytearray int long float complex bool range xrange slice Ellipsis NotImplemented",
	"copyreg":     "_reconstructor __newobj__ __newobj_ex__",
	"copy_reg":    "_reconstructor __newobj__ __newobj_ex__",
	"collections": "OrderedDict defaultdict deque Counter ChainMap UserDict UserList UserString",
	"_codecs":     "encode",
	"datetime":    "date datetime time timedelta timezone tzinfo",
	"decimal":     "Decimal",
	"_decimal":    "Decimal",
	"fractions":   "Fraction",
	"uuid":        "UUID SafeUUID",
	"pathlib":     "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath",
	"zoneinfo":    "ZoneInfo",
	"argparse":    "Namespace",
	"types":       "SimpleNamespace",
	"ipaddress":   "IPv4Address IPv6Address IPv4Network IPv6Network",
	"array":       "array _array_reconstructor",

	"numpy": "ndarray dtype generic number integer floating bool bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 intc uintc intp uintp longlong ulonglong " +
		"float16 float32 float64 float128 longdouble complex64 complex128 clongdouble str_ bytes_ object_ void datetime64 timedelta64 " +
		"int_ uint float_ complex_ unicode_ string_ matrix recarray record half single double csingle cdouble byte ubyte short ushort long ulong",
	"numpy.core.multiarray":                 "_reconstruct scalar",
	"numpy._core.multiarray":                "_reconstruct scalar",
	"numpy.core.numeric":                    "_frombuffer",
	"numpy._core.numeric":                   "_frombuffer",
	"numpy.core._internal":                  "_convert_to_stringdtype_kwargs",
	"numpy._core._internal":                 "_convert_to_stringdtype_kwargs",
	"numpy.core.records":                    "recarray record",
	"numpy._core.records":                   "recarray record",
	"numpy.rec":                             "recarray record",
	"numpy.ma.core":                         "MaskedArray _mareconstruct MaskedConstant",
	"numpy.matrixlib.defmatrix":             "matrix",
	"numpy.dtypes":                          "BoolDType Int8DType Int16DType Int32DType Int64DType UInt8DType UInt16DType UInt32DType UInt64DType Float16DType Float32DType Float64DType Complex64DType Complex128DType StrDType BytesDType ObjectDType VoidDType DateTime64DType TimeDelta64DType StringDType LongDType ULongDType LongDoubleDType",
	"numpy.random":                          "RandomState Generator",
	"numpy.random.mtrand":                   "RandomState",
	"numpy.random._mt19937":                 "MT19937",
	"numpy.random._pcg64":                   "PCG64 PCG64DXSM",
	"numpy.random._philox":                  "Philox",
	"numpy.random._sfc64":                   "SFC64",
	"numpy.random._generator":               "Generator",
	"numpy.random._pickle":                  "__randomstate_ctor __generator_ctor __bit_generator_ctor",
	"numpy.random.bit_generator":            "SeedSequence __pyx_unpickle_SeedSequence",
	"joblib.numpy_pickle":                   "NumpyArrayWrapper",
	"sklearn.externals.joblib.numpy_pickle": "NumpyArrayWrapper",

	"torch": "Tensor Size device dtype layout memory_format Generator float16 float32 float64 half float double bfloat16 int8 int16 int32 int64 short int long uint8 uint16 uint32 uint64 " +
		"bool complex32 complex64 complex128 cfloat cdouble chalf qint8 quint8 qint32 quint4x2 quint2x4 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2 strided sparse_coo sparse_csr sparse_csc sparse_bsr sparse_bsc " +
		"contiguous_format channels_last channels_last_3d preserve_format per_tensor_affine per_channel_affine per_tensor_symmetric per_channel_symmetric per_channel_affine_float_qparams " +
		"FloatStorage DoubleStorage HalfStorage BFloat16Storage LongStorage IntStorage ShortStorage CharStorage ByteStorage BoolStorage ComplexFloatStorage ComplexDoubleStorage " +
		"QInt8Storage QUInt8Storage QInt32Storage QUInt4x2Storage QUInt2x4Storage UntypedStorage TypedStorage FloatTensor DoubleTensor HalfTensor BFloat16Tensor LongTensor IntTensor ShortTensor CharTensor ByteTensor BoolTensor",
	"torch.cuda": "FloatStorage DoubleStorage HalfStorage BFloat16Storage LongStorage IntStorage ShortStorage CharStorage ByteStorage BoolStorage ComplexFloatStorage ComplexDoubleStorage " +
		"FloatTensor DoubleTensor HalfTensor BFloat16Tensor LongTensor IntTensor ShortTensor CharTensor ByteTensor BoolTensor",
	"torch._utils": "_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor _rebuild_sparse_csr_tensor _rebuild_nested_tensor " +
		"_rebuild_meta_tensor_no_storage _rebuild_device_tensor_from_numpy _rebuild_device_tensor_from_cpu_tensor _rebuild_xla_tensor _rebuild_wrapper_subclass",
	"torch._tensor":            "_rebuild_from_type_v2 Tensor",
	"torch.nn.parameter":       "Parameter Buffer UninitializedParameter UninitializedBuffer",
	"torch.nn":                 "Parameter",
	"torch.storage":            "UntypedStorage TypedStorage _UntypedStorage _TypedStorage",
	"torch.serialization":      "_get_layout",
	"torch.jit._pickle":        "build_intlist build_tensorlist build_doublelist build_boollist build_tensor_from_id restore_type_tag",
	"torch.distributed.tensor": "DTensor Replicate Shard Partial DeviceMesh",
})

// reviewed are imports that occur in honest models and mean that a person has to look, or to pin the file.
var reviewed = newTable(map[string]string{
	"builtins":            "type Exception ValueError TypeError KeyError RuntimeError IndexError AttributeError StopIteration property classmethod staticmethod len min max sum abs round",
	"__builtin__":         "type Exception ValueError TypeError KeyError RuntimeError IndexError AttributeError",
	"functools":           "partial",
	"operator":            "itemgetter",
	"_operator":           "itemgetter",
	"re":                  "_compile Pattern RegexFlag",
	"enum":                "Enum IntEnum Flag IntFlag",
	"typing":              "Any Union Optional List Dict Tuple Callable NamedTuple",
	"random":              "Random",
	"string":              "Template",
	"time":                "struct_time",
	"itertools":           "count repeat chain product",
	"queue":               "Queue",
	"dataclasses":         "_MISSING_TYPE Field",
	"collections.abc":     "Mapping Sequence",
	"torch.jit":           "ScriptModule RecursiveScriptModule",
	"torch._tensor":       "_rebuild_from_type",
	"torch.distributions": "Normal Categorical",
})

// stdlib are the top-level modules of Python's standard library, 2 and 3, with the private ones. What of them is not in the tables
// above has no place in a model: whoever imports it does so to have it do something.
var stdlib = newSet(stdlibModules)

// tools are packages that run, build or install code, and never hold data.
var tools = newSet(`pip setuptools pkg_resources distutils _distutils_hack wheel ensurepip virtualenv easy_install IPython ipykernel jupyter_client
	pytest _pytest py nose tox pexpect ptyprocess fabric invoke paramiko sh plumbum ansible requests urllib3 httpx aiohttp httplib2 pycurl boto3 botocore
	cloudpickle dill execnet rpyc Pyro4 Pyro5 celery numba cffi cython Cython pycparser win32api win32com pythoncom comtypes jinja2 mako jupyter nbconvert
	twisted tornado gevent eventlet uvloop code2flow mypy pylint black isort flake8 pdbpp ipdb bpython ptpython gunicorn uvicorn flask django watchdog
	psutil pywin32 test tests idlelib lib2to3 site sitecustomize usercustomize __pycache__`)

// frameworks are packages whose classes occur in honest models, and whose functions do not but for those allowed.
var frameworks = newSet(`numpy torch torchvision torchaudio torchtext scipy pandas sklearn joblib tensorflow keras tf_keras transformers tokenizers datasets
	safetensors onnx onnxruntime xgboost lightgbm catboost PIL skimage cv2 matplotlib statsmodels nltk spacy gensim diffusers accelerate peft timm
	pytorch_lightning lightning lightning_fabric fastai sentence_transformers huggingface_hub jax jaxlib flax optax networkx pyarrow polars dask sympy
	theano mxnet paddle chainer dgl torch_geometric ultralytics detectron2 mmcv mmdet fairseq deepspeed apex bitsandbytes xformers triton trl evaluate imblearn category_encoders hdbscan umap`)

// gradeOf is what the tables say of an import.
func gradeOf(module, name string) grade {
	switch {
	case allowed.has(module, name):
		return gradeClean
	case reviewed.has(module, name):
		return gradeReview
	}
	return gradeUnknown
}

// table is a set of (module, name) pairs.
type table map[string]map[string]bool

func newTable(rows map[string]string) table {
	t := make(table, len(rows))
	for module, names := range rows {
		t[module] = newSet(names)
	}
	return t
}

func (t table) has(module, name string) bool { return t[module][name] }

func newSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}
