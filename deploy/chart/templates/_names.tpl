{{- define "sluice.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if contains .Values.nameOverride .Release.Name -}}
{{ .Release.Name }}
{{- else -}}
{{ .Release.Name }}-{{ .Values.nameOverride }}
{{- end -}}
{{- end -}}

{{- define "sluice.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "sluice.fullname" .) }}
{{- end -}}

{{- define "sluice.electionID" -}}
{{ .Values.controller.electionID | default (printf "%s-leader" (include "sluice.fullname" .)) }}
{{- end -}}

{{- define "sluice.selector" -}}
app.kubernetes.io/name: {{ .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "sluice.labels" -}}
{{ include "sluice.selector" . }}
{{- if .Values.commonLabels }}
{{ toYaml .Values.commonLabels }}
{{- end }}
{{- end -}}

{{- define "sluice.image" -}}
{{ .Values.controller.image.repository }}
{{- if .Values.controller.image.digest -}}
@{{ .Values.controller.image.digest }}
{{- else -}}
:{{ .Values.controller.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}
