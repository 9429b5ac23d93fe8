package aibom

import (
	"fmt"
	"strconv"
	"strings"
)

// oneText is a scalar as a text.
func oneText(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case int, int64, uint64:
		return fmt.Sprint(v)
	}
	return ""
}
