package model_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"

	"github.com/reeve-ai/reeve/internal/model"
)

func text(s string) string { return fmt.Sprintf("\x8c%c%s", len(s), s) }

func imports(module, name string) string { return text(module) + text(name) + "\x93" }

func pickled(body string) []byte { return []byte(opProto + body + ".") }

// calls is a pickle that calls something with one text.
func calls(module, name, arg string) []byte {
	return pickled(imports(module, name) + text(arg) + "\x85R")
}

// Functions by which published advisories passed block lists, and others of the same kind. Every one of them has to be blocked.
func TestPublishedCalls(t *testing.T) {
	for _, full := range strings.Fields(`pip.main pip._internal.main ssl.get_server_certificate pty.spawn ctypes.CDLL ctypes.WinDLL numpy.f2py.crackfortran.getlincoef numpy.f2py.crackfortran.myeval
		pkgutil.resolve_name importlib.import_module importlib.reload marshal.loads io.FileIO io.open builtins.open builtins.eval builtins.exec builtins.compile builtins.getattr builtins.__import__ builtins.breakpoint
		__builtin__.eval __builtin__.execfile __builtin__.apply os.system os.popen posix.system nt.system os.execv os.spawnl subprocess.Popen subprocess.run subprocess.check_output commands.getoutput
		runpy.run_path runpy._run_code code.interact code.InteractiveInterpreter codeop.compile_command timeit.timeit timeit.main cProfile.run cProfile.runctx profile.Profile.run trace.Trace pdb.run bdb.Bdb.run doctest.debug_script
		idlelib.autocomplete.AutoComplete idlelib.pyshell.ModifiedInterpreter.runcommand idlelib.run.Executive.runcode lib2to3.pgen2.grammar.Grammar.loads lib2to3.pgen2.pgen.ParserGenerator.make_label
		torch.utils.collect_env.run torch._dynamo.guards.GuardBuilder.get torch.fx.experimental.symbolic_shapes.ShapeEnv torch.jit.unsupported_tensor_ops.execWrapper torch.utils.bottleneck.__main__.run_cprofile
		torch.utils.data.datapipes.utils.decoder.basichandlers torch.hub.load torch.hub._load_local torch.load torch.package.PackageImporter torch._inductor.codecache.compile_file torch.utils._config_module.ConfigModule.load_config
		numpy.testing._private.utils.runstring numpy.distutils.exec_command numpy.load numpy.fromfile numpy.core._ufunc_reconstruct numpy.savetxt numpy.memmap scipy.io.loadmat pandas.read_pickle pandas.eval pandas.io.common.urlopen
		joblib.load joblib.numpy_pickle.load sklearn.datasets.fetch_openml sklearn.externals.joblib.load cloudpickle.loads dill.loads pickle.loads _pickle.loads shelve.open dbm.open sqlite3.connect
		operator.methodcaller operator.attrgetter functools.reduce functools.partialmethod types.FunctionType types.CodeType types.MethodType asyncio.unix_events._UnixSubprocessTransport._start multiprocessing.util.spawnv_passfds
		logging.FileHandler logging.config.fileConfig logging.config._install_handlers shutil.rmtree shutil.copy pathlib.Path.write_text tempfile.mkdtemp zipfile.ZipFile tarfile.open urllib.request.urlopen urllib2.urlopen http.client.HTTPConnection
		socket.create_connection socket.socket smtplib.SMTP ftplib.FTP telnetlib.Telnet imaplib.IMAP4 nntplib.NNTP poplib.POP3 webbrowser.open antigravity.geohash distutils.spawn.spawn distutils.file_util.write_file ensurepip._run_pip venv.create
		_osx_support._read_output _aix_support._read_cmd_output _pyrepl.pager.pipe_pager test.support.script_helper.assert_python_ok uuid._get_command_stdout sys.setrecursionlimit sys.modules gc.get_objects inspect.getattr_static atexit.register
		signal.signal threading.Timer _thread.start_new_thread weakref.finalize contextlib.ExitStack site.main nturl2path.x pyclbr.readmodule py_compile.compile compileall.compile_file zipimport.zipimporter imp.load_source
		requests.get httpx.get boto3.client paramiko.SSHClient IPython.core.interactiveshell.InteractiveShell pytest.main setuptools.setup jinja2.Template transformers.pipeline tensorflow.keras.models.load_model keras.saving.load_model
		huggingface_hub.hf_hub_download xgboost.Booster.load_model lightgbm.Booster.save_model linecache.getline fileinput.input glob.glob mmap.mmap fcntl.fcntl resource.setrlimit syslog.syslog winreg.CreateKey msvcrt.getch
		collections.OrderedDict.__init__ datetime.datetime.__class__ numpy.ndarray.tofile pandas.DataFrame.to_pickle sklearn.pipeline.Pipeline.fit`) {
		k := strings.LastIndexByte(full, '.')
		module, name := full[:k], full[k+1:]
		if parts := strings.Split(full, "."); len(parts) > 2 && parts[len(parts)-2][0] >= 'A' && parts[len(parts)-2][0] <= 'Z' { // a member of a class
			k = strings.LastIndexByte(module, '.')
			module, name = full[:k], full[k+1:]
		}
		if r := scan("m.pkl", calls(module, name, "x")); r.Verdict != model.Malicious {
			t.Errorf("%s %s: %v", module, name, r.Verdict)
		}
	}
}

