// Package suite is the Gateway API's own conformance suite as one program, and a list of what it holds.
package suite

import (
	"encoding/json"
	"os"
	"testing"

	"sigs.k8s.io/gateway-api/conformance"
	"sigs.k8s.io/gateway-api/conformance/tests"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
)

func TestConformance(t *testing.T) { conformance.RunConformance(t) }

type listedTest struct {
	Name        string   `json:"name"`
	Features    []string `json:"features"`
	Provisional bool     `json:"provisional"`
}

type listedProfile struct {
	Name     string   `json:"name"`
	Core     []string `json:"core"`
	Extended []string `json:"extended"`
}

type catalogue struct {
	Tests    []listedTest    `json:"tests"`
	Profiles []listedProfile `json:"profiles"`
}

// TestCatalogue writes the suite's tests and profiles, with the features that they are about, to the file that CATALOGUE names.
func TestCatalogue(t *testing.T) {
	file := os.Getenv("CATALOGUE")
	if file == "" {
		t.Skip("CATALOGUE names no file")
	}
	var all catalogue
	for _, test := range tests.ConformanceTests {
		all.Tests = append(all.Tests, listedTest{test.ShortName, texts(test.Features), test.Provisional})
	}
	for _, profile := range []suite.ConformanceProfile{
		suite.GatewayHTTPConformanceProfile, suite.GatewayGRPCConformanceProfile, suite.GatewayTLSConformanceProfile,
		suite.GatewayTCPConformanceProfile, suite.GatewayUDPConformanceProfile,
	} {
		all.Profiles = append(all.Profiles, listedProfile{string(profile.Name), texts(profile.CoreFeatures.UnsortedList()), texts(profile.ExtendedFeatures.UnsortedList())})
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func texts[T ~string](names []T) []string {
	list := []string{}
	for _, name := range names {
		list = append(list, string(name))
	}
	return list
}
