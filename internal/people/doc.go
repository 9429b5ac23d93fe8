// Package people is where persons decide what machines cannot: a queue of exchanges, the verdicts about them, and what follows.
//
// The queue is derived from the custody log. A Service follows the log from a stored position, behind the acknowledgement of
// requests, and takes what a rule blocked, flagged or masked, what scored near a threshold, what somebody reported, answers
// that are held back, and a random share of everything. One keyed hash of the exchange's id decides whether an exchange is
// drawn, so that nobody can steer it and the probability is known exactly: with it the error rates of each guard are estimated
// without bias (Horvitz and Thompson, "A Generalization of Sampling Without Replacement From a Finite Universe", JASA 47, 1952).
//
// A verdict is a record of the log, made while the item's row is held: of two people who decide the same item the second is told.
// What a verdict says in words is sealed with the record; the queue itself holds no content.
package people
