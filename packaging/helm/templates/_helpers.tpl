{{/* The labels of every object. */}}
{{- define "aioscope.labels" -}}
app.kubernetes.io/name: aioscope
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Selects the pods of this release. */}}
{{- define "aioscope.selector" -}}
app.kubernetes.io/name: aioscope
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
