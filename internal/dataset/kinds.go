package dataset

import (
	"bytes"
	"strings"
)

// byExt tells the format of text by the ending of a file's name.
var byExt = func() map[string]Format {
	m := map[string]Format{
		"txt": Text, "text": Text, "md": Markdown, "markdown": Markdown, "mdx": Markdown, "rst": Markdown,
		"html": HTML, "htm": HTML, "xhtml": HTML,
		"csv": CSV, "tsv": CSV, "tab": CSV, "psv": CSV,
	}
	for _, ext := range strings.Fields(`ada asm astro awk bash bat bib c cc cfg clj cljs cmake cmd conf config cpp cs css csproj cue
		cxx d dart diff dockerfile editorconfig el elm env erl ex exs f f90 fish fs gd gemspec go gql gradle graphql groovy h hcl
		hh hpp hrl hs hxx ini ipp java jl js json5 jsonc jsx kt kts less lisp lock log lua m mak mk ml mli mm mod nim nix patch
		pem php pl plist pm properties proto ps1 psm1 pub py pyi pyx r rb rego rs sass sbt scala scm scss service sh sol sql sum
		svelte swift tcl template tex tf tfvars toml ts tsx v vb vhd vim vue xml xsd xsl yaml yml zig zsh key crt cer csr`) {
		m[ext] = Code
	}
	return m
}()

// codeNames are files that are code by their whole name.
var codeNames = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(`package-lock.json composer.lock npm-shrinkwrap.json pnpm-lock.yaml yarn.lock cargo.lock
		poetry.lock pipfile.lock gemfile.lock go.sum go.mod makefile dockerfile jenkinsfile vagrantfile rakefile gemfile procfile
		cmakelists.txt requirements.txt constraints.txt .gitignore .gitattributes .dockerignore .npmrc .pypirc .netrc .env
		.bashrc .zshrc .profile .editorconfig id_rsa id_dsa id_ecdsa id_ed25519 authorized_keys known_hosts`) {
		m[name] = true
	}
	return m
}()

// sniffProse tells text whose name says nothing.
func sniffProse(head []byte) Format {
	start := bytes.ToLower(head[:min(len(head), 512)])
	switch {
	case bytes.HasPrefix(start, []byte("<!doctype html")), bytes.HasPrefix(start, []byte("<html")):
		return HTML
	case bytes.HasPrefix(start, []byte("#!")), bytes.HasPrefix(start, []byte("<?xml")), bytes.HasPrefix(start, []byte("<?php")):
		return Code
	case bytes.HasPrefix(start, []byte("-----begin ")), bytes.HasPrefix(start, []byte("diff --git ")):
		return Code
	}
	return Text
}
