{{- define "sluice.refused" -}}
{{- if .Values.controller.proxySetHeaders }}
{{- fail "controller.proxySetHeaders: make a ConfigMap with these headers and name it in controller.config.proxy-set-headers" }}
{{- end }}
{{- if .Values.controller.addHeaders }}
{{- fail "controller.addHeaders: make a ConfigMap with these headers and name it in controller.config.add-headers" }}
{{- end }}
{{- if .Values.defaultBackend }}
{{- if .Values.defaultBackend.enabled }}
{{- fail "defaultBackend: make a Service and name it in controller.extraArgs.default-backend-service" }}
{{- end }}
{{- end }}
{{- if .Values.controller.hostPort }}
{{- if .Values.controller.hostPort.enabled }}
{{- fail "controller.hostPort: use controller.hostNetwork" }}
{{- end }}
{{- end }}
{{- end -}}
