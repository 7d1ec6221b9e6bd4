package integration

import (
	"testing"

	"mailtlslab/lab/account"
)

func (s *subject) inspect(t *testing.T, accounts []account.Settings, f fault, before View) []chosen { return nil }
