{{- /* Refuses what everybody would try first: (dict "what" "services.auth.secrets.jwt_key" "value" "…") */ -}}
{{- define "chat.refuseKnown" -}}
{{- $known := list "password" "passw0rd" "changeme" "change-me" "changeit" "secret" "postgres" "admin" "chat" "redis" "default" "test" "12345678" "123456" "only-inside-compose" "chat-trial" -}}
{{- if has (lower .value) $known -}}{{- fail (printf "%s: is a known default; leave it empty to have one generated" .what) -}}{{- end -}}
{{- end -}}

{{- /* A secret value: given, else the one that the cluster has, else a random one. (dict "root" . "key" "…" "value" "…" "length" 32 "what" "…") */ -}}
{{- define "chat.kept" -}}
{{- if .value -}}
{{- include "chat.refuseKnown" . -}}
{{- if lt (len .value) 12 -}}{{- fail (printf "%s: must have at least 12 characters" .what) -}}{{- end -}}
{{- .value | b64enc -}}
{{- else -}}
{{- $known := lookup "v1" "Secret" .root.Release.Namespace (printf "%s-secrets" (include "chat.fullname" .root)) -}}
{{- $old := get (get ($known | default dict) "data" | default dict) .key -}}
{{- if $old -}}{{ $old }}{{- else if .digits -}}{{ randNumeric .length | b64enc }}{{- else -}}{{ randAlphaNum .length | b64enc }}{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The Secret and key of the built-in PostgreSQL's password, as a secretKeyRef. */ -}}
{{- define "chat.builtinPassword" -}}
{{- with .Values.postgresql.builtin.existingSecret -}}
{{- if .name -}}{name: {{ .name }}, key: {{ .key }}}{{- else -}}{name: {{ include "chat.fullname" $ }}-secrets, key: postgresql-password}{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Where a service's PostgreSQL URL comes from, as YAML {url} or {secret, key} or {builtin: true}. */ -}}
{{- define "chat.postgresql" -}}
{{- $own := .definition.postgresql -}}
{{- $all := .root.Values.postgresql -}}
{{- $ownSecret := $own.existingSecret | default dict -}}
{{- if $ownSecret.name -}}
{{ toYaml (dict "secret" $ownSecret.name "key" ($ownSecret.key | default "url")) }}
{{- else if $own.url -}}
{{ toYaml (dict "url" $own.url) }}
{{- else if $all.builtin.enabled -}}
{{ toYaml (dict "builtin" true) }}
{{- else if $all.existingSecret.name -}}
{{ toYaml (dict "secret" $all.existingSecret.name "key" $all.existingSecret.key) }}
{{- else -}}
{{ toYaml (dict "url" (required "postgresql: give url or existingSecret.name, or postgresql.builtin.enabled=true for a trial" $all.url)) }}
{{- end -}}
{{- end -}}

{{- /* The environment variables by which a process finds PostgreSQL: (dict "root" . "service" "auth" "definition" …) */ -}}
{{- define "chat.postgresqlEnv" -}}
{{- $source := include "chat.postgresql" . | fromYaml -}}
{{- $variable := printf "CHAT_%s_PG_URL" (upper .service) -}}
{{- if $source.builtin -}}
- name: PGPASSWORD
  valueFrom: {secretKeyRef: {{ include "chat.builtinPassword" .root }}}
- name: {{ $variable }}
  value: postgresql://chat@{{ include "chat.host" (dict "root" .root "service" "postgresql") }}:5432/chat
{{- else if $source.secret -}}
- name: {{ $variable }}
  valueFrom: {secretKeyRef: {name: {{ $source.secret }}, key: {{ $source.key }}}}
{{- else -}}
- name: {{ $variable }}
  valueFrom: {secretKeyRef: {name: {{ include "chat.fullname" .root }}-postgresql, key: {{ .service }}}}
{{- end -}}
{{- end -}}
