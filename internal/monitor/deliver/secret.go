package deliver

import (
	"encoding/base64"
	"errors"
	"strings"
)

// SigningSecret reads a secret as Standard Webhooks spells it, whsec_ and base64, or takes the text as it is.
func SigningSecret(text string) ([]byte, error) {
	rest, spelt := strings.CutPrefix(text, "whsec_")
	if !spelt {
		return []byte(text), nil
	}
	b, err := base64.StdEncoding.DecodeString(rest)
	if err != nil {
		return nil, errors.New("what follows whsec_ is no base64")
	}
	return b, nil
}
