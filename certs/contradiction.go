package certs

import (
	"fmt"
	"slices"
)

// contradiction refuses a fault that would undo, or be undone by, one before it: both would be
// listed and only one served.
func contradiction(before []Fault, f Fault) error {
	for _, b := range before {
		if (b.On == f.On || b.On == "" || f.On == "") && (b.Kind == f.Kind || slices.Contains(undoes(f.Kind), b.Kind)) {
			return fmt.Errorf("fault %s: it would undo the fault %s before it", f.Kind, b.Kind)
		}
	}
	return nil
}

// undoes returns the kinds that a fault of kind k cannot follow on the same certificate. Where
// only one order contradicts, as for names and common-name, the other is fine.
func undoes(k Kind) []Kind {
	issuers := []Kind{kindSelfSigned, kindDefaultInstallation, kindIssuedByRoot, kindPrivateCA, kindPrivateRootOnly, kindSameNameIssuer, kindDistrustedRoot}
	sent := []Kind{kindOmitIntermediate, kindWrongIntermediate, kindReversed, kindFetchable, kindLeafIssuer}
	switch k {
	case kindNames:
		return []Kind{kindCommonName, kindNoSAN, kindULabel, kindDefaultInstallation}
	case kindCommonName:
		return []Kind{kindDefaultInstallation}
	case kindDefaultInstallation:
		return slices.Concat(issuers, sent, []Kind{kindRootAlsoSent, kindExpiredCrossSign, kindNames, kindCommonName, kindNoSAN, kindULabel})
	case kindSelfSigned, kindIssuedByRoot, kindPrivateRootOnly:
		return slices.Concat(issuers, sent, []Kind{kindRootAlsoSent, kindExpiredCrossSign})
	case kindPrivateCA, kindSameNameIssuer, kindDistrustedRoot:
		return issuers
	case kindOmitIntermediate, kindWrongIntermediate, kindReversed, kindFetchable:
		return sent
	case kindLeafIssuer:
		return append(sent, kindIssuedByRoot, kindPrivateRootOnly)
	case kindULabel:
		return []Kind{kindNames, kindNoSAN, kindDefaultInstallation}
	case kindNoSAN:
		return []Kind{kindULabel}
	case kindValidFor:
		return []Kind{kindExpired, kindNotYetValid, kindExpiresIn}
	case kindNotYetValid, kindExpiresIn:
		return []Kind{kindValidFor}
	case kindMD5:
		return []Kind{kindSHA1}
	case kindSHA1:
		return []Kind{kindMD5}
	case kindExpired:
		return []Kind{kindExpiresIn, kindValidFor}
	}
	return nil
}
