package main

import (
	"os"
	"strings"

	"github.com/mailtlslab/mailtlslab/cmd/internal/file"
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

// readScenarios reads a file such as "show --json" writes, or a list of them. Where one has no id
// the name of the file stands for it, with a number where that is taken.
func readScenarios(name string, taken func(id string) bool) ([]scenarios.Scenario, error) {
	data, err := file.Read(name, nil)
	if err != nil {
		return nil, usage("cannot read the scenario: %w", err)
	}
	all, err := scenarios.Decode(data)
	if err != nil {
		return nil, usage("%s: %w; 'mailtlslab show ID --json' writes such a file, and docs/schema/scenario.json describes it", name, err)
	}
	return scenarios.NameAfter(name, all, taken), nil
}

// A scenarioFile is a scenario as "show --json" writes it, for an editor to complete.
type scenarioFile struct {
	Schema string `json:"$schema"`
	scenarios.Scenario
}

// schemaURL is where the schema of such a file is published.
const schemaURL = "https://raw.githubusercontent.com/mailtlslab/mailtlslab/main/docs/schema/scenario.json"
