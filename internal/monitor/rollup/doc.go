// Package rollup keeps counters per minute, hour and day over the records of the custody log, so that a chart over a year
// reads some thousand rows and no record. They lie in rollup.db in the data directory, which is derived: it may be
// deleted, and comes out equal when it is made anew from the same records.
//
// What is counted is a series: a combination of names such as (route, model, verdict, rule, label). Names and series are
// bounded; what comes later is counted under Other. Which ones those are follows from the order of the log alone.
package rollup
