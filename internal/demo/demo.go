// Package demo is the stage of `reeve demo`: a sample data set, a small language model that is trained from it in the
// same process, and a server that speaks for the model as a real runtime would.
//
// The chain is real. [Load] reads about 300 authored support conversations in which invented people's data and invented
// secrets are planted ([Planted] says where). [Train] counts their word n-grams. A model trained on the raw sample
// repeats a planted person's data when it is asked; a model trained on a cleaned sample cannot, because the words are
// not in it. [Server] offers the model over the OpenAI and the Ollama dialect, so that the gateway before it does the
// work that it does before any other model.
//
// It is a demo, and says so in its name ([ModelName]). Nothing of it takes part in `reeve serve`.
//
// The sample is written by the program in gen; its card is sample/README.md.
package demo

//go:generate go run ./gen -o sample
