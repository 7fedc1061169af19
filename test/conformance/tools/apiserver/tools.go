//go:build tools

// Package apiserver names the API server that the conformance run builds.
package apiserver

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
