# Everything needs Go 1.26 and nothing else, but for "race", which needs a C compiler, and
# "integration", which needs Docker; "test" skips what is in containers where there is none.
# Programs of other people (openssl, curl, python3) judge the lab where they are installed.

.PHONY: help install verify test integration race lint bench build generate property fuzz soak

# All packages but the one with real servers.
OTHERS = $$(go list ./... | grep -v /integration)

# How long "make fuzz" tries each target.
FUZZTIME ?= 1m

# How long "make soak" has clients come and go.
SOAK ?= 15m

help:
	@echo 'make install      mailtlslab for your shell, where "go install" puts programs'
	@echo 'make verify       serve, diagnose and cure every scenario, and print the matrix'
	@echo 'make test         the tests'
	@echo 'make integration  break and cure real servers in containers, and print the table (needs Docker)'
	@echo 'make race         the tests with the race detector (needs a C compiler)'
	@echo 'make property     10,000 random combinations of faults, untangled'
	@echo 'make lint         gofmt, go vet, staticcheck'
	@echo 'make bench        the benchmarks, as ratios to their floors'
	@echo 'make build        bin/mailtlslab'
	@echo 'make generate     rewrite the generated pages in docs'
	@echo 'make fuzz         every fuzz target for FUZZTIME (1m); inputs that fail are kept as seeds'
	@echo 'make soak         clients of all manners for SOAK (15m), and what they left behind'

# The toolchain itself stamps version and commit into the program.
install:
	@go install ./cmd/mailtlslab
	@program=$$(go list -f '{{.Target}}' ./cmd/mailtlslab); echo "installed $$program"; \
	command -v mailtlslab >/dev/null || echo "your shell does not find it yet: export PATH=\"$$(dirname "$$program"):\$$PATH\""

verify: build
	@bin/mailtlslab verify

build:
	@go build -o bin/mailtlslab ./cmd/mailtlslab

# Real servers come last and by themselves: other tests measure silence, and would take a machine
# that builds images for a silent one. The first time there are images to build.
test:
	go test $(OTHERS)
	go test -timeout 20m ./integration

# In the folder itself, so that the table is printed although all is well.
integration:
	@cd integration && go test -count=1 -timeout 20m

# Real servers are no business of the race detector: of them the short run is enough.
race:
	CGO_ENABLED=1 go test -race $(OTHERS)
	CGO_ENABLED=1 go test -race -short ./integration

property:
	go test ./lab/chain -run TestCompleteness -rapid.checks=10000 -rapid.nofailfile

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w on the files above'; exit 1; }
	go vet ./...
	go tool staticcheck ./...

bench:
	go test -run '^$$' -bench . -benchtime 1x -count 3 ./certs ./lab/... | grep -E '^(Benchmark|pkg:)'

generate:
	go generate ./...

# The targets are found, so that none is forgotten. An input that fails is written to testdata/fuzz
# of its package, and is a seed of the ordinary tests from then on.
fuzz:
	@grep -rH --include='*_test.go' '^func Fuzz' . | sed -E 's|/[^/]*_test.go:func (Fuzz[A-Za-z0-9_]*).*| \1|' | sort | \
	while read -r dir name; do \
		echo "$$dir $$name"; \
		go test "$$dir" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1000x </dev/null || exit 1; \
	done

soak:
	SOAK=$(SOAK) go test ./lab -run '^TestSoak$$' -count=1 -timeout 0 -v
