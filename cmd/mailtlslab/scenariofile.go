package main

import (
	"os"
	"strings"

	"github.com/mailtlslab/mailtlslab/scenarios"
)

// isScenarioFile reports whether an argument names a file rather than a scenario of the catalogue.
func isScenarioFile(arg string) bool {
	if _, ok := scenarios.Lookup(arg); ok {
		return false
	}
	if strings.HasSuffix(arg, ".json") {
		return true
	}
	info, err := os.Stat(arg)
	return err == nil && !info.IsDir()
}

// readScenarios reads a file such as "show --json" writes, or a list of them.
func readScenarios(file string) ([]scenarios.Scenario, error) {
	data, err := readBounded(file, nil)
	if err != nil {
		return nil, usage("cannot read the scenario: %w", err)
	}
	all, err := scenarios.Decode(data)
	if err != nil {
		return nil, usage("%s: %w; 'mailtlslab show ID --json' writes such a file, and docs/scenario.schema.json describes it", file, err)
	}
	return all, nil
}