// The ways in which a pickle may hide what it calls.
func TestPicklesThatHide(t *testing.T) {
	system := imports("os", "system")
	nested := string(calls("os", "system", "id"))
	encoded := base64.StdEncoding.EncodeToString([]byte(nested))
	for name, content := range map[string]string{
		"INST":                         "(S'id'\nios\nsystem\n.",
		"OBJ":                          opProto + "(cos\nsystem\nS'id'\no.",
		"NEWOBJ":                       opProto + system + text("id") + "\x85\x81.",
		"NEWOBJ_EX":                    opProto + system + text("id") + "\x85}\x92.",
		"NEWOBJ_EX with keywords":      opProto + imports("subprocess", "Popen") + ")}" + text("args") + text("id") + "s\x92.",
		"BUILD on an import":           opProto + imports("collections", "OrderedDict") + "}" + text("__reduce__") + system + "sb.",
		"setstate of a class":          opProto + imports("__main__", "X") + ")\x81" + imports("os", "system") + "b.",
		"EXT1":                         opProto + "\x82\x01" + text("id") + "\x85R.",
		"EXT2":                         opProto + "\x83\x01\x00)R.",
		"EXT4":                         opProto + "\x84\x01\x00\x00\x00)R.",
		"persistent id that is called": opProto + "Pos.system\n" + text("id") + "\x85R.",
		"computed module":              opProto + imports("collections", "OrderedDict") + ")R" + text("system") + "\x93.",
		"getattr of a module":          opProto + imports("builtins", "getattr") + imports("os", "path") + text("system") + "\x86R" + text("id") + "\x85R.",
		"getattr of a class":           opProto + imports("builtins", "getattr") + imports("collections", "OrderedDict") + text("__init__") + "\x86R.",
		"getattr twice":                opProto + imports("builtins", "getattr") + imports("builtins", "getattr") + imports("numpy", "ndarray") + text("tofile") + "\x86R" + text("__call__") + "\x86R)R.",
		"methodcaller":                 opProto + imports("operator", "methodcaller") + text("system") + "\x85R" + imports("os", "path") + "\x85R.",
		"map and list":                 opProto + imports("builtins", "list") + imports("builtins", "map") + system + "]" + text("id") + "a\x86R\x85R.",
		"defaultdict of a function":    opProto + imports("collections", "defaultdict") + system + "\x85R.",
		"dotted name":                  opProto + imports("torch", "os.system") + text("id") + "\x85R.",
		"dotted module":                opProto + imports("torch.os", "system") + text("id") + "\x85R.",
		"GLOBAL with a space":          "\x80\x02c os\nsystem\nX\x02\x00\x00\x00id\x85R.",
		"empty module":                 opProto + imports("", "eval") + text("1") + "\x85R.",
		"non-ASCII look-alike":         opProto + imports("οs", "system") + text("id") + "\x85R.",
		"memo overwritten":             opProto + text("os") + "q\x00" + text("math") + "q\x000" + "0" + text("os") + "q\x010" + "h\x01" + text("system") + "\x93" + text("id") + "\x85R.",
		"DUP of a callable":            opProto + system + "2" + text("id") + "\x85R0.",
		"POP_MARK hides it":            opProto + "(" + system + text("id") + "\x85R1N.",
		"after a clean stream":         stateDic + "\n\n" + nested,
		"third of three streams":       stateDic + stateDic + nested,
		"broken behind the call":       opProto + system + text("id") + "\x85R\xfe\xfe\xfe",
		"no STOP":                      opProto + system + text("id") + "\x85R",
		"truncated long text behind":   opProto + system + text("id") + "\x85RX\xff\xff\xff\x7f",
		"in bytes":                     opProto + fmt.Sprintf("C%c%s", len(nested), nested) + ".",
		"in a bytearray of protocol 5": "\x80\x05\x96" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(nested)))) + nested + ".",
		"in base64":                    opProto + text(encoded) + ".",
		"in hexadecimal digits":        opProto + text(hex.EncodeToString([]byte(nested))) + ".",
		"twice in bytes": opProto + func() string {
			in := fmt.Sprintf(opProto+"C%c%s0%s.", len(nested), nested, imports("collections", "OrderedDict"))
			return fmt.Sprintf("C%c%s", len(in), in)
		}() + ".",
		"in an array of objects":    opProto + "cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(" + text("shape") + "K\x01\x85" + text("dtype") + "cnumpy\ndtype\n" + text("O8") + "\x85R" + "ub" + nested + ".",
		"frame that is crossed":     "\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00" + system + text("id") + "\x85R.",
		"buffers out of band":       "\x80\x05\x97\x98" + system + "\x85R.",
		"protocol 0 with spaces":    "cos\nsystem\n(S'touch x'\ntR.",
		"protocol 1":                "cposix\nsystem\nq\x00(U\x02idtR.",
		"item into a tensor":        opProto + imports("torch._utils", "_rebuild_tensor_v2") + ")RK\x00K\x01s.",
		"items into a list":         opProto + "](K\x00K\x01u.",
		"tensor beyond its storage": opProto + imports("torch._utils", "_rebuild_tensor_v2") + "((" + text("storage") + imports("torch", "FloatStorage") + text("0") + text("cpu") + "K\x04tQK\x00K\x08\x85K\x01\x85\x89" + imports("collections", "OrderedDict") + ")RtR.",
	} {
		t.Run(name, func(t *testing.T) {
			if r := scan("model.bin", []byte(content)); r.Verdict != model.Malicious {
				t.Errorf("%v (%s): %v", r.Verdict, r.Format, messages(r))
			}
		})
	}
}

