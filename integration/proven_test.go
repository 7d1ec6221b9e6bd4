package integration

import (
	"sync"

	"mailtlslab/lab/remedy"
)

// proven is every procedure that was carried out and left its server clean.
var proven deeds

type deeds struct {
	mu   sync.Mutex
	done map[deed]bool
}

type deed struct {
	product remedy.Product
	task    remedy.Task
}

func (d *deeds) add(p remedy.Product, t remedy.Task) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done == nil {
		d.done = map[deed]bool{}
	}
	d.done[deed{p, t}] = true
}
