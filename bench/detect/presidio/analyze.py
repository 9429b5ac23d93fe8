"""Times Presidio's pattern recognisers on a JSONL file and prints one JSON line.

The recognisers that need a language model are left out: what is compared is patterns, checksums and context words.
Loading the library and building the recognisers is not counted.

    python3 analyze.py corpus.jsonl
"""

import json
import sys
import time

import tldextract
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from presidio_analyzer.pattern_recognizer import PatternRecognizer

# The list of public suffixes that the library ships, instead of one that it would fetch.
tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())


class NoModel(NlpEngine):
    """Answers with no tokens, so that only patterns work."""

    def load(self):
        pass

    def is_loaded(self):
        return True

    def process_text(self, text, language):
        return NlpArtifacts([], [], [], [], self, language)

    def process_batch(self, texts, language, **kwargs):
        for text in texts:
            yield text, self.process_text(text, language)

    def is_stopword(self, word, language):
        return False

    def is_punct(self, word, language):
        return False

    def get_supported_entities(self):
        return []

    def get_supported_languages(self):
        return ["en"]


def main():
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=NoModel())
    registry.recognizers = [r for r in registry.recognizers if isinstance(r, PatternRecognizer)]
    engine = AnalyzerEngine(registry=registry, nlp_engine=NoModel(), supported_languages=["en"])
    size = found = 0
    with open(sys.argv[1], encoding="utf-8") as lines:
        texts = [(json.loads(line)["text"], len(line.encode())) for line in lines]
    engine.analyze("warm up 1", language="en")
    start = time.process_time()
    for text, raw in texts:
        size += raw
        found += len(engine.analyze(text, language="en"))
    cpu = time.process_time() - start
    print(json.dumps({"recognizers": len(registry.recognizers), "bytes": size, "matches": found, "cpu_s": round(cpu, 4)}))


if __name__ == "__main__":
    main()