// What honest files hold that looks like the above.
func TestPicklesThatDoNotHide(t *testing.T) {
	storage := "(" + text("storage") + imports("torch", "FloatStorage") + text("0") + text("cpu") + "K\x08tQ"
	for name, content := range map[string]string{
		"tensor":             opProto + imports("torch._utils", "_rebuild_tensor_v2") + "(" + storage + "K\x00K\x02K\x04\x86K\x04K\x01\x86\x89" + imports("collections", "OrderedDict") + ")RtR.",
		"empty tensor":       opProto + imports("torch._utils", "_rebuild_tensor_v2") + "(" + storage + "K\x00K\x00\x85K\x01\x85\x89" + imports("collections", "OrderedDict") + ")RtR.",
		"scalar at the end":  opProto + imports("torch._utils", "_rebuild_tensor_v2") + "(" + storage + "K\x07))\x89" + imports("collections", "OrderedDict") + ")RtR.",
		"time zone":          opProto + imports("builtins", "getattr") + imports("zoneinfo", "ZoneInfo") + text("_unpickle") + "\x86R" + text("Europe/Berlin") + "K\x01\x86R.",
		"named function":     opProto + imports("sklearn.feature_selection._univariate_selection", "SelectKBest") + ")\x81}" + text("score_func") + imports("sklearn.feature_selection._univariate_selection", "f_classif") + "sb.",
		"array of objects":   opProto + "cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(" + text("shape") + "K\x01\x85" + text("dtype") + "cnumpy\ndtype\n" + text("O8") + "\x85R" + "ub" + stateDic + ".",
		"estimator":          opProto + imports("sklearn.linear_model._logistic", "LogisticRegression") + ")\x81}" + text("C") + "K\x01sb.",
		"estimator of old":   opProto + imports("sklearn.linear_model.logistic", "LogisticRegression") + ")\x81}" + text("C") + "K\x01sb.",
		"pickled state":      opProto + fmt.Sprintf("C%c%s", len(stateDic), stateDic) + ".",
		"training arguments": opProto + imports("transformers.training_args", "TrainingArguments") + ")\x81}" + text("s") + imports("transformers.trainer_utils", "IntervalStrategy") + text("no") + "\x85Rsb.",
		"frame":              pandasFrame(),
	} {
		t.Run(name, func(t *testing.T) {
			if r := scan("m.pkl", []byte(content)); r.Verdict != model.Clean {
				t.Errorf("%v: %v", r.Verdict, messages(r))
			}
		})
	}
}

