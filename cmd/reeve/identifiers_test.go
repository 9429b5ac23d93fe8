package main

import (
	"slices"
	"testing"
)

func TestIdentifiersIn(t *testing.T) {
	if _, err := identifierEngine(); err != nil {
		t.Fatal(err)
	}
	got := identifiersIn([]byte(`{"content":"write to jane.roe@posteo.net about the parcel of 12 May"}`))
	if !slices.Equal(got, []string{"jane.roe@posteo.net"}) {
		t.Errorf("%q", got)
	}
}
