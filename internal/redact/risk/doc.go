// Package risk estimates what a data set still says about people after redaction. Three questions have an answer without
// knowing who the people are:
//
//   - Does a combination of harmless columns point at one person? Anonymity counts the records that share all values of the
//     quasi-identifiers: k-anonymity (Sweeney, "k-anonymity: a model for protecting privacy", 2002) and, for a sensitive
//     column, distinct l-diversity (Machanavajjhala et al., "l-diversity: privacy beyond k-anonymity", 2007).
//   - Does a text stand in the set many times, so that a model learns it by heart? Duplicates finds values whose sets of
//     five-word shingles are nearly the same, by MinHash (Broder, "On the resemblance and containment of documents", 1997)
//     and locality-sensitive hashing.
//   - How much did redaction miss? Sample draws records for a person to label, and the labels give an interval; without
//     labels a second, cruder search gives a bound.
//
// None of it holds a value in its report. Memory is bounded for any size of data: what does not fit is counted in several
// readings, or kept as digests in an unnamed file.
package risk