func pandasFrame() string {
	return opProto + imports("pandas.core.frame", "DataFrame") + ")\x81}" + text("_mgr") + imports("pandas.core.internals.managers", "BlockManager") +
		imports("pandas._libs.internals", "_unpickle_block") + ")R\x85" + imports("pandas.core.indexes.base", "_new_Index") + imports("pandas.core.indexes.base", "Index") + "}\x86R\x86Rsb."
}

// Functions that may be named are not to be called, and classes of families are not to be found under other packages.
func TestFamiliesAreExact(t *testing.T) {
	for _, content := range [][]byte{
		calls("sklearn.feature_selection._univariate_selection", "f_classif", "x"),
		calls("numpy", "log1p", "x"),
		calls("sklearn.externals.joblib", "Bunch", "x"),
		calls("evil.sklearn", "LogisticRegression", "x"),
		calls("sklearnx", "Pipeline", "x"),
		calls("scipy.stats._continuous_distns", "norm_gen", "x"),
		calls("sklearn.utils._testing", "Bunch", "x"),
	} {
		if r := scan("m.pkl", content); r.Verdict == model.Clean {
			t.Errorf("%q is clean", content)
		}
	}
}

func TestCompressedAndNested(t *testing.T) {
	bad := calls("os", "system", "id")
	var l, x, z bytes.Buffer
	lw := lz4.NewWriter(&l)
	_, _ = lw.Write(bad)
	_ = lw.Close()
	xw, _ := xz.NewWriter(&x)
	_, _ = xw.Write(bad)
	_ = xw.Close()
	zw := zlib.NewWriter(&z)
	_, _ = zw.Write(bad)
	_ = zw.Close()
	old := fmt.Sprintf("ZF%-19s", fmt.Sprintf("%#x", len(bad))) + z.String()
	onion := bad
	for range 5 {
		onion = zipped(t, "inner.zip", string(onion))
	}
	for name, content := range map[string][]byte{"lz4": l.Bytes(), "xz": x.Bytes(), "zlib": z.Bytes(), "joblib of old": []byte(old), "zip in zip": onion, "xz in gzip": gzipped(t, x.String())} {
		if r := scan("model.dat", content); r.Verdict != model.Malicious {
			t.Errorf("%s: %v %v", name, r.Verdict, messages(r))
		}
	}
	for range 5 {
		onion = zipped(t, "inner.zip", string(onion))
	}
	if r := scan("model.zip", onion); r.Verdict == model.Clean {
		t.Error("what is nested too deep is clean")
	}
}

func TestPolyglots(t *testing.T) {
	bad := zipped(t, "archive/data.pkl", callsOS)
	tensors := safetensors(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 2)
	for name, content := range map[string][]byte{
		"zip behind safetensors": append(bytes.Clone(tensors), bad...),
		"zip behind gguf":        append(gguf(nil), bad...),
		"pickle behind gguf":     append(gguf(nil), callsOS...),
		"zip behind a picture":   append([]byte("\x89PNG\r\n\x1a\n"+strings.Repeat("\x00", 100)), bad...),
		"zip behind npy":         append(npy("'<f4'", "(1,)", "\x00\x00\x00\x00"), bad...),
		"pickle behind npy":      append(npy("'<f4'", "(1,)", "\x00\x00\x00\x00"), callsOS...),
		"pickle as a tensor":     append(safetensors(fmt.Sprintf(`{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%[1]d]}}`, len(callsOS)), 0), callsOS...),
	} {
		r := scan("model", content)
		if r.Verdict == model.Clean || r.Verdict == model.Review {
			t.Errorf("%s: %v %v", name, r.Verdict, messages(r))
		}
	}
}

// gguf is a header with texts and no tensors.
func gguf(values map[string]string) []byte {
	b := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64([]byte("GGUF\x03\x00\x00\x00"), 0), uint64(len(values)))
	put := func(s string) { b = append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...) }
	for k, v := range values {
		put(k)
		b = binary.LittleEndian.AppendUint32(b, 8)
		put(v)
	}
	for len(b)%32 != 0 {
		b = append(b, 0)
	}
	return b
}

