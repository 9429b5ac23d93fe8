// Package console is the web console on the admin listener: what holds and what does not, what happens, what was decided and
// why, what waits for somebody. Every page is HTML from the server; forms and redirects do everything without a script, and
// htmx only spares reloads. Nothing comes from another host and nothing runs that is not a file of this server.
//
// A page is a handler, a template and entries in the catalogue of messages: see page and Console.pages. Every page and every
// action asks internal/access first. What may not be done is shown with the reason instead of left out, and a refusal is
// always a page. Everything that changes state is a record of the custody log, written by the room that changes it.
//
// What people and models wrote is shown as text and nothing else: see visible.
package console
