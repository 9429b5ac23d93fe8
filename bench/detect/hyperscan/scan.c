// hsbench scans a file with Hyperscan in block mode, line by line, and prints one JSON line: bytes, matches, CPU seconds.
// Reading the file and compiling the patterns are not counted.
//
//   cc -O2 -o hsbench scan.c $(pkg-config --cflags --libs libhs) && ./hsbench patterns.txt corpus.jsonl
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static unsigned long long matches;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
	(void)id, (void)from, (void)to, (void)flags, (void)context;
	matches++;
	return 0;
}

static char *slurp(const char *path, size_t *size) {
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		exit(2);
	}
	fseek(f, 0, SEEK_END);
	*size = (size_t)ftell(f);
	rewind(f);
	char *b = malloc(*size + 1);
	if (!b || fread(b, 1, *size, f) != *size) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(2);
	}
	b[*size] = 0;
	fclose(f);
	return b;
}

static double cpu(void) {
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec + ((double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv) {
	if (argc != 3) {
		fprintf(stderr, "usage: hsbench PATTERNS FILE\n");
		return 2;
	}
	size_t size, text;
	char *patterns = slurp(argv[1], &size), *b = slurp(argv[2], &text);
	const char *expr[256];
	unsigned flags[256], ids[256], n = 0;
	for (char *line = strtok(patterns, "\n"); line && n < 256; line = strtok(NULL, "\n"), n++) {
		expr[n] = line, flags[n] = 0, ids[n] = n;
	}
	hs_database_t *db;
	hs_compile_error_t *err;
	if (hs_compile_multi(expr, flags, ids, n, HS_MODE_BLOCK, NULL, &db, &err) != HS_SUCCESS) {
		fprintf(stderr, "pattern %d: %s\n", err->expression + 1, err->message);
		return 2;
	}
	hs_scratch_t *scratch = NULL;
	if (hs_alloc_scratch(db, &scratch) != HS_SUCCESS) return 2;
	double start = cpu();
	for (size_t i = 0; i < text;) {
		char *end = memchr(b + i, '\n', text - i);
		size_t len = end ? (size_t)(end - (b + i)) : text - i;
		if (hs_scan(db, b + i, (unsigned)len, 0, scratch, on_match, NULL) != HS_SUCCESS) return 2;
		i += len + 1;
	}
	printf("{\"patterns\":%u,\"bytes\":%zu,\"matches\":%llu,\"cpu_s\":%.4f}\n", n, text, matches, cpu() - start);
	return 0;
}
