{{- /* The environment of a process: (dict "root" . "service" "auth" "definition" …) */ -}}
{{- define "chat.environment" -}}
{{- $root := .root -}}
{{- $definition := .definition -}}
{{- $prefix := printf "CHAT_%s_" (upper .service) -}}
- {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
- {name: {{ $prefix }}NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
- {name: {{ $prefix }}GRPC_LISTEN, value: "0.0.0.0:17000"}
- {name: {{ $prefix }}HEALTH_LISTEN, value: "0.0.0.0:18000"}
- {name: {{ $prefix }}METRICS_LISTEN, value: "0.0.0.0:19000"}
- {name: {{ $prefix }}DRAIN_S, value: {{ $definition.drainSeconds | quote }}}
- {name: {{ $prefix }}RPC_CONNECTION_AGE_S, value: {{ $definition.connectionAgeSeconds | quote }}}
{{- range $definition.ports }}
- {name: {{ $prefix }}{{ upper .key }}, value: "0.0.0.0:{{ .port }}"}
{{- end }}
{{- range $definition.calls }}
{{- if eq . $.service }}
- {name: {{ $prefix }}ADVERTISE, value: "$(POD_IP):17000"}
{{- else }}
- {name: {{ $prefix }}{{ upper . }}_ADDRS, value: "{{ include "chat.host" (dict "root" $root "service" .) }}:17000"}
{{- end }}
{{- end }}
{{- if $definition.redis }}
- {name: {{ $prefix }}REDIS, value: {{ include "chat.redis" $root | quote }}}
{{- end }}
{{- if $definition.postgresql.enabled }}
{{ include "chat.postgresqlEnv" . }}
{{- end }}
{{- if $definition.storage.enabled }}
- {name: {{ $prefix }}{{ upper $definition.storage.key }}, value: {{ $definition.storage.mountPath | quote }}}
{{- end }}
{{- if ne (include "chat.rpcTls" $root) "off" }}
- {name: {{ $prefix }}RPC_TLS_CERT, value: /etc/chat/rpc/tls.crt}
- {name: {{ $prefix }}RPC_TLS_KEY, value: /etc/chat/rpc/tls.key}
- {name: {{ $prefix }}RPC_TLS_CA, value: /etc/chat/rpc/ca.crt}
- {name: {{ $prefix }}RPC_TLS_NAME, value: {{ include "chat.rpcTlsName" $root | quote }}}
{{- end }}
{{- if and (eq .service "gateway") (include "chat.mqttSecret" $root) }}
- {name: CHAT_GATEWAY_TLS_CERT, value: /etc/chat/mqtt/tls.crt}
- {name: CHAT_GATEWAY_TLS_KEY, value: /etc/chat/mqtt/tls.key}
{{- end }}
{{- range $key, $secret := $definition.secrets }}
{{- with $secret.existingSecret }}
- {name: {{ $prefix }}{{ upper $key }}, valueFrom: {secretKeyRef: {name: {{ .name }}, key: {{ .key }}}}}
{{- else }}
- {name: {{ $prefix }}{{ upper $key }}, valueFrom: {secretKeyRef: {name: {{ include "chat.fullname" $root }}-secrets, key: {{ $.service }}.{{ $key }}}}}
{{- end }}
{{- end }}
{{- if and $root.Values.test.enabled (eq .service "auth") }}
- {name: CHAT_AUTH_TEST_NUMBERS, valueFrom: {secretKeyRef: {name: {{ include "chat.fullname" $root }}-secrets, key: test-numbers}}}
{{- end }}
{{- range $key, $value := $definition.config }}
- {name: {{ $prefix }}{{ upper $key }}, value: {{ toString $value | quote }}}
{{- end }}
{{- with $definition.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "chat.redis" -}}
{{- if .Values.redis.builtin.enabled -}}
{{ include "chat.host" (dict "root" . "service" "redis") }}:6379
{{- else -}}
{{ required "redis: give address, or redis.builtin.enabled=true for a trial" .Values.redis.address }}
{{- end -}}
{{- end -}}

{{- define "chat.mounts" -}}
{{- if ne (include "chat.rpcTls" .root) "off" }}
- {name: rpc-tls, mountPath: /etc/chat/rpc, readOnly: true}
{{- end }}
{{- if and (eq .service "gateway") (include "chat.mqttSecret" .root) }}
- {name: mqtt-tls, mountPath: /etc/chat/mqtt, readOnly: true}
{{- end }}
{{- if and .definition.postgresql.enabled .root.Values.postgresql.caSecret }}
- {name: postgresql-ca, mountPath: /etc/chat/postgresql, readOnly: true}
{{- end }}
{{- if .definition.storage.enabled }}
- {name: storage, mountPath: {{ .definition.storage.mountPath }}}
{{- end }}
{{- with .definition.config.outbox_dir }}
- {name: outbox, mountPath: {{ . }}}
{{- end }}
{{- end -}}

{{- define "chat.volumes" -}}
{{- if ne (include "chat.rpcTls" .root) "off" }}
- {name: rpc-tls, secret: {secretName: {{ include "chat.rpcTlsSecret" . }}, defaultMode: 0440}}
{{- end }}
{{- if and (eq .service "gateway") (include "chat.mqttSecret" .root) }}
- {name: mqtt-tls, secret: {secretName: {{ include "chat.mqttSecret" .root }}, defaultMode: 0440}}
{{- end }}
{{- if and .definition.postgresql.enabled .root.Values.postgresql.caSecret }}
- {name: postgresql-ca, secret: {secretName: {{ .root.Values.postgresql.caSecret }}, defaultMode: 0440}}
{{- end }}
{{- if .definition.storage.enabled }}
- {name: storage, persistentVolumeClaim: {claimName: {{ include "chat.fullname" .root }}-{{ .service }}}}
{{- end }}
{{- if .definition.config.outbox_dir }}
- {name: outbox, emptyDir: {sizeLimit: 64Mi}}
{{- end }}
{{- end -}}

{{- /* The container that brings the schemas of a service up to date and ends. */ -}}
{{- define "chat.migrateContainer" -}}
name: migrate
image: {{ include "chat.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: ["--migrate"]
env: {{- include "chat.postgresqlEnv" . | nindent 2 }}
securityContext: {{- include "chat.containerSecurity" .root | nindent 2 }}
resources: {requests: {cpu: 50m, memory: 32Mi}, limits: {memory: 128Mi}}
{{- if .root.Values.postgresql.caSecret }}
volumeMounts:
  - {name: postgresql-ca, mountPath: /etc/chat/postgresql, readOnly: true}
{{- end }}
{{- end -}}