func TestFolders(t *testing.T) {
	tensors := safetensors(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 2)
	sum := func(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }
	for name, tt := range map[string]struct {
		files map[string]string
		rule  string // "" where all is clean
	}{
		"index":             {map[string]string{"m.safetensors.index.json": `{"weight_map":{"a":"x.safetensors"}}`, "x.safetensors": string(tensors)}, ""},
		"index alone":       {map[string]string{"m.safetensors.index.json": `{"weight_map":{"a":"x.safetensors"}}`}, ""},
		"shard missing":     {map[string]string{"m.safetensors.index.json": `{"weight_map":{"a":"x.safetensors","b":"y.safetensors"}}`, "x.safetensors": string(tensors)}, "model/weight-index"},
		"tensor missing":    {map[string]string{"m.safetensors.index.json": `{"weight_map":{"a":"x.safetensors","b":"x.safetensors"}}`, "x.safetensors": string(tensors)}, "model/weight-index"},
		"tensor not named":  {map[string]string{"m.safetensors.index.json": `{"weight_map":{"other":"x.safetensors"}}`, "x.safetensors": string(tensors)}, "model/weight-index"},
		"index outside":     {map[string]string{"m.safetensors.index.json": `{"weight_map":{"a":"/etc/passwd"}}`}, "model/path-traversal"},
		"oci":               {map[string]string{"oci-layout": `{"imageLayoutVersion":"1.0.0"}`, "index.json": `{"manifests":[{"digest":"sha256:` + sum(tensors) + `","size":` + fmt.Sprint(len(tensors)) + `}]}`, "blobs/sha256/" + sum(tensors): string(tensors)}, ""},
		"oci wrong size":    {map[string]string{"oci-layout": `{}`, "index.json": `{"manifests":[{"digest":"sha256:` + sum(tensors) + `","size":1}]}`, "blobs/sha256/" + sum(tensors): string(tensors)}, "model/oci-blob"},
		"oci missing":       {map[string]string{"oci-layout": `{}`, "index.json": `{"manifests":[{"digest":"sha256:` + sum([]byte("x")) + `","size":1}]}`}, "model/oci-blob"},
		"oci no digest":     {map[string]string{"oci-layout": `{}`, "index.json": `{"manifests":[{"digest":"sha256:../../x","size":1}]}`}, "model/oci-digest"},
		"oci changed blob":  {map[string]string{"blobs/sha256/" + sum([]byte("x")): string(tensors)}, "model/digest-mismatch"},
		"oci title":         {map[string]string{"m.json": `{"layers":[{"annotations":{"org.opencontainers.image.title":"../../.bashrc"}}]}`}, "model/path-traversal"},
		"ollama":            {map[string]string{"blobs/sha256-" + sum(tensors): string(tensors)}, ""},
		"ollama changed":    {map[string]string{"blobs/sha256-" + sum([]byte("x")): string(tensors)}, "model/digest-mismatch"},
		"auto_map":          {map[string]string{"config.json": `{"auto_map":{"AutoModel":"x.Y"}}`}, "model/remote-code"},
		"adapter":           {map[string]string{"adapter_config.json": `{"auto_mapping":{"base_model_class":"X","parent_library":"y"}}`}, "model/remote-code"},
		"trust_remote_code": {map[string]string{"config.json": `{"trust_remote_code":true}`}, "model/remote-code"},
		"MLflow":            {map[string]string{"MLmodel": "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"}, ""},
		"MLflow loader":     {map[string]string{"MLmodel": "flavors:\n  python_function:\n    loader_module: subprocess\n"}, "model/loader-module"},
		"yaml template":     {map[string]string{"a.yaml": "chat_template: |\n  {% for m in messages %}\n  {{ m.__class__ }}\n  {% endfor %}\n"}, "model/template-special-attribute"},
		"openvino":          {map[string]string{"m.xml": `<?xml version="1.0"?><net><layer type="Const" version="opset1"/></net>`}, ""},
		"xml entity":        {map[string]string{"m.xml": `<?xml version="1.0"?><!DOCTYPE net [<!ENTITY x SYSTEM "file:///etc/passwd">]><net>&x;</net>`}, "model/xml-outside"},
		"skops":             {map[string]string{"schema.json": `{"__class__":"LogisticRegression","__module__":"sklearn.linear_model._logistic","content":{"__class__":"dict","__module__":"builtins"}}`}, ""},
		"skops object":      {map[string]string{"schema.json": `{"__class__":"system","__module__":"os"}`}, "model/skops-object"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, content := range tt.files {
				file = filepath.Join(dir, file)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			found := false
			var all []string
			err := model.NewScanner(model.Options{}).Path(context.Background(), dir, func(r *model.Result) error {
				for _, f := range r.Findings {
					found = found || f.Rule == tt.rule
					all = append(all, messages(r)...)
				}
				if r.Verdict == model.Clean && len(r.Findings) > 0 {
					t.Error("clean with findings")
				}
				return nil
			})
			if err != nil || found != (tt.rule != "") || tt.rule == "" && len(all) > 0 {
				t.Errorf("%v: %v", err, all)
			}
		})
	}
}
