//go:build tools

// Package suite names the echo server that the conformance run builds.
package suite

import _ "sigs.k8s.io/gateway-api/conformance/echo-basic"
