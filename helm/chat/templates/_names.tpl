{{- define "chat.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- else -}}{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Labels that select pods: (dict "root" . "component" "auth") */ -}}
{{- define "chat.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- /* The same as one JSON object. */ -}}
{{- define "chat.match" -}}{{ include "chat.selector" . | fromYaml | toJson }}{{- end -}}

{{- define "chat.labels" -}}
{{ include "chat.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* The Secret with the certificate that clients see; empty: no TLS for them. */ -}}
{{- define "chat.mqttSecret" -}}
{{- if .Values.mqtt.tls.secretName -}}{{ .Values.mqtt.tls.secretName }}
{{- else if .Values.mqtt.tls.issuerRef -}}{{ include "chat.fullname" . }}-mqtt
{{- end -}}
{{- end -}}

{{- /* One service with the defaults under it, its ports those that are open, as YAML: (dict "root" . "service" "auth") */ -}}
{{- define "chat.service" -}}
{{- $merged := mergeOverwrite (deepCopy .root.Values.serviceDefaults) (deepCopy (get .root.Values.services .service | default dict)) -}}
{{- $open := list -}}
{{- range $merged.ports }}{{ if or (not .tls) (include "chat.mqttSecret" $.root) }}{{ $open = append $open . }}{{ end }}{{ end -}}
{{- toYaml (set $merged "ports" $open) -}}
{{- end -}}

{{- /* The name under which other pods find it. */ -}}
{{- define "chat.host" -}}
{{ include "chat.fullname" .root }}-{{ .service }}.{{ .root.Release.Namespace }}.svc.{{ .root.Values.clusterDomain }}
{{- end -}}

{{- define "chat.image" -}}
{{ .root.Values.image.registry }}/{{ .service }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{- define "chat.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "chat.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /* How mutual TLS between processes is done: certManager, secret or off. */ -}}
{{- define "chat.rpcTls" -}}
{{- if ne .Values.rpcTls.mode "auto" -}}{{ .Values.rpcTls.mode }}
{{- else if .Capabilities.APIVersions.Has "cert-manager.io/v1" -}}certManager
{{- else -}}off
{{- end -}}
{{- end -}}

{{- define "chat.rpcTlsName" -}}
{{ .Values.rpcTls.name | default (printf "%s.%s" (include "chat.fullname" .) .Release.Namespace) }}
{{- end -}}

{{- define "chat.rpcTlsSecret" -}}
{{- if eq (include "chat.rpcTls" .root) "secret" -}}
{{ required "rpcTls.secretPrefix: mode secret needs it" .root.Values.rpcTls.secretPrefix }}{{ .service }}
{{- else -}}
{{ include "chat.fullname" .root }}-{{ .service }}-rpc
{{- end -}}
{{- end -}}

{{- /* "yes" when ServiceMonitor and PrometheusRule are wanted. */ -}}
{{- define "chat.monitoring" -}}
{{- if or (eq .Values.monitoring.mode "on") (and (eq .Values.monitoring.mode "auto") (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) -}}yes{{- end -}}
{{- end -}}
