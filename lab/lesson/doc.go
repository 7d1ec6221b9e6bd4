// Package lesson tells a scenario to people, as data: what must be found and what to do about it, its
// chains as drawings of what is really served, what cures it, what to set on a device that it is
// about, and the commands that show what a client meets. It also writes the page on which the whole
// catalogue is told. It starts no server and prints nothing.
package lesson
