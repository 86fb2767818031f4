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

{{/* HTTP or HTTPS. */}}
{{- define "aioscope.scheme" -}}
{{ ternary "HTTPS" "HTTP" (not (empty .Values.tlsSecret)) }}
{{- end }}

{{/* A probe of kubelet: the chart and a path. */}}
{{- define "aioscope.probe" -}}
httpGet:
  path: {{ index . 1 }}
  port: metrics
  scheme: {{ include "aioscope.scheme" (index . 0) }}
{{- end }}

{{/* Six times recorder-size: the recording, four snapshots of it, and a margin. Empty without a recorder. */}}
{{- define "aioscope.recorderLimit" -}}
{{- $size := dig "recorder-size" "32m" .Values.settings | lower }}
{{- if hasSuffix "m" $size }}{{ mul 6 (trimSuffix "m" $size) }}Mi{{ end }}
{{- if hasSuffix "g" $size }}{{ mul 6 (trimSuffix "g" $size) }}Gi{{ end }}
{{- end }}

{{/* Pod Security would reject every pod, and only an event of the DaemonSet would say so. */}}
{{- define "aioscope.checkNamespace" -}}
{{- $namespace := lookup "v1" "Namespace" "" .Release.Namespace }}
{{- $level := dig "metadata" "labels" "pod-security.kubernetes.io/enforce" "privileged" $namespace }}
{{- if ne $level "privileged" }}
{{- printf "cannot run in the namespace %s: its Pod Security level is %s (hint: kubectl label --overwrite namespace %s pod-security.kubernetes.io/enforce=privileged, or use another namespace)" .Release.Namespace $level .Release.Namespace | fail }}
{{- end }}
{{- end }}
