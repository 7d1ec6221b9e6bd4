// Package lesson tells a scenario to people, as data: what to set on a device that it is about, and
// the commands that show what a client meets. It starts no server and prints nothing.
package lesson
